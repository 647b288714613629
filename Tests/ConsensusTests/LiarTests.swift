import Consensus
import Ledger
import LedgerFixtures
import Model
import Testing

/// One of four members lies (f = 1): agreement holds, and the others go on. Each lie is named, and each seed printed.
@Suite struct LiarTests {
  enum Lie: String, CaseIterable, CustomStringConvertible {
    /// Two processes with one key, each linked to a part of the others: votes, acks and proposals come twice and differ.
    case twins
    /// Tells a part of the others nothing.
    case withholdsFromAPart
    /// Gives signs of life and proposes, and never passes a certificate on.
    case decidesNothing
    /// Claims terms far ahead.
    case inflatesTerms
    /// Shows certificates that too few have signed.
    case claimsCertificates
    /// Says again what it said in terms before.
    case replays
    /// Proposes what the contract refuses.
    case breaksContract

    var description: String { rawValue }
  }

  static func council(_ lie: Lie, seed: UInt64) throws -> Council {
    let council = try Council(members: 4, seed: seed, twinOf: lie == .twins ? 0 : nil)
    council.turnFaulty(0)
    // A round that never opens hurts nobody: the lies begin with its first decision.
    council.connect { _, _ in true }
    council.submit("opening", at: 1)
    #expect(council.run(for: .seconds(10)) { $0.decidedTexts.count == 1 })
    switch lie {
    case .twins: council.turnFaulty(4)
    case .withholdsFromAPart: council.tamper[0] = { to, message in to == 1 ? [] : [message] }
    case .decidesNothing:
      council.tamper[0] = { _, message in
        switch message {
        case .prepared, .decided: []
        default: [message]
        }
      }
    case .inflatesTerms:
      council.tamper[0] = { _, message in [Self.inflated(message, council), message].compactMap { $0 } }
    case .claimsCertificates: council.tamper[0] = { _, message in Self.claimed(message) }
    case .replays: Self.replay(council)
    case .breaksContract: council.refusedKinds = ["note.broken"]
    }
    return council
  }

  private static func inflated(_ message: ConsensusMessage, _ council: Council) -> ConsensusMessage? {
    guard case .standing(var standing) = message else { return nil }
    standing.promised += 1_000_000
    standing.office += 1_000_000
    let term = standing.promised
    let body = ElectionCall(term: term, configuration: council.configuration.hash, person: "p", reason: "r")
    guard let call = try? council.sign(body, by: 0) else { return nil }
    return Int.random(in: 0..<2, using: &council.random) == 0
      ? .standing(standing)
      : .candidacy(
        Credentials(promised: term, grounds: .calls([call]), office: nil, prepared: nil, decision: nil))
  }

  /// Certificates with all signatures but the liar's own and one more taken away.
  private static func claimed(_ message: ConsensusMessage) -> [ConsensusMessage] {
    func few<Body>(_ certificate: Certificate<Body>) -> Certificate<Body>? {
      try? Certificate(
        network: certificate.network, collaboration: certificate.collaboration, body: certificate.body,
        endorsements: Array(certificate.endorsements.prefix(2)))
    }
    switch message {
    case .prepared(let certificate): return few(certificate).map { [.prepared($0)] } ?? []
    case .decided(let certificate): return few(certificate).map { [.decided($0)] } ?? []
    default: return [message]
    }
  }

  private static func replay(_ council: Council) {
    var heard: [ConsensusMessage] = []
    council.tamper[0] = { _, message in
      heard.append(message)
      if heard.count > 500 { heard.removeFirst(250) }
      guard Int.random(in: 0..<4, using: &council.random) == 0, let old = heard.randomElement(using: &council.random)
      else { return [message] }
      return [old, message]
    }
  }

  @Test("Whatever one of four members says, the others agree and go on", arguments: Lie.allCases)
  func agreement(_ lie: Lie) throws {
    for seed in [UInt64](1...3) {
      let council = try Self.council(lie, seed: seed)
      var nemesis = Nemesis(council)
      nemesis.faultTime = .seconds(15)
      nemesis.healTime = .seconds(120)
      nemesis.brokenKind = lie == .breaksContract ? "note.broken" : nil
      nemesis.submitted = 1
      let findings = nemesis.run()
      #expect(
        findings.isEmpty, "\(lie), seed \(seed), term \(council.highestTerm): \(findings.prefix(4)) \(council.drops)")
    }
  }

  @Test("A member that sends an opening with forged votes, and batches under it, speaks for the coordinator to nobody")
  func forgedOpening() throws {
    let council = try Council(members: 4, seed: 8)
    council.connect { _, _ in true }
    council.submit("early", at: 1)
    #expect(council.run(for: .seconds(5)) { $0.decidedTexts.count == 1 })
    council.step(0, .transfer(council.id, to: council.ledger.nodes[1].id, person: "ada"))
    #expect(council.run(for: .seconds(5)) { $0.seats[1].core.isInOffice($0.id) })
    council.run(for: .seconds(2))
    council.turnFaulty(3)
    let term = council.highestTerm
    let head = try #require(council.seats[2].core.head(of: council.id))
    let liar = council.ledger.nodes[3].id
    let vote = Vote(
      term: term, candidate: liar, position: Position(term: head.term, number: head.number, head: head.head),
      configuration: council.configuration.hash)
    let own = try council.sign(vote, by: 3).signature
    let forged = try ElectionCertificate(
      network: FixtureLedger.network, collaboration: council.id, body: vote,
      endorsements: council.ledger.nodes.map { .init(author: $0.id, epoch: 1, signature: own) })
    let bodies = [
      (TermOpened.kind, try CanonicalJSON.json(of: council.ledger.opening(by: forged))),
      ("note.added", JSON.object(["text": .string("forged")])),
    ]
    for (kind, body) in bodies {
      let entry = try Entry(
        LedgerRecord(number: head.number + 1, term: term, timeMilliseconds: 1, kind: kind, body: body),
        collaboration: council.id, configuration: council.configuration.hash, previous: head.head)
      let proposal = Proposal(
        term: term, configuration: council.configuration.hash, first: entry.number, last: entry.number, head: entry.hash
      )
      let segment = SegmentBytes(
        entries: [entry.bytes], proposals: [try council.sign(proposal, by: 3)], decision: nil)
      for seat in [0, 2] { council.inject(.entries(segment), from: 3, to: seat) }
    }
    council.run(for: .seconds(1))
    for seat in [0, 2] { #expect(council.seats[seat].core.head(of: council.id)?.number == head.number) }
    council.submit("late", at: 2)
    #expect(council.run(for: .seconds(5)) { $0.decidedTexts.count == 2 }, "\(council.findings) \(council.drops)")
    #expect(council.highestTerm == term && council.conflicts == 0 && council.findings.isEmpty)
  }
}
