import Engine
import Foundation
import GRDB
import Ledger
import LedgerFixtures
import Model
import Sodium
import Storage
import Testing

// The tests' library has one too.
private typealias Confirmation = Ledger.Confirmation

/// What both verifiers say of a file with two terms and the certificate of a decision: entry 15 opens the second term,
/// and up to entry 26 all is decided.
@Suite(
  .enabled(
    if: TwoOpinions.canRun, "python3 with the package cryptography is needed (apt-get install python3-cryptography)"))
struct CertificateTamperTests {
  let folder: TemporaryFolder
  let ledger: FixtureLedger
  let seed = UInt64.random(in: .min ... .max)

  init() throws {
    folder = try TemporaryFolder()
    ledger = try Self.made { $0.opening(by: try $0.election(of: $0.vote(for: $0.nodes[1]))) }
    try store(ledger, decision: ledger.decision(of: 26, by: Array(ledger.nodes[..<3])))
  }

  static func made(_ opening: (FixtureLedger) throws -> TermOpened) throws -> FixtureLedger {
    var ledger = try FixtureLedger(count: 14, batch: 8, memberCount: 4)
    ledger.enterTerm(2, of: ledger.nodes[1])
    try ledger.append(kind: TermOpened.kind, body: CanonicalJSON.json(of: opening(ledger)))
    for number in 16...30 {
      try ledger.append()
      if number % 6 == 0 { try ledger.propose() }
    }
    return ledger
  }

  func store(_ ledger: FixtureLedger, decision: CommitCertificate) throws {
    let database = try folder.open(ledger)
    try database.commit([
      ledger.writes, [.ledger(.prepared(try ledger.prepared(30))), .ledger(.decision(decision))],
    ])
    try database.close()
  }

  func opinions() throws -> TwoOpinions { try TwoOpinions(folder, ledger, heads: false) }

  func replaceDecision(_ certificate: CommitCertificate) throws {
    try folder.tamper(
      "UPDATE certificates SET bytes = ?, number = ? WHERE purpose = 'confirm'",
      [Data(try CanonicalJSON.encode(certificate)), certificate.body.number])
  }

  @Test func aGoodFileHoldsAndSaysWhatIsDecided() throws {
    let found = try opinions()
    #expect(found.ours.findings == [])
    #expect(found.ours.decided == 26)
    #expect(found.agree)
  }

  @Test func aRemovedCertificateDecidesNothing() throws {
    try folder.tamper("DELETE FROM certificates")
    let found = try opinions()
    #expect(found.ours.holds && found.ours.decided == 0 && found.agree)
  }

  @Test func anyChangedByteOfTheCertificateIsFoundByBoth() throws {
    let bytes = try CanonicalJSON.encode(ledger.decision(of: 26, by: Array(ledger.nodes[..<3])))
    var random = Random.seeded(seed)
    for _ in 0..<20 {
      var changed = bytes
      let place = Int.random(in: bytes.indices, using: &random)
      changed[place] ^= UInt8.random(in: 1...127, using: &random)
      try folder.tamper("UPDATE certificates SET bytes = ? WHERE purpose = 'confirm'", [Data(changed)])
      let found = try opinions()
      #expect(!found.ours.holds && found.ours.decided == 0, "seed \(seed), byte \(place)")
      #expect(found.agree, "seed \(seed), byte \(place): \(found.ours.findings) \(found.theirs.ledgers)")
    }
  }

  @Test func aSignatureInCapitalsIsNoSecondSpelling() throws {
    let text = String(decoding: try CanonicalJSON.encode(ledger.decision(of: 26)), as: UTF8.self)
    let signature = Hexadecimal.encode(try ledger.decision(of: 26).endorsements[0].signature.bytes)
    let changed = text.replacing(signature, with: signature.uppercased())
    try folder.tamper("UPDATE certificates SET bytes = ? WHERE purpose = 'confirm'", [Data(changed.utf8)])
    let found = try opinions()
    #expect(found.ours.findings.map(\.what) == [.decision] && found.both(name: 26) && found.agree)
  }

  @Test func aCertificateThatProvesNothingIsNamed() throws {
    try replaceDecision(ledger.decision(of: 22, by: Array(ledger.nodes[..<2])))
    let few = try opinions()
    #expect(few.ours.findings.map(\.what) == [.decision] && few.both(name: 22) && few.agree)
    let strangers = [ledger.nodes[0], ledger.nodes[1], try FixtureNode(50)]
    try replaceDecision(ledger.decision(of: 22, by: strangers))
    let strange = try opinions()
    #expect(strange.both(name: 22) && strange.agree)
  }

