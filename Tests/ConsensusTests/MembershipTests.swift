import Consensus
import Ledger
import LedgerFixtures
import Model
import Oracle
import Testing

/// Members that come, go and get votes while the ledger grows (design 5, Membership; R7, R13).
@Suite struct MembershipTests {
  @Test("Who joins holds the whole ledger, then votes, and can coordinate", arguments: [1, 3, 4, 7])
  func joins(members: Int) throws {
    let council = try Council(members: members, joiners: 1, seed: 11)
    council.connect { _, _ in true }
    for index in 0..<10 { council.submit("early \(index)", at: index % members) }
    #expect(council.run(for: .seconds(5)) { $0.decidedTexts.count == 10 })
    #expect(council.seats[members].decided == 0)
    council.wanted = WantedMembers(joining: [members], voters: Array(0...members))
    #expect(council.run(for: .seconds(10)) { $0.isSettled(Array(0...members)) }, "\(council.findings) \(council.drops)")
    #expect(council.seats[members].decided == council.agreed.count)
    council.wanted = WantedMembers()
    // It is handed the office, and later survives the others as far as a quorum is left.
    council.step(0, .transfer(council.id, to: council.ledger.nodes[members].id, person: "ada"))
    council.submit("late", at: 0)
    #expect(
      council.run(for: .seconds(10)) { $0.seats[members].core.isInOffice($0.id) && $0.decidedTexts.count == 11 },
      "\(council.findings) \(council.drops)")
    #expect(council.conclusion == [], "\(council.drops)")
  }

  @Test("Voters that are all replaced one by one leave a ledger whose new ones go on alone")
  func replacesAll() throws {
    let council = try Council(members: 4, joiners: 4, seed: 12)
    council.connect { _, _ in true }
    council.submit("early", at: 1)
    #expect(council.run(for: .seconds(5)) { $0.decidedTexts.count == 1 })
    council.wanted = WantedMembers(joining: [4, 5, 6, 7])
    for step in 1...4 {
      let voters = Array(step..<step + 4)
      council.wanted.voters = voters
      // Who is to leave hands over first.
      council.step(step - 1, .transfer(council.id, to: council.ledger.nodes[step].id, person: "ada"))
      council.submit("step \(step)", at: step)
      #expect(
        council.run(for: .seconds(20)) { $0.isSettled(voters) && $0.decidedTexts.count == step + 1 },
        "step \(step): \(council.findings) \(council.drops)")
    }
    for old in 0..<4 { council.crash(old) }
    council.submit("late", at: 5)
    #expect(council.run(for: .seconds(10)) { $0.decidedTexts.count == 6 }, "\(council.findings) \(council.drops)")
    #expect(council.conclusion == [], "\(council.drops)")
  }

  @Test("A coordinator that is lost with a change of voters half done leaves it to the next", arguments: 1...6)
  func halfDone(seed: UInt64) throws {
    let council = try Council(members: 4, learners: 1, seed: 20 + seed)
    council.connect { _, _ in true }
    council.submit("early", at: 1)
    #expect(council.run(for: .seconds(5)) { $0.decidedTexts.count == 1 })
    council.wanted = WantedMembers(voters: Array(0..<5))
    // Somewhere between the proposal of the joint configuration and its end.
    council.run(for: .milliseconds(Int64(seed) * 12)) { $0.configuration(at: 0)?.next == nil && seed % 2 == 0 }
    council.run(for: .milliseconds(Int64(seed) * 4))
    council.crash(0)
    council.submit("late", at: 1)
    #expect(
      council.run(for: .seconds(20)) { $0.decidedTexts.count == 2 && $0.isSettled(Array(0..<5), except: [0]) },
      "\(council.findings) \(council.drops)")
    council.restart(0)
    council.connect { _, _ in true }
    #expect(council.run(for: .seconds(10)) { $0.isSettled(Array(0..<5)) }, "\(council.findings) \(council.drops)")
    #expect(council.conclusion == [], "\(council.drops)")
  }

  @Test("Who comes late catches up past changes of voters and elections under them")
  func comesLate() throws {
    let council = try Council(members: 1, joiners: 3, seed: 13)
    council.connect { left, right in left < 3 && right < 3 }
    council.submit("early", at: 0)
    council.wanted = WantedMembers(joining: [1, 2], voters: [0, 1])
    #expect(council.run(for: .seconds(10)) { $0.isSettled([0, 1]) }, "\(council.findings) \(council.drops)")
    council.step(0, .transfer(council.id, to: council.ledger.nodes[1].id, person: "ada"))
    #expect(council.run(for: .seconds(10)) { $0.seats[1].core.isInOffice($0.id) })
    council.wanted.voters = [0, 1, 2]
    council.submit("later", at: 0)
    #expect(council.run(for: .seconds(10)) { $0.isSettled([0, 1, 2]) && $0.decidedTexts.count == 2 })
    council.connect { _, _ in true }
    council.wanted = WantedMembers(joining: [3], voters: [0, 1, 2, 3])
    #expect(council.run(for: .seconds(10)) { $0.isSettled([0, 1, 2, 3]) }, "\(council.findings) \(council.drops)")
    #expect(council.conclusion == [], "\(council.drops)")
  }

  @Test(
    "Who votes no more halts nobody, changes no lock and enters no term, whatever it signs under its old configuration")
  func formerVoter() throws {
    let council = try Council(members: 1, joiners: 4, seed: 14)
    let old = council.configuration
    council.connect { _, _ in true }
    council.submit("early", at: 0)
    council.wanted = WantedMembers(joining: [1, 2, 3, 4], voters: [0, 1, 2, 3, 4])
    #expect(council.run(for: .seconds(10)) { $0.isSettled([0, 1, 2, 3, 4]) }, "\(council.findings) \(council.drops)")
    council.wanted.voters = [1, 2, 3, 4]
    council.step(0, .transfer(council.id, to: council.ledger.nodes[1].id, person: "ada"))
    #expect(council.run(for: .seconds(10)) { $0.isSettled([1, 2, 3, 4]) }, "\(council.findings) \(council.drops)")
    let first = try #require(council.seats[1].core.entry(1, of: council.id))
    func alone<Body: StatementBody>(_ body: Body) throws -> Certificate<Body> {
      try Certificate(body, [council.sign(body, by: 0)])
    }
    let preVote = PreVote(term: 1 << 52, configuration: old.hash)
    let lies: [ConsensusMessage] = [
      .decided(try alone(Confirmation(term: 1, configuration: old.hash, number: 1, head: .zero))),
      .prepared(try alone(Acknowledgement(term: 1 << 40, configuration: old.hash, number: 1, head: first.hash))),
      .credentials(
        Credentials(
          promised: 1 << 52, grounds: .preVotes(try alone(preVote)), office: nil, prepared: nil, decision: nil)),
      .call(try council.sign(ElectionCall(term: 3, configuration: old.hash, person: "x", reason: "y"), by: 0)),
    ]
    for lie in lies { for seat in 1...4 { council.inject(lie, from: 0, to: seat) } }
    let term = council.highestTerm
    council.run(for: .seconds(3))
    council.submit("late", at: 2)
    #expect(council.run(for: .seconds(10)) { $0.decidedTexts.count == 2 }, "\(council.findings) \(council.drops)")
    #expect(council.highestTerm == term && (council.drops["wrongConfiguration"] ?? 0) >= 8, "\(council.drops)")
    #expect(council.conclusion == [])
  }
}

extension Council {
  /// Whether these seats vote, all that are up know it, and nothing waits.
  func isSettled(_ voters: [Int], except down: [Int] = []) -> Bool {
    let nodes = Set(voters.map { ledger.nodes[seats[$0].key].id })
    return voters.allSatisfy { seat in
      down.contains(seat)
        || configuration(at: seat).map { $0.next == nil && Set($0.voters.map(\.node)) == nodes } ?? false
          && seats[seat].decided == agreed.count && seats[seat].core.head(of: id)?.number == agreed.count
    }
  }

  /// What went wrong, by the council's own view and the oracle's.
  var conclusion: [String] {
    findings + (witness?.judge.settle(atMost: seats.count { $0.isFaulty }).map { "\($0)" } ?? [])
  }
}
