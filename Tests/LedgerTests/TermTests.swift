import Ledger
import LedgerFixtures
import Model
import Testing

/// A ledger of two terms: entry 11 opens the second. Four voters, so three elect.
@Suite struct TermTests {
  let ledger: FixtureLedger

  init() throws {
    ledger = try Self.made { try $0.openTerm(by: $0.nodes[2]) }
  }

  /// Entries 1 to 10 in term 1, then what `begin` makes of entry 11, then up to entry 20.
  static func made(_ begin: (inout FixtureLedger) throws -> Void) throws -> FixtureLedger {
    var ledger = try FixtureLedger(count: 10, batch: 4, memberCount: 4)
    try begin(&ledger)
    for number in 12...20 {
      try ledger.append()
      if number % 4 == 0 { try ledger.propose() }
    }
    return ledger
  }

  /// A second term of node 3 whose opening says something else.
  static func opened(_ change: (FixtureLedger) throws -> TermOpened) throws -> FixtureLedger {
    try made { ledger in
      ledger.enterTerm(2, of: ledger.nodes[2])
      try ledger.append(kind: TermOpened.kind, body: CanonicalJSON.json(of: change(ledger)))
    }
  }

  func verify(
    _ ledger: FixtureLedger, _ places: Places? = nil, decision: CommitCertificate? = nil, anchors: [Anchor] = []
  ) -> VerificationReport {
    var verifier = Verifier(ledger.collaboration, anchors: anchors)
    return ledger.verify(&verifier, entries: places, decision: decision)
  }

  /// The one finding, at entry 11.
  func expectElectionFinding(_ ledger: FixtureLedger, _ words: String, line: Int = #line) {
    let findings = verify(ledger).findings
    #expect(findings.map(\.what) == [.election] && findings.map(\.number) == [11], "line \(line): \(findings)")
    #expect(findings.first?.found.contains(words) ?? false, "line \(line): \(findings)")
  }

  // MARK: Elections

  @Test func aSecondTermByAnElectionHolds() throws {
    let report = verify(ledger)
    #expect(report.findings == [])
    #expect(report.entries == 20 && report.proposals == 6)
    #expect(report.coordinator == ledger.nodes[0].id)
    var third = ledger
    try third.openTerm(by: third.nodes[3])
    try third.propose()
    #expect(verify(third).findings == [])
  }

  @Test func aQuorumOfVotesIsEnoughAndOneLessIsNot() throws {
    let enough = try Self.opened { ledger in
      ledger.opening(by: try ledger.election(of: ledger.vote(for: ledger.nodes[2]), by: Array(ledger.nodes[1...])))
    }
    #expect(verify(enough).findings == [])
    let few = try Self.opened { ledger in
      ledger.opening(by: try ledger.election(of: ledger.vote(for: ledger.nodes[2]), by: Array(ledger.nodes[2...])))
    }
    expectElectionFinding(few, "1 more")
  }

  @Test func aForgedVoteIsFound() throws {
    let forged = try Self.opened { ledger in
      let vote = ledger.vote(for: ledger.nodes[2])
      var signatures = try ledger.election(of: vote).endorsements
      let other = try ledger.election(of: vote).endorsements[1].signature
      signatures[0] = .init(author: signatures[0].author, epoch: 1, signature: other)
      return ledger.opening(
        by: try Certificate(
          network: FixtureLedger.network, collaboration: ledger.collaboration, body: vote, endorsements: signatures))
    }
    expectElectionFinding(forged, "does not hold")
  }

  @Test func aVoteByWhoHasNoneOrUnderAnotherKeyIsFound() throws {
    let stranger = try FixtureNode(50)
    let strange = try Self.opened { ledger in
      let voters = Array(ledger.nodes[..<2]) + [stranger]
      return ledger.opening(by: try ledger.election(of: ledger.vote(for: ledger.nodes[2]), by: voters))
    }
    expectElectionFinding(strange, "has no vote")
    let late = try Self.opened { ledger in
      let vote = ledger.vote(for: ledger.nodes[2])
      let signatures = try ledger.election(of: vote).endorsements.map {
        Certificate<Vote>.Endorsement(author: $0.author, epoch: 2, signature: $0.signature)
      }
      return ledger.opening(
        by: try Certificate(
          network: FixtureLedger.network, collaboration: ledger.collaboration, body: vote, endorsements: signatures))
    }
    expectElectionFinding(late, "epoch 2")
  }