  @Test func aCertificateOfAnotherEntryOrConfigurationIsNamed() throws {
    let hash = ledger.configuration.hash
    try replaceDecision(
      ledger.certificate(Confirmation(term: 2, configuration: hash, number: 20, head: ledger.entries[18].hash)))
    let other = try opinions()
    #expect(Set(other.ours.findings.map(\.what)) == [.contradicted] && other.both(name: 20) && other.agree)
    try replaceDecision(
      ledger.certificate(Confirmation(term: 2, configuration: .zero, number: 20, head: ledger.entries[19].hash)))
    let foreign = try opinions()
    #expect(foreign.ours.findings.map(\.what) == [.decision] && foreign.both(name: 20) && foreign.agree)
  }

  @Test func aMisleadingNumberBesideTheCertificateIsNamed() throws {
    try folder.tamper("UPDATE certificates SET number = 30 WHERE purpose = 'confirm'")
    let found = try opinions()
    #expect(found.ours.findings.map(\.what) == [.column] && found.both(name: 26) && found.agree)
  }

  @Test func aCutBelowTheDecisionIsSeenWithoutAnyHead() throws {
    try folder.tamper("DELETE FROM entries WHERE number > 24")
    try folder.tamper("DELETE FROM proposals WHERE last > 24")
    let found = try opinions()
    #expect(Set(found.ours.findings.map(\.what)) == [.cut] && found.both(name: 25) && found.agree)
    try folder.tamper("DELETE FROM entries")
    try folder.tamper("DELETE FROM proposals")
    let emptied = try opinions()
    #expect(Set(emptied.ours.findings.map(\.what)) == [.cut] && emptied.both(name: 1) && emptied.agree)
  }

  // MARK: Elections

  @Test func anOpeningThatIsGoneChangedOrMovedIsNamed() throws {
    try folder.tamper("UPDATE entries SET number = 100 WHERE number = 15")
    let moved = try opinions()
    #expect(moved.both(name: 15) && moved.both(name: 100) && moved.agree)
    try folder.tamper("DELETE FROM entries WHERE number = 100")
    let gone = try opinions()
    #expect(gone.ours.findings.map(\.what) == [.missing] && gone.both(name: 15) && gone.agree)
  }

  @Test func anElectionThatProvesNothingIsNamed() throws {
    func check(_ what: String, _ opening: (FixtureLedger) throws -> TermOpened) throws {
      let bad = try Self.made(opening)
      try folder.tamper("DELETE FROM entries")
      try folder.tamper("DELETE FROM proposals")
      try store(bad, decision: bad.decision(of: 26))
      let found = try opinions()
      #expect(found.ours.findings.map(\.what) == [.election], "\(what): \(found.ours.findings)")
      #expect(found.both(name: 15) && found.agree, "\(what): \(found.theirs.ledgers)")
    }
    try check("few") { $0.opening(by: try $0.election(of: $0.vote(for: $0.nodes[1]), by: Array($0.nodes[..<2]))) }
    try check("a stranger's") { ledger in
      let voters = [ledger.nodes[0], ledger.nodes[1], try FixtureNode(50)]
      return ledger.opening(by: try ledger.election(of: ledger.vote(for: ledger.nodes[1]), by: voters))
    }
    try check("another place") { ledger in
      let position = Position(term: 1, number: 13, head: ledger.entries[12].hash)
      let vote = Vote(
        term: 2, candidate: ledger.nodes[1].id, position: position, configuration: ledger.configuration.hash)
      return ledger.opening(by: try ledger.election(of: vote))
    }
    try check("another coordinator") { ledger in
      var opened = ledger.opening(by: try ledger.election(of: ledger.vote(for: ledger.nodes[2])))
      opened.coordinator = ledger.nodes[1].id
      return opened
    }
    try check("another configuration") { ledger in
      let vote = ledger.vote(for: ledger.nodes[1])
      return ledger.opening(
        by: try ledger.election(
          of: Vote(term: 2, candidate: vote.candidate, position: vote.position, configuration: .zero)))
    }
  }

  @Test func proposalsByWhoIsNotInOfficeAreNamed() throws {
    var ledger = ledger
    for number in [31, 32] {
      try ledger.append()
      try ledger.propose(by: ledger.nodes[number == 31 ? 0 : 1])
    }
    try folder.tamper("DELETE FROM entries")
    try folder.tamper("DELETE FROM proposals")
    try store(ledger, decision: ledger.decision(of: 26))
    let found = try opinions()
    #expect(found.both(name: 31) && found.ours.findings.contains { $0.what == .proposal } && found.agree)
  }
}
