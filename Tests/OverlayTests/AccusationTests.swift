import Model
import Sodium
import Testing

@testable import Overlay

/// What one member's word against another costs and does: looked at in one core.
@Suite struct AccusationTests {
  static let seed = UInt64.random(in: 0...UInt64.max)

  @Test func aMemberAccusesSoManyOthersInAMinute() throws {
    var limits = OverlayLimits()
    limits.accusationsPerMinute = 3
    var lone = try LoneCore(peerCount: 12, seed: Self.seed, limits: limits)
    func accuse(_ accused: Range<Int>, by accuser: Int) throws -> Int {
      for index in accused {
        let accusation = try RawTraffic.accusation(
          of: lone.peers[index].node, incarnation: lone.core.member(lone.peers[index].node)?.incarnation ?? 0,
          refutation: 0, by: lone.peers[accuser], wallMilliseconds: lone.now.wallMilliseconds)
        lone.hearAndCheck(RawTraffic.gossip([accusation]), from: 1)
      }
      return lone.core.memberCounts[.suspected, default: 0]
    }
    #expect(try accuse(4..<10, by: 0) == 3, "seed \(Self.seed)")
    #expect(lone.core.counters[.authorQuota] == 3)
    #expect(try accuse(7..<9, by: 2) == 5, "another's word counts")
    lone.pass(.seconds(61))
    #expect(try accuse(9..<10, by: 0) == 6)
  }

  @Test func whatWasTooMuchAtOnceIsTakenWhenItComesAgain() throws {
    var limits = OverlayLimits()
    limits.accusationsPerMinute = 3
    var lone = try LoneCore(peerCount: 12, seed: Self.seed, limits: limits)
    func accusations() throws -> [[UInt8]] {
      try (4..<10).map { index in
        try RawTraffic.accusation(
          of: lone.peers[index].node, incarnation: lone.core.member(lone.peers[index].node)?.incarnation ?? 0,
          refutation: 0, by: lone.peers[0], wallMilliseconds: lone.now.wallMilliseconds)
      }
    }
    // All are under check before the first is found to hold.
    lone.hearAndCheck(RawTraffic.gossip(try accusations()), from: 1)
    #expect(lone.core.memberCounts[.suspected] == 3, "seed \(Self.seed)")
    lone.pass(.seconds(61))
    lone.hearAndCheck(RawTraffic.gossip(try accusations()), from: 1)
    #expect(lone.core.memberCounts[.suspected] == 6)
  }

  @Test func whoIsAccusedItselfObjectsHoweverMuchTheAccuserSaid() throws {
    var limits = OverlayLimits()
    limits.accusationsPerMinute = 0
    var lone = try LoneCore(peerCount: 2, seed: Self.seed, limits: limits)
    let accusation = try RawTraffic.accusation(
      of: lone.identity.node, incarnation: lone.core.ownMemberRecord?.incarnation ?? 0, refutation: 0,
      by: lone.peers[0], wallMilliseconds: lone.now.wallMilliseconds)
    let effects = lone.hearAndCheck(RawTraffic.gossip([accusation]), from: 1)
    #expect(effects.contains { if case .sign = $0 { true } else { false } }, "seed \(Self.seed)")
  }

  @Test func whoWasNotHeardSinceAStartStillHasTimeToObject() throws {
    var limits = OverlayLimits()
    // Its turn comes only when a suspicion of long ago would be over.
    limits.confirmInterval = .seconds(40)
    limits.confirmMost = .seconds(100_000)
    var lone = try LoneCore(peerCount: 0, seed: Self.seed, limits: limits)
    var records: [SignedStatement] = []
    for _ in 0..<3 { records.append(try lone.record(of: try lone.invited(), datagramSeed: lone.random.bytes(32))) }
    try lone.startAnew(knowing: records)
    #expect(lone.core.memberCounts == [.suspected: 3])
    var states: Set<MemberState> = []
    for _ in 0..<800 {
      lone.run(for: .milliseconds(100))
      states.formUnion(lone.core.members.filter { !$0.accusers.isEmpty }.map(\.state))
      if !states.isEmpty { break }
    }
    #expect(states == [.suspected], "seed \(Self.seed)")
  }

  @Test func aLargeNetworkIsAskedInTheSameTimeAfterAStart() throws {
    var limits = OverlayLimits()
    limits.confirmMost = .seconds(3)
    var lone = try LoneCore(peerCount: 0, seed: Self.seed, limits: limits)
    var records: [SignedStatement] = []
    for _ in 0..<150 { records.append(try lone.record(of: try lone.invited(), datagramSeed: lone.random.bytes(32))) }
    try lone.startAnew(knowing: records)
    let effects = lone.run(for: limits.confirmMost + .milliseconds(500))
    let asked = Set(effects.compactMap { if case .sendDatagram(_, let address) = $0 { address } else { nil } })
    #expect(asked.count == 150, "seed \(Self.seed)")
  }
}