  @Test func anElectionForAnotherPlaceIsFound() throws {
    for number in [8, 9] {
      let elsewhere = try Self.opened { ledger in
        let position = Position(term: 1, number: number, head: ledger.entries[number - 1].hash)
        let vote = Vote(
          term: 2, candidate: ledger.nodes[2].id, position: position, configuration: ledger.configuration.hash)
        return ledger.opening(by: try ledger.election(of: vote))
      }
      expectElectionFinding(elsewhere, "another place")
    }
    let otherHead = try Self.opened { ledger in
      let position = Position(term: 1, number: 10, head: ledger.entries[8].hash)
      let vote = Vote(
        term: 2, candidate: ledger.nodes[2].id, position: position, configuration: ledger.configuration.hash)
      return ledger.opening(by: try ledger.election(of: vote))
    }
    expectElectionFinding(otherHead, "another place")
  }

  @Test func anElectionOfAnotherCoordinatorTermConfigurationOrLedgerIsFound() throws {
    expectElectionFinding(
      try Self.opened { ledger in
        var opened = ledger.opening(by: try ledger.election(of: ledger.vote(for: ledger.nodes[1])))
        opened.coordinator = ledger.nodes[2].id
        return opened
      }, "another term, coordinator")
    expectElectionFinding(
      try Self.opened { ledger in
        let vote = ledger.vote(for: ledger.nodes[2])
        return ledger.opening(
          by: try ledger.election(
            of: Vote(term: 3, candidate: vote.candidate, position: vote.position, configuration: vote.configuration)))
      }, "another term, coordinator")
    expectElectionFinding(
      try Self.opened { ledger in
        let vote = ledger.vote(for: ledger.nodes[2])
        return ledger.opening(
          by: try ledger.election(
            of: Vote(term: 2, candidate: vote.candidate, position: vote.position, configuration: .zero)))
      }, "another configuration")
    expectElectionFinding(
      try Self.opened { ledger in
        let (vote, network) = (ledger.vote(for: ledger.nodes[2]), NetworkID(.zero))
        let statements = try ledger.nodes.map { node in
          node.sign(try Statement(vote, by: node.id, epoch: 1, network: network, collaboration: ledger.collaboration))
        }
        return ledger.opening(by: try Certificate(vote, statements))
      }, "network")
  }

  @Test func aTermThatBeginsWithoutItsOpeningIsFound() throws {
    let unopened = try Self.made { ledger in
      try ledger.propose()
      ledger.enterTerm(2, of: ledger.nodes[2])
      try ledger.append()
    }
    expectElectionFinding(unopened, "first of its term")
  }

  @Test func aTermThatWasOpenedIsNotOpenedAgain() throws {
    var twice = ledger
    try twice.append(
      kind: TermOpened.kind,
      body: CanonicalJSON.json(of: twice.opening(by: twice.election(of: twice.vote(for: twice.nodes[1])))))
    try twice.propose()
    let report = verify(twice)
    #expect(report.findings.map(\.what) == [.election] && report.findings.map(\.number) == [21], "\(report.findings)")
    // Who the second election names may not propose.
    try twice.append()
    try twice.propose(by: twice.nodes[1])
    #expect(verify(twice).findings.contains { $0.number == 22 && $0.what == .proposal })
  }

  @Test func aTermThatGoesBackIsFound() throws {
    let old = ledger.entries[13]
    let back = try Entry(
      LedgerRecord(number: 14, term: 1, timeMilliseconds: 5, kind: old.kind, body: old.record.body),
      collaboration: old.collaboration, configuration: old.configuration, previous: old.previous)
    var places: Places = ledger.entries.map { ($0.number, $0.bytes) }
    places[13].bytes = back.bytes
    let findings = verify(ledger, places).findings
    #expect(Set(findings.map(\.number)) == [14], "\(findings)")
    #expect(findings.contains { $0.what == .election && $0.expected == "term 2 or later" }, "\(findings)")
  }

