import Ledger
import LedgerFixtures
import Model
import Sodium
import Testing

@Suite struct CertificateTests {
  let ledger: FixtureLedger

  init() throws {
    ledger = try FixtureLedger(count: 5, batch: 2, memberCount: 4)
  }

  var body: Confirmation {
    Confirmation(term: 1, configuration: ledger.configuration.hash, number: 5, head: ledger.chain.head)
  }

  func read(_ text: String) throws -> CommitCertificate {
    try CanonicalJSON.decode(CommitCertificate.self, from: Array(text.utf8), limit: 65_536)
  }

  @Test func eachPurposeReadsBackAsItWasWritten() throws {
    func check<Body>(_ certificate: Certificate<Body>) throws {
      let bytes = try CanonicalJSON.encode(certificate)
      let again = try CanonicalJSON.decode(Certificate<Body>.self, from: bytes, limit: 65_536)
      #expect(again == certificate)
      #expect(try CanonicalJSON.encode(again) == bytes)
    }
    try check(ledger.prepared(5))
    try check(ledger.decision(of: 5))
    try check(ledger.election(of: ledger.vote(for: ledger.nodes[1])))
    try check(ledger.certificate(PreVote(term: 2, configuration: ledger.configuration.hash)))
  }

  @Test func aCertificateIsOfItsPurposeOnly() throws {
    let bytes = try CanonicalJSON.encode(ledger.prepared(5))
    #expect(throws: (any Error).self) {
      try CanonicalJSON.decode(CommitCertificate.self, from: bytes, limit: 65_536)
    }
    let renamed = String(decoding: bytes, as: UTF8.self).replacing("\"ack\"", with: "\"confirm\"")
    let certificate = try read(renamed)
    for signed in try certificate.statements() {
      let node = try #require(ledger.nodes.first { $0.id == signed.statement.author })
      #expect(!signed.verifies(with: node.signing.verificationKey), "an acknowledgement passes for a confirmation")
    }
  }

  @Test func itsStatementsAreThoseThatWereSigned() throws {
    let statements = try ledger.nodes.map { $0.sign(try ledger.statement(body, by: $0)) }
    let certificate = try Certificate(body, statements)
    #expect(Set(try certificate.statements()) == Set(statements))
    #expect(certificate.authors == Set(ledger.nodes.map(\.id)))
    for signed in try certificate.statements() {
      let node = try #require(ledger.nodes.first { $0.id == signed.statement.author })
      #expect(signed.verifies(with: node.signing.verificationKey))
    }
  }

  @Test func signaturesStandByAuthorAndEachOnce() throws {
    let made = try ledger.decision(of: 5)
    #expect(made.endorsements.map(\.author) == ledger.nodes.map(\.id).sorted())
    guard case .object(var members) = try CanonicalJSON.json(of: made),
      case .array(let signatures)? = members["signatures"]
    else { throw LedgerError.field("signatures", expected: "a list") }
    for changed in [Array(signatures.reversed()), signatures + [signatures[3]], []] {
      members["signatures"] = .array(changed)
      #expect(throws: (any Error).self, "\(changed.count) signatures") {
        try CanonicalJSON.decode(CommitCertificate.self, from: JSON.object(members))
      }
    }
    let doubled = made.endorsements + [made.endorsements[0]]
    #expect(throws: LedgerError.self) {
      try Certificate(
        network: made.network, collaboration: made.collaboration, body: body, endorsements: doubled)
    }
    #expect(throws: LedgerError.self) {
      try Certificate(network: made.network, collaboration: made.collaboration, body: body, endorsements: [])
    }
  }

  @Test func statementsOfDifferentBodiesMakeNone() throws {
    let other = Confirmation(term: 1, configuration: ledger.configuration.hash, number: 4, head: ledger.chain.head)
    let node = ledger.nodes[1]
    let one = ledger.nodes[0].sign(try ledger.statement(body, by: ledger.nodes[0]))
    let elsewhere = try Statement(
      body, by: node.id, epoch: 1, network: NetworkID(.zero), collaboration: ledger.collaboration)
    for second in [try ledger.statement(other, by: node), elsewhere] {
      #expect(throws: LedgerError.self) { try Certificate(body, [one, node.sign(second)]) }
    }
    #expect(throws: LedgerError.self) { try Certificate(body, []) }
  }

  @Test func whoHasNoVoteOrTooFewAreAFlaw() throws {
    let all = ledger.configuration
    #expect(try ledger.decision(of: 5).flaw(in: all) == nil)
    #expect(try ledger.decision(of: 5, by: Array(ledger.nodes[..<3])).flaw(in: all) == nil)
    #expect(try ledger.decision(of: 5, by: Array(ledger.nodes[..<2])).flaw(in: all) == "1 more voters must sign")
    let three = try Configuration(voters: ledger.nodes[..<3].map { .init(node: $0.id, epoch: 1) })
    #expect(try ledger.decision(of: 5).flaw(in: three)?.hasSuffix("has no vote") ?? false)
    let newer = try Configuration(voters: ledger.nodes.map { .init(node: $0.id, epoch: 2) })
    #expect(try ledger.decision(of: 5).flaw(in: newer)?.contains("key epoch 1, not 2") ?? false)
  }

  @Test func anUnknownMemberIsRefused() throws {
    let text = String(decoding: try CanonicalJSON.encode(ledger.decision(of: 5)), as: UTF8.self)
    _ = try read(text)
    #expect(throws: (any Error).self) { try read(text.replacing("{\"body\":", with: "{\"and\":1,\"body\":")) }
    #expect(throws: (any Error).self) { try read(text.replacing("\"epoch\":1", with: "\"epoch\":1,\"extra\":1")) }
  }
}

