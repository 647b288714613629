import Model
import Testing

@testable import Overlay

/// What a peer gets of facts that it asks for, and how long it may let wait what it is asked for.
@Suite struct AnswerShareTests {
  static let seed = UInt64.random(in: 0...UInt64.max)

  /// A core that holds facts of some KiB each.
  private func holder(
    of count: Int, limits: OverlayLimits = OverlayLimits()
  ) throws -> (LoneCore, ids: [StatementID]) {
    var lone = try LoneCore(peerCount: 2, seed: Self.seed, limits: limits)
    var ids: [StatementID] = []
    for number in 0..<count {
      let fact = try lone.note(String(repeating: "x", count: 3_500) + "\(number)", by: 1)
      lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: 1)
      ids.append(fact.id)
    }
    return (lone, ids)
  }

  private func factCount(_ effects: [OverlayEffect]) -> Int {
    effects.frames(to: 0).count { if case .fact = $0 { true } else { false } }
  }

  @Test func whoAsksGetsSoMuchAtOnceAndThenSoMuchASecond() throws {
    var limits = OverlayLimits()
    limits.fetchBurstKiB = 40
    limits.fetchPausePerKiB = .milliseconds(100)
    var (lone, ids) = try holder(of: 20, limits: limits)
    let request: [UInt8] = OverlayFrame.factRequest(ids)
    #expect(factCount(lone.hear(request, from: 0)) == 10, "seed \(Self.seed)")
    #expect(factCount(lone.hear(request, from: 0)) == 0)
    #expect(lone.core.counters[.tooFast] == 2)
    lone.pass(.seconds(2))
    #expect(factCount(lone.hear(request, from: 0)) == 5)
  }

  @Test func answersGiveWayToWhatIsUrgent() throws {
    var (lone, ids) = try holder(of: 1)
    let lanes = lone.hear(OverlayFrame.factRequest(ids), from: 0).compactMap { effect -> Lane? in
      if case .transmit(_, _, let lane) = effect { lane } else { nil }
    }
    #expect(lanes == [.bulk], "seed \(Self.seed)")
  }

  @Test func whatDoesNotFitIntoAnAnswerIsAskedForAgain() throws {
    var limits = OverlayLimits()
    limits.factBatchBytes = 10_000
    var (giver, ids) = try holder(of: 5, limits: limits)
    let answer = giver.hear(OverlayFrame.factRequest(ids), from: 0).frames(to: 0)
    let rest = answer.flatMap { frame -> [StatementID] in
      if case .factsLeftOut(let ids, _) = frame { ids } else { [] }
    }
    #expect(answer.count == 3 && rest == Array(ids.dropFirst(2)), "seed \(Self.seed)")
    // Who asked asks for the rest at once.
    var taker = try LoneCore(peerCount: 1, seed: Self.seed)
    let facts = try (0..<5).map { try taker.note("\($0)", by: 0) }
    let announcement: [UInt8] = OverlayFrame.factAnnouncement(facts.map(\.id), lazy: false, courtesy: false)
    #expect(taker.hear(announcement, from: 0).requests(to: 0).count == 5)
    taker.hearAndCheck(RawTraffic.fact(facts[0], hops: 1), from: 0)
    let again = taker.hear(OverlayFrame.factsLeftOut(facts.dropFirst().map(\.id), gone: []), from: 0)
    #expect(Set(again.requests(to: 0)) == Set(facts.dropFirst().map(\.id)))
  }

  @Test func whoSendsNothingAndTellsThatItIsToBeAskedAgainIsNot() throws {
    var lone = try LoneCore(peerCount: 2, seed: Self.seed)
    let fact = try lone.note("wanted", by: 1)
    let announcement: [UInt8] = OverlayFrame.factAnnouncement([fact.id], lazy: false, courtesy: false)
    #expect(lone.hear(announcement, from: 0).requests(to: 0) == [fact.id])
    #expect(
      lone.hear(OverlayFrame.factsLeftOut([fact.id], gone: []), from: 0).requests(to: 0).isEmpty, "seed \(Self.seed)")
    #expect(lone.hear(announcement, from: 1).requests(to: 1).isEmpty, "one is asked at a time")
    lone.pass(.seconds(2))
    let effects = lone.run(for: .seconds(1))
    #expect(effects.requests(to: 1) == [fact.id])
  }

  @Test func whatAPeerHasNoMoreIsAskedOfAnotherAtOnce() throws {
    var (giver, ids) = try holder(of: 1)
    let unknown = try giver.note("gone", by: 0).id
    let answer = giver.hear(OverlayFrame.factRequest([unknown] + ids), from: 0).frames(to: 0)
    guard case .factsLeftOut([], gone: [unknown])? = answer.last else {
      Issue.record("\(answer); seed \(Self.seed)")
      return
    }
    var taker = try LoneCore(peerCount: 2, seed: Self.seed)
    let fact = try taker.note("wanted", by: 1)
    for peer in 0..<2 {
      taker.hear(OverlayFrame.factAnnouncement([fact.id], lazy: false, courtesy: false), from: peer)
    }
    let made = (0..<OverlayLimits().factBatch).map { StatementID(Digest(of: [UInt8($0)])) }
    #expect(taker.hear(OverlayFrame.factsLeftOut(made, gone: [fact.id]), from: 0).requests(to: 1).isEmpty)
    #expect(taker.core.counters[.malformed] == 1, "more than anybody asks for")
    #expect(taker.hear(OverlayFrame.factsLeftOut([], gone: [fact.id]), from: 0).requests(to: 1) == [fact.id])
  }

  @Test func whatOnePeerMadeUpDoesNotHoldUpWhatOthersHave() throws {
    var lone = try LoneCore(peerCount: 2, seed: Self.seed)
    let facts = try (0..<2).map { try lone.note("\($0)", by: 1) }
    let madeUp = try (0..<200).map { try lone.note("made up \($0)", by: 0).id }
    func announce(_ ids: [StatementID], from peer: Int) -> [OverlayEffect] {
      lone.hear(OverlayFrame.factAnnouncement(ids, lazy: false, courtesy: false), from: peer)
    }
    #expect(announce(madeUp, from: 0).requests(to: 0).count == OverlayLimits().factBatch)
    #expect(announce(facts.map(\.id), from: 1).requests(to: 1).count == 2)
    _ = announce([facts[1].id], from: 0)
    lone.hearAndCheck(RawTraffic.fact(facts[0], hops: 1), from: 1)
    // The first peer is busy with what it made up: the second is asked again at once.
    let again = lone.hear(OverlayFrame.factsLeftOut([facts[1].id], gone: []), from: 1)
    #expect(again.requests(to: 1) == [facts[1].id], "seed \(Self.seed)")
  }

  @Test(arguments: [true, false]) func whatABusyPeerTellsOfFirstIsAskedOfWhoTellsOfItBesideTheTree(
    isFirstLazy: Bool
  ) throws {
    var lone = try LoneCore(peerCount: 2, seed: Self.seed)
    lone.run(for: .seconds(2))
    let fact = try lone.note("away", by: 1)
    let madeUp = try (0..<200).map { try lone.note("made up \($0)", by: 0).id }
    func announce(_ ids: [StatementID], lazy: Bool, from peer: Int) -> [OverlayEffect] {
      lone.hear(OverlayFrame.factAnnouncement(ids, lazy: lazy, courtesy: false), from: peer)
    }
    _ = announce(madeUp, lazy: false, from: 0)
    _ = announce([fact.id], lazy: isFirstLazy, from: 0)
    let effects = announce([fact.id], lazy: true, from: 1) + lone.run(for: OverlayLimits().lazyPatience)
    #expect(effects.requests(to: 1) == [fact.id], "seed \(Self.seed)")
    #expect(effects.graft(1) == isFirstLazy)
  }

  @Test func aSlowStreamIsNotAskedTwiceForWhatNobodyElseHas() throws {
    var lone = try LoneCore(peerCount: 2, seed: Self.seed)
    let facts = try (0..<10).map { try lone.note("\($0)", by: 1) }
    lone.hear(OverlayFrame.factAnnouncement(facts.map(\.id), lazy: false, courtesy: false), from: 0)
    lone.hearAndCheck(RawTraffic.fact(facts[0], hops: 1), from: 0)
    for fact in facts.dropFirst() {
      let effects = lone.run(for: .seconds(3)) + lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: 0)
      #expect(effects.requests(to: 0).isEmpty && effects.deliveredCount == 1, "seed \(Self.seed)")
    }
  }

  @Test func whatComesLateWasNotPushed() throws {
    var lone = try LoneCore(peerCount: 2, seed: Self.seed)
    let fact = try lone.note("late", by: 1)
    for peer in 0..<2 {
      lone.hear(OverlayFrame.factAnnouncement([fact.id], lazy: false, courtesy: false), from: peer)
    }
    #expect(lone.run(for: .seconds(3)).requests(to: 1) == [fact.id])
    lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: 1)
    let late = lone.hear(RawTraffic.fact(fact, hops: 1), from: 0).frames(to: 0)
    #expect(!late.contains { if case .prune = $0 { true } else { false } }, "seed \(Self.seed)")
  }

  @Test func whoSendsALittleNowAndThenKeepsNothingAwayForLong() throws {
    var lone = try LoneCore(peerCount: 2, seed: Self.seed)
    let limits = OverlayLimits()
    let facts = try (0..<limits.factBatch).map { try lone.note("\($0)", by: 1) }
    let wanted = facts[facts.count - 1].id
    for peer in 0..<2 {
      lone.hear(OverlayFrame.factAnnouncement(facts.map(\.id), lazy: false, courtesy: false), from: peer)
    }
    var waited = Duration.zero
    for fact in facts.dropLast() {
      lone.hear(OverlayFrame.ping(1), from: 1)
      let effects = lone.run(for: .milliseconds(1_900)) + lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: 0)
      waited += .milliseconds(1_900)
      if effects.requests(to: 1).contains(wanted) { break }
    }
    #expect(waited <= limits.answerPatience + .seconds(3), "\(waited); seed \(Self.seed)")
  }
}
