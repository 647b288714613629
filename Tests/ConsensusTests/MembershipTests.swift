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
