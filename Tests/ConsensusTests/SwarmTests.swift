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
      var nemesis = Nemesis(council)
      let findings = nemesis.run()
      #expect(findings.isEmpty, "seed \(seed), \(members) members, term \(council.highestTerm): \(findings.prefix(4))")
      if !findings.isEmpty { break }
    }
  }
}
