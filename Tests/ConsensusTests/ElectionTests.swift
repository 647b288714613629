import Consensus
import Foundation
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

/// Random faults from printed seeds: agreement always, progress once they are over.
@Suite struct SwarmTests {
  private static let environment = ProcessInfo.processInfo.environment
  /// How many seeds, and the first of them; the same ones each time unless said otherwise.
  static let seeds = environment["JOINTCLOUD_SEEDS"].flatMap { Int($0) } ?? 12
  static let first = environment["JOINTCLOUD_SEED"].flatMap { Int($0) } ?? 1

  @Test("Crashes, pauses and partitions of every shape break no agreement and end with progress")
  func faults() throws {
    for seed in Self.first..<Self.first + Self.seeds {
      let members = [3, 4, 5, 7][seed % 4]
      let council = try Council(members: members, seed: UInt64(seed))
      var nemesis = Nemesis(council)
      let findings = nemesis.run()
      #expect(findings.isEmpty, "seed \(seed), \(members) members, term \(council.highestTerm): \(findings.prefix(4))")
      if !findings.isEmpty { break }
    }
  }
}
