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

  @Test func whoAltersAFactOverAndOverDoesNotKeepItAway() throws {
    var lone = try LoneCore(peerCount: 4, seed: Self.seed)
    let fact = try lone.note("whole", by: 2)
    let altered = SignedStatement(fact.statement, signature: lone.peers[0].signingKey.sign([1]))
    let announcement: [UInt8] = OverlayFrame.factAnnouncement([fact.id], lazy: false, courtesy: false)
    #expect(lone.hear(announcement, from: 0).requests(to: 0) == [fact.id])
    let first = lone.hear(RawTraffic.fact(altered, hops: 1), from: 0)
    // A second copy, unasked, and an honest peer that tells of it meanwhile.
    for _ in 0..<9 { lone.hear(RawTraffic.fact(altered, hops: 1), from: 0) }
    lone.hear(announcement, from: 1)
    let asked = lone.check(first)
    #expect(asked.requests(to: 1) == [fact.id] && asked.requests(to: 0).isEmpty, "seed \(Self.seed)")
    // It comes in between once more, and so does its friend.
    #expect(lone.hear(RawTraffic.fact(altered, hops: 1), from: 0).checkCount == 0)
    let again = lone.hear(RawTraffic.fact(altered, hops: 1), from: 3)
    lone.hear(RawTraffic.fact(fact, hops: 1), from: 1)
    #expect(lone.check(again).requests(to: 1) == [fact.id])
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

  enum Obstacle: CaseIterable { case quota, room, clock, noEnd }

  @Test(arguments: Obstacle.allCases) func whatWasRefusedIsNotFetchedAgainForAWhile(obstacle: Obstacle) throws {
    var limits = OverlayLimits()
    if obstacle == .quota { limits.factsPerAuthorMinute = 1 }
    if obstacle == .room { limits.factsPerAuthor = 1 }
    var lone = try LoneCore(peerCount: 2, seed: Self.seed, limits: limits)
    lone.hearAndCheck(RawTraffic.fact(try lone.note("first", by: 0, lasting: 3_600_000), hops: 1), from: 0)
    let lasting: Int64 = obstacle == .clock ? 30 * 3_600_000 : 600_000
    let fact =
      obstacle == .noEnd
      ? try lone.peers[0].sign(Timeless(text: "refused")) : try lone.note("refused", by: 0, lasting: lasting)
    #expect(lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: 0).deliveredCount == 0)
    let announcement: [UInt8] = OverlayFrame.factAnnouncement([fact.id], lazy: false, courtesy: false)
    let digest: [UInt8] = OverlayFrame.factDigest([fact.id], buckets: 0)
    #expect(lone.hear(announcement, from: 1).requests(to: 1).isEmpty, "seed \(Self.seed)")
    #expect(lone.hear(digest, from: 1).requests(to: 1).isEmpty)
    lone.pass(limits.refusalMemory + limits.expireInterval)
    lone.tell(.timer)
    #expect(lone.hear(announcement, from: 1).requests(to: 1) == [fact.id], "it may be time now")
    // If it is not, the next pause is twice as long, unless the reason may pass by itself.
    guard obstacle != .quota else { return }
    lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: 1)
    for isFetched in obstacle == .noEnd ? [false, true] : [true] {
      lone.pass(limits.refusalMemory + limits.expireInterval)
      lone.tell(.timer)
      #expect(lone.hear(announcement, from: 1).requests(to: 1).isEmpty != isFetched, "seed \(Self.seed)")
    }
  }

  @Test func idsThatOnePeerMadeUpLeaveRoomToRememberWhatWasRefused() throws {
    var limits = OverlayLimits()
    limits.refusedFacts = 16
    var lone = try LoneCore(peerCount: 2, seed: Self.seed, limits: limits)
    for number in 0..<40 {
      lone.hear(RawTraffic.fact(try lone.note("\(number)", by: 0, lasting: -1), hops: 1), from: 0)
    }
    let fact = try lone.note("refused", by: 1, lasting: -1)
    lone.hear(RawTraffic.fact(fact, hops: 1), from: 1)
    let announcement: [UInt8] = OverlayFrame.factAnnouncement([fact.id], lazy: false, courtesy: false)
    #expect(lone.hear(announcement, from: 1).requests(to: 1).isEmpty, "seed \(Self.seed)")
  }

  @Test func ownFactsThatWereLostAreNotFetchedForEver() throws {
    var lone = try LoneCore(peerCount: 1, seed: Self.seed)
    let fact = try lone.identity.sign(Note(expiresMilliseconds: lone.now.wallMilliseconds + 60_000, text: "lost"))
    let announcement: [UInt8] = OverlayFrame.factAnnouncement([fact.id], lazy: false, courtesy: false)
    #expect(lone.hear(announcement, from: 0).requests(to: 0) == [fact.id])
    lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: 0)
    #expect(lone.hear(announcement, from: 0).requests(to: 0).isEmpty, "seed \(Self.seed)")
  }

  /// Where views of a member differ for good, as where it showed two grants, others keep its older record.
  @Test func anOlderRecordThatOthersKeepIsNotFetchedAtEachComparison() throws {
    var lone = try LoneCore(peerCount: 2, seed: Self.seed)
    let member = try lone.invited()
    let records = try [1, 2].map { try lone.record(of: member, datagramSeed: lone.random.bytes(32), incarnation: $0) }
    lone.hearAndCheck(RawTraffic.fact(records[1], hops: 1), from: 0)
    let digest: [UInt8] = OverlayFrame.factDigest([records[0].id], buckets: 0)
    #expect(lone.hear(digest, from: 1).requests(to: 1) == [records[0].id], "seed \(Self.seed)")
    lone.hearAndCheck(RawTraffic.fact(records[0], hops: 1), from: 1)
    #expect(lone.hear(digest, from: 1).requests(to: 1).isEmpty)
    #expect(lone.core.table[member.node]?.checked.signed == records[1])
  }

  @Test func anAlteredRecordIsAskedOfAnotherThatBroughtIt() throws {
    var lone = try LoneCore(peerCount: 2, seed: Self.seed)
    let joiner = try lone.invited()
    let record = try lone.record(of: joiner, datagramSeed: lone.random.bytes(32))
    let altered = SignedStatement(record.statement, signature: lone.peers[0].signingKey.sign([1]))
    // The true copy comes as it was asked for, while the altered one is checked.
    lone.hear(OverlayFrame.factAnnouncement([record.id], lazy: false, courtesy: false), from: 1)
    let first = lone.hear(RawTraffic.fact(altered, hops: 1), from: 0)
    #expect(lone.hear(RawTraffic.fact(record, hops: 1), from: 1).checkCount == 0)
    #expect(lone.check(first).requests(to: 1) == [record.id], "seed \(Self.seed)")
    lone.hearAndCheck(RawTraffic.fact(record, hops: 1), from: 1)
    #expect(lone.core.memberRecord(of: joiner.node) != nil)
  }

  @Test func aForgeryThatWaitsForItsAuthorsRecordDoesNotStandBeforeTheTrueFact() throws {
    var lone = try LoneCore(peerCount: 2, seed: Self.seed)
    let author = try lone.invited()
    let record = try lone.record(of: author, datagramSeed: lone.random.bytes(32))
    let fact = try author.sign(Note(expiresMilliseconds: lone.now.wallMilliseconds + 60_000, text: "true"))
    let forged = SignedStatement(fact.statement, signature: lone.peers[0].signingKey.sign([1]))
    let first = lone.hear(RawTraffic.fact(record, hops: 1), from: 0)
    lone.hear(RawTraffic.fact(forged, hops: 1), from: 0)
    lone.hear(RawTraffic.fact(fact, hops: 1), from: 1)
    let second = lone.check(first)
    #expect(lone.check(second).requests(to: 1) == [fact.id], "seed \(Self.seed)")
    #expect(lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: 1).deliveredCount == 1)
  }

  @Test func recordsThatComeWithNewStreamsCountToo() throws {
    var limits = OverlayLimits()
    limits.recordsPerMemberMinute = 3
    var lone = try LoneCore(peerCount: 1, seed: Self.seed, limits: limits)
    for number in UInt64(0)..<5 {
      let record = try lone.record(of: lone.peers[0], datagramSeed: lone.random.bytes(32))
      lone.tell(.linkOpened(LinkID(100 + number), peer: record, dialled: false))
    }
    #expect(lone.core.counters[.authorQuota] == 3, "seed \(Self.seed)")
    #expect(lone.core.linkedPeers == [lone.peers[0].node], "the stream stands all the same")
  }

  @Test(arguments: [true, false]) func anAuthorHoldsSoManyBytesAndLeavesOthersRoom(isRoomForAll: Bool) throws {
    var limits = OverlayLimits()
    if isRoomForAll { limits.factBytesPerAuthor = 10_000 } else { limits.factBytes = 20_000 }
    var lone = try LoneCore(peerCount: 2, seed: Self.seed, limits: limits)
    func push(by author: Int) throws -> Int {
      try (0..<20).reduce(0) { sum, number in
        let text = String(repeating: "x", count: 1_000) + "\(number)"
        return sum
          + lone.hearAndCheck(RawTraffic.fact(try lone.note(text, by: author), hops: 1), from: 1).deliveredCount
      }
    }
    let first = try push(by: 0)
    #expect((5..<10).contains(first), "\(first); seed \(Self.seed)")
    #expect(try push(by: 1) >= 3)
  }

  @Test func aClockThatJumpsAheadAndBackDeliversNothingTwice() throws {
    var lone = try LoneCore(peerCount: 2, seed: Self.seed)
    let fact = try lone.note("once", by: 0, lasting: 600_000)
    #expect(lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: 0).deliveredCount == 1)
    let before = lone.now.wallMilliseconds
    for _ in 0..<2 {
      lone.now.wallMilliseconds = before + 5 * 3_600_000
      lone.now.uptime += .seconds(6)
      lone.tell(.timer)
    }
    lone.now.wallMilliseconds = before + 12_000
    #expect(lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: 1).deliveredCount == 0, "seed \(Self.seed)")
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

  @Test func aFactOfAnUnknownAuthorIsNotFetchedAgainUntilItsRecordComes() throws {
    var lone = try LoneCore(peerCount: 2, seed: Self.seed)
    let author = try lone.invited()
    let fact = try author.sign(Note(expiresMilliseconds: lone.now.wallMilliseconds + 60_000, text: "who?"))
    let announcement: [UInt8] = OverlayFrame.factAnnouncement([fact.id], lazy: false, courtesy: false)
    #expect(lone.hear(announcement, from: 0).requests(to: 0) == [fact.id])
    lone.hear(RawTraffic.fact(fact, hops: 1), from: 0)
    for peer in 0..<2 { #expect(lone.hear(announcement, from: peer).requests(to: peer).isEmpty, "seed \(Self.seed)") }
    let record = try lone.record(of: author, datagramSeed: lone.random.bytes(32))
    lone.hearAndCheck(RawTraffic.fact(record, hops: 1), from: 1)
    #expect(lone.hear(announcement, from: 1).requests(to: 1) == [fact.id])
    #expect(lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: 1).deliveredCount == 1)
  }

  @Test func summariesInDatagramsAreBoundedAsThoseOnStreams() throws {
    let lone = try LoneCore(peerCount: 1, seed: Self.seed)
    var core = lone.core
    var turn = Turn(now: lone.now, random: lone.random)
    for _ in 0..<100 { core.compare(FactSummary(), with: lone.peers[0].node, &turn) }
    #expect(turn.effects.frames(to: 0).count == OverlayLimits().compareBurst, "seed \(Self.seed)")
    #expect(core.counters[.tooFast] == 100 - OverlayLimits().compareBurst)
  }

  @Test func whatFoundNoRoomForItsCheckIsAskedOfAnotherThatHasIt() throws {
    var limits = OverlayLimits()
    limits.verificationsPerPeer = 1
    var lone = try LoneCore(peerCount: 3, seed: Self.seed, limits: limits)
    let fact = try lone.note("another has it", by: 2)
    let announcement: [UInt8] = OverlayFrame.factAnnouncement([fact.id], lazy: false, courtesy: false)
    #expect(lone.hear(announcement, from: 0).requests(to: 0) == [fact.id])
    lone.hear(announcement, from: 1)
    #expect(lone.hear(RawTraffic.fact(try lone.note("first", by: 2), hops: 1), from: 0).checkCount == 1)
    let effects = lone.hear(RawTraffic.fact(fact, hops: 1), from: 0)
    #expect(effects.checkCount == 0 && effects.requests(to: 1) == [fact.id], "seed \(Self.seed)")
    #expect(lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: 1).deliveredCount == 1)
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
    // The record of its stream is one of them.
    #expect(lone.core.counters[.authorQuota] == 3, "seed \(Self.seed)")
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
