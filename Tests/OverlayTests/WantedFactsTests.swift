import Model
import Testing

@testable import Overlay

/// Facts that are known by their id only.
@Suite struct WantedFactsTests {
  private func id(_ number: UInt64) -> StatementID {
    StatementID(Digest(of: withUnsafeBytes(of: number) { Array($0) }))
  }

  @Test func whatAClosedStreamWasAskedForIsAskedForOnTheNext() {
    var wanted = WantedFacts()
    let (first, second) = (LinkID(1), LinkID(2))
    for number in UInt64(0)..<3 {
      for link in [first, second] {
        let isNew = wanted.announced(id(number), on: link, lazyUntil: nil, OverlayLimits())
        #expect(isNew)
      }
    }
    // One is asked for, the others wait for their turn behind it.
    wanted.ask(id(0), on: first)
    let orphans = wanted.closed(first)
    #expect(orphans == (UInt64(0)..<3).map(id).sorted())
    #expect(wanted[id(0)]?.asked == nil && orphans.allSatisfy { wanted[$0]?.sources == [second] })
    let nobody = wanted.closed(second)
    #expect(nobody.isEmpty)
    #expect(wanted.count == 0, "nobody has them any more")
  }

  @Test func whatIsAskedForElsewhereStaysThere() {
    var wanted = WantedFacts()
    let (first, second) = (LinkID(1), LinkID(2))
    for link in [first, second] { _ = wanted.announced(id(7), on: link, lazyUntil: nil, OverlayLimits()) }
    wanted.ask(id(7), on: second)
    let orphans = wanted.closed(first)
    #expect(orphans.isEmpty)
    #expect(wanted[id(7)]?.asked == second)
  }

  @Test func whoPutOffOverAndOverLoseTheirPlacesToOthers() throws {
    var wanted = WantedFacts()
    for number in 0..<UInt64(WantedFacts.sourceLimit) {
      _ = wanted.announced(id(7), on: LinkID(number), lazyUntil: nil, OverlayLimits())
    }
    let honest = LinkID(99)
    for _ in 0..<(2 * WantedFacts.putBackLimit) {
      let next = try #require(wanted[id(7)]?.sources.first)
      if next == honest { break }
      wanted.ask(id(7), on: next)
      _ = wanted.announced(id(7), on: honest, lazyUntil: nil, OverlayLimits())
      let isLeft = wanted.putBack(id(7), on: next)
      #expect(isLeft)
    }
    #expect(wanted[id(7)]?.sources.first == honest, "it is asked in the end")
  }

  @Test func whoWasAskedInVainTakesNoOthersPlaceByTellingOfItAnew() throws {
    var wanted = WantedFacts()
    func announce(on link: LinkID) { _ = wanted.announced(id(7), on: link, lazyUntil: nil, OverlayLimits()) }
    let silent = (0..<UInt64(WantedFacts.sourceLimit)).map { LinkID($0) }
    for link in silent { announce(on: link) }
    let honest = LinkID(99)
    for _ in silent {
      let next = try #require(wanted[id(7)]?.sources.first)
      if next == honest { break }
      wanted.ask(id(7), on: next)
      _ = wanted.giveUp(id(7), on: next)
      announce(on: next)
      announce(on: honest)
    }
    #expect(wanted[id(7)]?.sources == [honest])
  }

  @Test func whatManyToldOfBesideTheTreeIsAskedForThoughOneMoreTellsOfIt() throws {
    var lone = try LoneCore(peerCount: WantedFacts.sourceLimit + 1, seed: 11)
    let fact = try lone.note("late", by: 0)
    for peer in 0..<WantedFacts.sourceLimit {
      lone.hear(OverlayFrame.factAnnouncement([fact.id], lazy: true, courtesy: false), from: peer)
    }
    // It finds no room among those who have it.
    let last = WantedFacts.sourceLimit
    var effects = lone.hear(OverlayFrame.factAnnouncement([fact.id], lazy: false, courtesy: false), from: last)
    effects += lone.run(for: OverlayLimits().lazyPatience)
    #expect(lone.peers.indices.flatMap { effects.requests(to: $0) } == [fact.id])
  }

  @Test func whoOwesAnotherAnswerDoesNotKeepAwayWhatOthersToldOfBesideTheTree() throws {
    var lone = try LoneCore(peerCount: 2, seed: 12)
    let (owed, fact) = (try lone.note("owed", by: 0), try lone.note("late", by: 0))
    lone.hear(OverlayFrame.factAnnouncement([owed.id], lazy: false, courtesy: false), from: 0)
    lone.hear(OverlayFrame.factAnnouncement([fact.id], lazy: true, courtesy: false), from: 1)
    lone.hear(OverlayFrame.factAnnouncement([fact.id], lazy: false, courtesy: false), from: 0)
    #expect(lone.run(for: OverlayLimits().lazyPatience).requests(to: 1) == [fact.id])
  }

  @Test func whatSomebodyHandsOverIsAskedForAtOnceThoughOthersToldOfItBesideTheTree() throws {
    var lone = try LoneCore(peerCount: 2, seed: 13)
    let fact = try lone.note("large", by: 0)
    lone.hear(OverlayFrame.factAnnouncement([fact.id], lazy: true, courtesy: false), from: 0)
    let effects = lone.hear(OverlayFrame.factAnnouncement([fact.id], lazy: false, courtesy: false), from: 1)
    #expect(effects.requests(to: 1) == [fact.id])
  }

  @Test func threeGreedyPeersLeaveRoomForAFourth() {
    var limits = OverlayLimits()
    limits.wantedFacts = 30
    limits.wantedFactsPerLink = 10
    var wanted = WantedFacts()
    for number in UInt64(0)..<90 { _ = wanted.announced(id(number), on: LinkID(number / 30), lazyUntil: nil, limits) }
    let isTaken = wanted.announced(id(1_000), on: LinkID(9), lazyUntil: nil, limits)
    #expect(isTaken, "\(wanted.count) of \(limits.wantedFacts) are there")
  }

  @Test func onePeerCannotFillItForAll() {
    var limits = OverlayLimits()
    limits.wantedFactsPerLink = 10
    var wanted = WantedFacts()
    var taken = 0
    for number in UInt64(0)..<100 where wanted.announced(id(number), on: LinkID(1), lazyUntil: nil, limits) {
      taken += 1
    }
    #expect(taken == 10)
    let isTaken = wanted.announced(id(1_000), on: LinkID(2), lazyUntil: nil, limits)
    #expect(isTaken)
    _ = wanted.closed(LinkID(1))
    #expect(wanted.count == 1)
  }
}
