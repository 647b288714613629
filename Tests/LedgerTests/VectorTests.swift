import Foundation
import Ledger
import LedgerFixtures
import Model
import Sodium
import Testing

/// The vectors under docs/vectors are what this code makes from fixed keys. `JOINTCLOUD_WRITE_VECTORS=1` writes them
/// anew, which is right only together with a new version of a format.
@Suite struct VectorTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("docs/vectors")

  struct Keys: Codable {
    var signingSeed: String
    var signingKey: String
    var rootSeed: String
    var rootKey: String
    var node: NodeID
  }

  struct SignedVector: Codable {
    var name: String
    var keys: Keys
    /// Canonical JSON, as text.
    var bytes: String
    var domain: String
    var id: Digest
    var signature: String
  }

  struct EntryVector: Codable {
    var bytes: String
    var hash: Digest
  }

  struct ConfigurationVector: Codable {
    var bytes: String
    var hash: Digest
    /// How many of `voters` decide, and of `next` where it is joint.
    var quorum: Int
    var nextQuorum: Int?
  }

  struct CertificateVector: Codable {
    var name: String
    var keys: [Keys]
    var bytes: String
    /// What the signatures cover, in their order.
    var statements: [String]
  }

  struct CanonicalVector: Codable {
    var given: String
    /// Absent where `given` must be refused.
    var canonical: String?
    var sha256: Digest?
    var reason: String?
  }

  func keys(_ node: FixtureNode) -> Keys {
    Keys(
      signingSeed: Hexadecimal.encode(node.signing.seed),
      signingKey: Hexadecimal.encode(node.signing.verificationKey.bytes),
      rootSeed: Hexadecimal.encode(node.root.seed), rootKey: Hexadecimal.encode(node.root.verificationKey.bytes),
      node: node.id)
  }

  func signedVector(_ name: String, _ node: FixtureNode, _ signed: SignedStatement) -> SignedVector {
    SignedVector(
      name: name, keys: keys(node), bytes: String(decoding: signed.statement.bytes, as: UTF8.self),
      domain: String(decoding: Statement.domain, as: UTF8.self), id: signed.id.digest,
      signature: Hexadecimal.encode(signed.signature.bytes))
  }

  func compare(_ name: String, _ value: some Codable) throws {
    let file = Self.folder.appendingPathComponent(name)
    let made = try CanonicalJSON.encode(value)
    if ProcessInfo.processInfo.environment["JOINTCLOUD_WRITE_VECTORS"] == "1" {
      try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
      try (encoder.encode(value) + Data("\n".utf8)).write(to: file)
    }
    let published = try CanonicalJSON.parseAnyForm([UInt8](Data(contentsOf: file)), limit: 1 << 22)
    #expect(CanonicalJSON.encode(published) == made, "\(name) is not what this code makes")
  }

  /// Entry 1, a note, and the opening of a second term by node 2.
  static func twoTerms() throws -> FixtureLedger {
    var ledger = try FixtureLedger(count: 2, batch: 2)
    try ledger.openTerm(by: ledger.nodes[1])
    try ledger.propose()
    return ledger
  }

  @Test func entriesAreAsPublished() throws {
    let ledger = try Self.twoTerms()
    let vectors = ledger.entries.map { EntryVector(bytes: String(decoding: $0.bytes, as: UTF8.self), hash: $0.hash) }
    try compare("entries.json", vectors)
    for vector in vectors {
      #expect(try Entry(bytes: Array(vector.bytes.utf8)).hash == vector.hash)
    }
    #expect(ledger.entries.map(\.kind) == ["round.opened", "note.added", TermOpened.kind])
    var verifier = Verifier(ledger.collaboration)
    let report = ledger.verify(&verifier, decision: try ledger.decision(of: 3))
    #expect(report.holds && report.decided == 3)
  }

  @Test func signedStatementsAreAsPublished() throws {
    let ledger = try Self.twoTerms()
    let (member, hash) = (ledger.nodes[1], ledger.configuration.hash)
    func vector(_ name: String, _ body: some StatementBody) throws -> SignedVector {
      signedVector(name, member, member.sign(try ledger.statement(body, by: member)))
    }
    try compare(
      "statements.json",
      [
        signedVector("epoch certificate", member, try member.certificate(in: FixtureLedger.network)),
        signedVector("proposal", ledger.nodes[0], ledger.proposals[0].signed),
        signedVector("acknowledgement", member, try ledger.acknowledgement(of: 3, by: member).signed),
        try vector("confirmation", ledger.decision(of: 3).body),
        try vector("pre-vote", PreVote(term: 3, configuration: hash)),
        try vector("vote", ledger.election(of: ledger.nextVote).body),
        try vector("call", ElectionCall(term: 3, configuration: hash, person: "ada", reason: "node 2 is slow")),
        try vector(
          "transfer", ElectionTransfer(term: 3, configuration: hash, successor: ledger.nodes[2].id, person: "ada")),
      ])
  }

  @Test func configurationsAreAsPublished() throws {
    let nodes = try (1...7).map { try FixtureNode($0) }
    func vector(_ configuration: Configuration) throws -> ConfigurationVector {
      ConfigurationVector(
        bytes: String(decoding: try CanonicalJSON.encode(configuration), as: UTF8.self), hash: configuration.hash,
        quorum: Configuration.quorum(of: configuration.voters.count),
        nextQuorum: configuration.next.map { Configuration.quorum(of: $0.count) })
    }
    func voters(_ nodes: some Sequence<FixtureNode>) -> [Configuration.Voter] {
      nodes.map { Configuration.Voter(node: $0.id, epoch: 1) }
    }
    let three = try FixtureLedger().configuration
    try compare(
      "configurations.json",
      [
        try vector(Configuration(voters: voters(nodes[..<1]))), try vector(three),
        try vector(Configuration(voters: voters(nodes[..<4]))), try vector(Configuration(voters: voters(nodes))),
        try vector(Configuration(voters: three.voters, next: voters(nodes[..<4]))),
      ])
  }

  @Test func certificatesAreAsPublished() throws {
    let ledger = try Self.twoTerms()
    func vector<Body>(_ name: String, _ certificate: Certificate<Body>) throws -> CertificateVector {
      CertificateVector(
        name: name, keys: ledger.nodes.map(keys),
        bytes: String(decoding: try CanonicalJSON.encode(certificate), as: UTF8.self),
        statements: try certificate.statements().map { String(decoding: $0.statement.bytes, as: UTF8.self) })
    }
    let vectors = [
      try vector("prepare", ledger.prepared(3)), try vector("commit", ledger.decision(of: 3)),
      try vector("election", ledger.election(of: ledger.nextVote)),
      try vector(
        "grounds of pre-votes", ledger.certificate(PreVote(term: 3, configuration: ledger.configuration.hash))),
    ]
    try compare("certificates.json", vectors)
    for vector in vectors { try checkSignatures(of: vector) }
  }

  /// Each signature holds over the statement that the vector spells out.
  func checkSignatures(of vector: CertificateVector) throws {
    let document = try CanonicalJSON.parse(Array(vector.bytes.utf8), limit: 65_536)
    guard case .array(let signatures)? = document["signatures"] else {
      throw LedgerError.field("signatures", expected: "a list")
    }
    try #require(signatures.count == vector.statements.count && signatures.count == 3)
    for (signature, text) in zip(signatures, vector.statements) {
      let keys = try #require(vector.keys.first { $0.node.hexadecimal == signature["author"]?.stringValue })
      let key = try VerificationKey(bytes: try #require(Hexadecimal.decode(keys.signingKey)))
      let bytes = try #require(signature["signature"]?.stringValue.flatMap { Hexadecimal.decode($0) })
      #expect(try key.verifies(Signature(bytes: bytes), over: Statement.domain + Array(text.utf8)), "\(vector.name)")
    }
  }

  @Test func canonicalFormsAreAsPublished() throws {
    let given = [
      #"{"b":1,"a":[true,false,null],"":"x"}"#, #"{"€":1,"\r":2,"1":3,"😀":4,"é":5,"דּ":6}"#,
      #""\u0000\u001f\u0022\u005c/\u20ac\n\t""#, "9007199254740991", "-9007199254740991", "[ ]", "{ }",
      "1.0", "1e3", "-0", "01", "9007199254740992", "-9223372036854775808", #"{"a":1,"a":2}"#, #""\ud800""#, "[1,]",
      "", "nul", "\"\u{1}\"",
    ]
    let vectors = given.map { text in
      do throws(JSONError) {
        let bytes = CanonicalJSON.encode(try CanonicalJSON.parseAnyForm(Array(text.utf8), limit: 4_096))
        return CanonicalVector(
          given: text, canonical: String(decoding: bytes, as: UTF8.self), sha256: Digest(of: bytes), reason: nil)
      } catch {
        return CanonicalVector(given: text, canonical: nil, sha256: nil, reason: "\(error)")
      }
    }
    #expect(vectors.filter { $0.canonical == nil }.count == 12)
    try compare("canonical-json.json", vectors)
  }

  @Test func everySignatureOfTheVectorsHolds() throws {
    let data = try Data(contentsOf: Self.folder.appendingPathComponent("statements.json"))
    for vector in try JSONDecoder().decode([SignedVector].self, from: data) {
      let hex = vector.name == "epoch certificate" ? vector.keys.rootKey : vector.keys.signingKey
      let key = try VerificationKey(bytes: try #require(Hexadecimal.decode(hex)))
      let signature = try Signature(bytes: try #require(Hexadecimal.decode(vector.signature)))
      #expect(key.verifies(signature, over: Array((vector.domain + vector.bytes).utf8)), "\(vector.name)")
    }
  }
}

extension FixtureLedger {
  /// For node 3 in the next term, at the newest entry.
  fileprivate var nextVote: Vote {
    let vote = vote(for: nodes[2])
    return Vote(
      term: term + 1, candidate: vote.candidate, position: vote.position, configuration: vote.configuration)
  }
}
