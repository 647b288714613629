import Foundation
import Testing

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
      council.saysBusy = !seed.isMultiple(of: 3)
      var nemesis = Nemesis(council)
      let findings = nemesis.run()
      #expect(findings.isEmpty, "seed \(seed), \(members) members, term \(council.highestTerm): \(findings.prefix(4))")
      if !findings.isEmpty { break }
    }
  }

  @Test("A member whose disk is put back to older copies, among all other faults, breaks no agreement")
  func copies() throws {
    for seed in Self.first..<Self.first + Self.seeds {
      let members = [3, 4, 5, 7][seed % 4]
      let council = try Council(members: members, seed: UInt64(seed))
      council.saysBusy = !seed.isMultiple(of: 3)
      // The oracle takes disks for what they were, and this one forgets: agreement is the council's own to see.
      council.witness = nil
      var nemesis = Nemesis(council)
      nemesis.forgetful = seed % members
      let findings = nemesis.run()
      #expect(findings.isEmpty, "seed \(seed), \(members) members, term \(council.highestTerm): \(findings.prefix(4))")
      #expect(council.conflicts == 0, "seed \(seed): an honest coordinator is accused of two entries for one place")
      if !findings.isEmpty { break }
    }
  }

  @Test("Faults while members join and voters change break no agreement and end with the voters that were wanted")
  func changes() throws {
    for seed in Self.first..<Self.first + Self.seeds / 2 {
      let council = try Council(members: [1, 3, 4, 5][seed % 4], learners: 1, joiners: 2, seed: UInt64(seed))
      council.wanted.joining = Array(council.seats.indices.suffix(2))
      var nemesis = Nemesis(council)
      nemesis.changesVoters = true
      let findings = nemesis.run()
      #expect(findings.isEmpty, "seed \(seed), term \(council.highestTerm): \(findings.prefix(4))")
      if !findings.isEmpty { break }
    }
  }
}
