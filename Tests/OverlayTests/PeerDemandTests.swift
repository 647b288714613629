import Model
import Sodium
import Testing

@testable import Overlay

/// What a peer brings about by what is not taken, by altering, and by asking: looked at in one core.
@Suite struct PeerDemandTests {
  static let seed = UInt64.random(in: 0...UInt64.max)

  @Test func whatOnePeerAlteredIsAskedOfAnotherThatBroughtIt() throws {
    var lone = try LoneCore(peerCount: 3, seed: Self.seed)
    let fact = try lone.note("whole", by: 2)
    let altered = SignedStatement(fact.statement, signature: lone.peers[0].signingKey.sign([1]))
    let first = lone.hear(RawTraffic.fact(altered, hops: 1), from: 0)
    #expect(first.checkCount == 1)
    #expect(lone.hear(RawTraffic.fact(fact, hops: 1), from: 1).checkCount == 0, "one check of it is under way")
    let asked = lone.check(first)
    #expect(asked.requests(to: 1) == [fact.id] && asked.requests(to: 0).isEmpty, "seed \(Self.seed)")
    #expect(lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: 1).deliveredCount == 1)
  }

  @Test func whatOnlyTheAltererBroughtIsFoundByComparingWithOthers() throws {
    var lone = try LoneCore(peerCount: 3, seed: Self.seed)
    let fact = try lone.note("whole", by: 2)
    let altered = SignedStatement(fact.statement, signature: lone.peers[0].signingKey.sign([1]))
    let effects = lone.hearAndCheck(RawTraffic.fact(altered, hops: 1), from: 0)
    func isCompared(with peer: Int) -> Bool {
      effects.frames(to: peer).contains { if case .factSummary = $0 { true } else { false } }
    }
    #expect(isCompared(with: 1) && isCompared(with: 2) && !isCompared(with: 0), "seed \(Self.seed)")
  }

  enum Obstacle: CaseIterable { case quota, room, clock }

  @Test(arguments: Obstacle.allCases) func whatWasRefusedIsNotFetchedAgainForAWhile(obstacle: Obstacle) throws {
    var limits = OverlayLimits()
    if obstacle == .quota { limits.factsPerAuthorMinute = 1 }
    if obstacle == .room { limits.factsPerAuthor = 1 }
    var lone = try LoneCore(peerCount: 2, seed: Self.seed, limits: limits)
    lone.hearAndCheck(RawTraffic.fact(try lone.note("first", by: 0), hops: 1), from: 0)
    let lasting: Int64 = obstacle == .clock ? 30 * 3_600_000 : 600_000
    let fact = try lone.note("refused", by: 0, lasting: lasting)
    #expect(lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: 0).deliveredCount == 0)
    let announcement: [UInt8] = OverlayFrame.factAnnouncement([fact.id], lazy: false, courtesy: false)
    let digest: [UInt8] = OverlayFrame.factDigest([fact.id], buckets: 0)
    #expect(lone.hear(announcement, from: 1).requests(to: 1).isEmpty, "seed \(Self.seed)")
    #expect(lone.hear(digest, from: 1).requests(to: 1).isEmpty)
    lone.pass(limits.refusalMemory + limits.expireInterval)
    lone.tell(.timer)
    #expect(lone.hear(announcement, from: 1).requests(to: 1) == [fact.id], "it may be time now")
  }

  @Test func aPeerBringsAboutSoManyComparisonsAndThenTwoASecond() throws {
    var lone = try LoneCore(peerCount: 1, seed: Self.seed)
    let limits = OverlayLimits()
    let frame: [UInt8] = OverlayFrame.factSummary(FactSummary())
    func answers(_ count: Int) -> Int {
      (0..<count).reduce(0) { sum, _ in sum + (lone.hear(frame, from: 0).frames(to: 0).isEmpty ? 0 : 1) }
    }
    #expect(answers(100) == limits.compareBurst, "seed \(Self.seed)")
    #expect(lone.core.counters[.tooFast] == 100 - limits.compareBurst)
    lone.pass(.seconds(2))
    #expect(answers(100) == 4)
  }

  @Test func aNewStreamIsNoNewAllowanceOfComparisons() throws {
    var lone = try LoneCore(peerCount: 1, seed: Self.seed)
    let frame: [UInt8] = OverlayFrame.factSummary(FactSummary())
    for _ in 0..<OverlayLimits().compareBurst { lone.hear(frame, from: 0) }
    lone.tell(.linkClosed(lone.link(0), .broken("test")))
    let again = LinkID(99)
    lone.tell(.linkOpened(again, peer: lone.records[0], dialled: false))
    let before = lone.core.counters[.tooFast, default: 0]
    lone.tell(.frame(again, frame))
    #expect(lone.core.counters[.tooFast, default: 0] == before + 1, "seed \(Self.seed)")
  }

  @Test func threeGreedyPeersLeaveChecksForAFourth() {
    var limits = OverlayLimits()
    limits.verifications = 30
    limits.verificationsPerPeer = 10
    var checks = CheckBoard()
    let peers = (UInt8(0)..<4).map { NodeID(Digest(of: [$0])) }
    for peer in peers.prefix(3) { while checks.begin(.statements, by: peer, limits) {} }
    #expect(checks.hasRoom(.statements, for: peers[3], limits))
  }

  @Test func aMemberRenewsItsRecordWithinItsQuota() throws {
    var limits = OverlayLimits()
    limits.recordsPerMemberMinute = 3
    var lone = try LoneCore(peerCount: 2, seed: Self.seed, limits: limits)
    for _ in 0..<5 {
      let record = try lone.record(of: lone.peers[0], datagramSeed: lone.random.bytes(32))
      lone.hearAndCheck(RawTraffic.fact(record, hops: 1), from: 1)
    }
    #expect(lone.core.counters[.authorQuota] == 2, "seed \(Self.seed)")
    lone.pass(.seconds(61))
    let record = try lone.record(of: lone.peers[0], datagramSeed: lone.random.bytes(32))
    lone.hearAndCheck(RawTraffic.fact(record, hops: 1), from: 1)
    #expect(
      lone.core.memberRecord(of: lone.peers[0].node)?.instance
        == (try record.statement.decode(MemberRecord.self)).instance)
  }

  @Test(arguments: [true, false]) func aStreamThatEndsAtOnceHasItsPeerProbedUnlessThePeerSaidWhy(isRefused: Bool) throws
  {
    var lone = try LoneCore(peerCount: 1, seed: Self.seed)
    let refusal: [UInt8] = OverlayFrame.refusal(.full)
    if isRefused { lone.hear(refusal, from: 0) }
    let effects = lone.tell(.linkClosed(lone.link(0), .peerClosed))
    let isProbed = effects.contains { if case .sendDatagram = $0 { true } else { false } }
    #expect(isProbed != isRefused, "seed \(Self.seed)")
  }
}