  // MARK: Who proposes

  @Test func theOldCoordinatorProposesNothingInTheNewTerm() throws {
    var ledger = ledger
    try ledger.append()
    try ledger.propose(by: ledger.nodes[0])
    let findings = verify(ledger).findings
    #expect(Set(findings.map(\.what)) == [.proposal, .unproposed], "\(findings)")
    #expect(Set(findings.map(\.number)) == [21])
  }

  @Test func whatALostOpeningLeavesBehindIsOneFinding() throws {
    let places: Places = ledger.entries.map { ($0.number, $0.bytes) }
    let gone = verify(ledger, places.filter { $0.number != 11 }).findings
    #expect(gone.map(\.what) == [.missing] && gone.map(\.number) == [11], "\(gone)")
    var damaged = places
    damaged[10].bytes[0] ^= 1
    let unreadable = verify(ledger, damaged).findings
    #expect(unreadable.map(\.what) == [.unreadable] && unreadable.map(\.number) == [11], "\(unreadable)")
    var swapped = places
    swapped[10].bytes = places[4].bytes
    swapped[4].bytes = places[10].bytes
    #expect(Set(verify(ledger, swapped).findings.map(\.number)) == [5, 11])
  }

  // MARK: Decisions

  @Test func aDecisionThatHoldsSaysHowFarAllIsDecided() throws {
    #expect(verify(ledger).decided == 0)
    for number in [1, 10, 17, 20] {
      let report = verify(ledger, decision: try ledger.decision(of: number, by: Array(ledger.nodes[..<3])))
      #expect(report.decided == number && report.findings == [])
      #expect(report.tail == .unproven, "what lies in the file proves no end")
    }
  }

  @Test func aFlawedOrForgedDecisionIsFound() throws {
    let few = verify(ledger, decision: try ledger.decision(of: 17, by: Array(ledger.nodes[..<2])))
    #expect(few.findings.map(\.what) == [.decision] && few.findings.map(\.number) == [17])
    #expect(few.decided == 0)
    let true17 = try ledger.decision(of: 17)
    let hash = ledger.configuration.hash
    let body = Confirmation(term: 2, configuration: hash, number: 18, head: ledger.entries[17].hash)
    let forged = verify(
      ledger,
      decision: try Certificate(
        network: true17.network, collaboration: true17.collaboration, body: body, endorsements: true17.endorsements))
    #expect(forged.findings.contains { $0.what == .decision && $0.number == 18 })
    #expect(Set(forged.findings.map(\.number)) == [18] && forged.decided == 0)
    let other = Confirmation(term: 2, configuration: .zero, number: 17, head: ledger.entries[16].hash)
    let foreign = verify(ledger, decision: try ledger.certificate(other))
    #expect(foreign.findings.map(\.what) == [.decision] && foreign.decided == 0)
  }

  @Test func aDecisionOfAnotherEntryIsFound() throws {
    let body = Confirmation(term: 2, configuration: ledger.configuration.hash, number: 17, head: .zero)
    let report = verify(ledger, decision: try ledger.certificate(body))
    #expect(Set(report.findings.map(\.what)) == [.contradicted] && Set(report.findings.map(\.number)) == [17])
    #expect(report.decided == 0)
  }

  @Test func aCutBelowTheDecisionIsFound() throws {
    let short = try FixtureLedger(count: 10, batch: 4, memberCount: 4)
    let report = verify(short, decision: try ledger.decision(of: 20))
    #expect(Set(report.findings.map(\.what)) == [.cut] && Set(report.findings.map(\.number)) == [11])
    #expect(report.decided == 0)
  }

  @Test func aDecisionThatCannotBeReadIsFound() throws {
    for (number, place) in [(7, 7), (0, 1)] {
      var verifier = Verifier(ledger.collaboration)
      verifier.takeUnreadableDecision(of: number, reason: "no certificate")
      let findings = ledger.verify(&verifier).findings
      #expect(findings.map(\.what) == [.decision] && findings.map(\.number) == [place])
    }
  }
}