@Suite struct PositionTests {
  @Test func theTermCountsBeforeTheNumber() {
    let (low, high) = (Digest.zero, Digest(of: [1]))
    let ascending = [(1, 0), (1, 9), (2, 1), (2, 2), (10, 0)].map { Position(term: $0, number: $1, head: low) }
    #expect(ascending.shuffled().sorted() == ascending)
    // Heads make positions different and never order them.
    let (one, other) = (Position(term: 1, number: 1, head: low), Position(term: 1, number: 1, head: high))
    #expect(one != other && !(one < other) && !(other < one))
  }

  @Test func aLedgerBeginsAtItsID() throws {
    let ledger = try FixtureLedger()
    let start = Position.start(of: ledger.collaboration)
    #expect(start == Position(term: 1, number: 0, head: ledger.chain.head))
    let vote = Vote(term: 4, candidate: ledger.nodes[1].id, position: start, configuration: .zero)
    #expect(vote.base == Position(term: 4, number: 0, head: ledger.chain.head))
  }

  @Test func theseFormsReadBack() throws {
    let ledger = try FixtureLedger(count: 3, batch: 3)
    let position = try ledger.decision(of: 3).position
    #expect(position == Position(term: 1, number: 3, head: ledger.chain.head))
    #expect(try ledger.prepared(3).position == position)
    let bytes = try CanonicalJSON.encode(position)
    #expect(try CanonicalJSON.decode(Position.self, from: bytes, limit: 4_096) == position)
    let vote = ledger.vote(for: ledger.nodes[1])
    let ballot = Ballot(
      promised: 2, grounds: .preVotes(try ledger.certificate(PreVote(term: 2, configuration: .zero))),
      office: try ledger.election(of: vote), vote: vote)
    let stored = try CanonicalJSON.encode(ballot)
    #expect(try CanonicalJSON.decode(Ballot.self, from: stored, limit: 65_536) == ballot)
    let empty = try CanonicalJSON.encode(Ballot())
    #expect(String(decoding: empty, as: UTF8.self) == #"{"promised":1}"#)
  }
}
