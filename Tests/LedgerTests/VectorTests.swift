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

  @Test func entriesAreAsPublished() throws {
    let ledger = try FixtureLedger(count: 3, batch: 2)
    let vectors = ledger.entries.map { EntryVector(bytes: String(decoding: $0.bytes, as: UTF8.self), hash: $0.hash) }
    try compare("entries.json", vectors)
    for vector in vectors {
      #expect(try Entry(bytes: Array(vector.bytes.utf8)).hash == vector.hash)
    }
  }

  @Test func signedStatementsAreAsPublished() throws {
    let ledger = try FixtureLedger(count: 3, batch: 2)
    let member = ledger.nodes[1]
    try compare(
      "statements.json",
      [
        signedVector("epoch certificate", member, try member.certificate(in: FixtureLedger.network)),
        signedVector("proposal", ledger.coordinator, ledger.proposals[0].signed),
        signedVector("acknowledgement", member, try ledger.acknowledgement(of: 3, by: member).signed),
      ])
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
