import Consensus
import Ledger
import LedgerFixtures
import Model
import Testing

/// Elections and decisions among a few members, in virtual time.
@Suite struct ElectionTests {
  @Test("What a client asks for is decided in term 1 without an election", arguments: [1, 2, 3, 4, 7])
  func decides(members: Int) throws {
    let council = try Council(members: members, seed: 1)
    council.connect { _, _ in true }
    for index in 0..<20 { council.submit("note \(index)", at: index % members) }
    #expect(council.run(for: .seconds(5)) { $0.decidedTexts.count == 20 }, "\(council.findings)")
    council.run(for: .seconds(5))
    #expect(council.findings.isEmpty, "\(council.findings)")
    #expect(council.highestTerm == 1)
    #expect(council.seats.allSatisfy { $0.decided == council.agreed.count })
  }

  @Test("A lost coordinator is replaced, and what was decided stays", arguments: [3, 4, 5, 7])
  func replaces(members: Int) throws {
    let council = try Council(members: members, seed: 2)
    council.connect { _, _ in true }
    for index in 0..<5 { council.submit("early \(index)", at: 1) }
    #expect(council.run(for: .seconds(5)) { $0.decidedTexts.count == 5 })
    council.crash(0)
    for index in 0..<5 { council.submit("late \(index)", at: 1) }
    #expect(council.run(for: .seconds(5)) { $0.decidedTexts.count == 10 }, "\(council.findings) \(council.drops)")
    council.restart(0)
    council.connect { _, _ in true }
    council.run(for: .seconds(5))
    #expect(council.findings.isEmpty, "\(council.findings)")
    #expect(council.highestTerm == 2)
    #expect(council.seats.allSatisfy { $0.decided == council.agreed.count })
  }
}
