import Model
import Simulations
import Testing

@testable import Overlay

/// How facts spread.
@Suite struct TreeTests {
  static let seed = UInt64.random(in: 0...UInt64.max)

  /// A world in which some broadcasts have shaped the tree.
  static func shaped(_ count: Int) throws -> SimulatedNetwork {
    let network = try SimulatedNetwork.met(count, seed: seed, after: .seconds(5))
    for round in 0..<5 {
      network.broadcast("first \(round)", from: round)
      network.run(for: .milliseconds(500))
    }
    return network
  }

  @Test(arguments: [20, 3_000])
  func broadcastsReachAllByFewCopiesAndHops(textBytes: Int) throws {
    let network = try Self.shaped(30)
    let hosts = network.nodes.indices
    let before = hosts.map { network.overlay($0).traffic.factBodiesReceived }
    let taken = hosts.map { network.log($0).facts.count }
    let text = String(repeating: "x", count: textBytes)
    for round in 0..<20 {
      network.broadcast("\(text) \(round)", from: (round * 7) % 30)
      network.run(for: .milliseconds(500))
    }
    for round in 0..<20 {
      #expect(network.missing("\(text) \(round)").isEmpty, "seed \(Self.seed)")
      #expect(network.observations.deliveries["\(text) \(round)"]?.repeats == 0, "seed \(Self.seed)")
    }
    let copies = hosts.reduce(0) { $0 + network.overlay($1).traffic.factBodiesReceived - before[$1] }
    #expect(Double(copies) / Double(20 * 29) <= 1.5, "seed \(Self.seed)")
    let hops = hosts.flatMap { network.log($0).facts[taken[$0]...].map(\.hops) }.max() ?? 0
    #expect((1...10).contains(hops), "seed \(Self.seed)")
  }

  @Test func theTreeMendsItselfWhenNodesDie() throws {
    let network = try Self.shaped(20)
    for host in 15..<20 { network.crash(host) }
    for round in 0..<10 {
      network.broadcast("in the midst \(round)", from: 0)
      network.run(for: .milliseconds(400))
    }
    network.run(for: .seconds(15))
    for round in 0..<10 { #expect(network.missing("in the midst \(round)").isEmpty, "seed \(Self.seed)") }
  }

  @Test func aRelayThatWithholdsStopsNothing() throws {
    let network = try SimulatedNetwork.met(20, seed: Self.seed, after: .seconds(5))
    for host in 3..<6 { network.withholdFacts(at: host) }
    for round in 0..<10 {
      network.broadcast("withheld \(round)", from: 0)
      network.run(for: .milliseconds(400))
    }
    network.run(for: .seconds(20))
    for round in 0..<10 { #expect(network.missing("withheld \(round)").isEmpty, "seed \(Self.seed)") }
    #expect(network.faultCounts[.frameAltered] > 0)
  }

  @Test func aGoodbyeReachesThoseWhoWereNotLinked() throws {
    let network = try SimulatedNetwork.met(20, seed: Self.seed, after: .seconds(5))
    #expect(network.overlay(9).linkedPeers.count < 19, "seed \(Self.seed)")
    try network.leave(9)
    network.run(for: .seconds(3))
    for host in network.live {
      #expect(network.state(of: 9, at: host) == .left, "seed \(Self.seed), host \(host)")
      #expect(!network.sawFail(9, at: host), "seed \(Self.seed)")
    }
  }

  @Test func streamsThatNobodyWantsAreClosed() throws {
    let network = try SimulatedNetwork.met(30, seed: Self.seed, after: .seconds(5))
    try network.send(from: 0, to: 29)
    network.run(for: .seconds(120))
    let most = network.nodes.indices.map { network.overlay($0).linkedPeers.count }.max() ?? 0
    #expect(most <= 8, "seed \(Self.seed)")
  }

  @Test func theTreeStandsOnStreamsThatStay() throws {
    // Newcomers are served by their seed at first, whether it is their neighbour or not.
    let network = try SimulatedNetwork.met(30, seed: Self.seed, after: .seconds(2))
    for round in 0..<5 {
      network.broadcast("early \(round)", from: round * 5)
      network.run(for: .milliseconds(300))
    }
    network.run(for: .seconds(60))
    for round in 0..<12 {
      network.broadcast("late \(round)", from: round)
      network.run(for: .seconds(1))
    }
    let patience = OverlayLimits().lazyPatience
    for round in 0..<12 {
      let text = "late \(round)"
      #expect(network.missing(text).isEmpty, "seed \(Self.seed)")
      guard let delivery = network.observations.deliveries[text] else { continue }
      let last = delivery.told.values.max() ?? delivery.sent
      #expect(last - delivery.sent < patience, "seed \(Self.seed): \(text) was repaired, not pushed")
    }
  }

  @Test func streamsOfCourtesyEndThoughFactsGoOn() throws {
    let network = try SimulatedNetwork.met(30, seed: Self.seed, after: .seconds(2))
    for round in 0..<45 {
      network.broadcast("steady \(round)", from: round % 30)
      network.run(for: .seconds(2))
    }
    #expect(network.overlay(0).linkedPeers.count <= 8, "seed \(Self.seed): its newcomers have neighbours long since")
  }

  // MARK: One node's part

  /// The peers of a lone core that something small is pushed to.
  private static func pushed(_ text: String, by lone: inout LoneCore) throws -> Set<Int> {
    let note = Note(expiresMilliseconds: lone.now.wallMilliseconds + 60_000, text: text)
    let effects = lone.tell(.broadcast(try lone.identity.sign(note)))
    return Set(lone.peers.indices.filter(effects.push(to:)))
  }

  @Test func whoIsNoNeighbourAnyMoreIsToldSoAndPushedNothing() throws {
    // By chance all could stay neighbours.
    var lone = try LoneCore(peerCount: 12, seed: 12)
    lone.run(for: .seconds(2))
    let before = try Self.pushed("before", by: &lone)
    #expect((1...6).contains(before.count))
    try lone.meet(40)
    let effects = lone.run(for: .seconds(2))
    let after = try Self.pushed("after", by: &lone)
    #expect((1...6).contains(after.count))
    let pruned = lone.peers.indices.filter(effects.prune)
    #expect(Set(pruned) == before.subtracting(after) && !pruned.isEmpty)
    let grafted = lone.peers.indices.filter(effects.graft)
    #expect(Set(grafted) == after.subtracting(before), "who was told otherwise may think so still")
  }

  /// A lone core whose neighbours push nothing any more.
  private static func unfed() throws -> (lone: LoneCore, neighbours: [Int], stranger: Int) {
    var lone = try LoneCore(peerCount: 30, seed: seed)
    lone.run(for: .seconds(2))
    let neighbours = try pushed("mine", by: &lone).sorted()
    let stranger = try #require(lone.peers.indices.first { !neighbours.contains($0) })
    for neighbour in neighbours { lone.hear(OverlayFrame.treePrune, from: neighbour) }
    return (lone, neighbours, stranger)
  }

  @Test func theTreeGrowsAmongNeighboursWhoeverTellsFirst() throws {
    var (lone, neighbours, stranger) = try Self.unfed()
    let neighbour = neighbours[0]
    for (tellers, asked) in [([neighbour], neighbour), ([stranger], stranger), ([stranger, neighbour], neighbour)] {
      let fact = try lone.note("told by \(tellers)", by: 29)
      for teller in tellers {
        lone.hear(OverlayFrame.factAnnouncement([fact.id], lazy: true, courtesy: false), from: teller)
      }
      let effects = lone.run(for: .seconds(1))
      #expect(lone.peers.indices.filter { effects.requests(to: $0) == [fact.id] } == [asked], "seed \(Self.seed)")
      #expect(effects.graft(neighbour) == (asked == neighbour) && !effects.graft(stranger), "seed \(Self.seed)")
      #expect(lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: asked).deliveredCount == 1)
    }
    lone.hear(OverlayFrame.treeGraft, from: stranger)
    #expect(try Self.pushed("to my neighbour", by: &lone) == [neighbour], "seed \(Self.seed): a stranger is no way")
  }

  enum Failing: CaseIterable { case owesAnAnswer, pushesNothing, holdsNotForNeighbour }

  @Test(arguments: Failing.allCases) func aNeighbourThatIsNoWayIsNotTheOnlyOneTried(failing: Failing) throws {
    var (lone, neighbours, _) = try Self.unfed()
    try #require(neighbours.count > 1, "seed \(Self.seed)")
    let (bad, good) = (neighbours[0], neighbours[1])
    func announce(_ fact: SignedStatement, lazy: Bool, courtesy: Bool = false, by peer: Int) {
      lone.hear(OverlayFrame.factAnnouncement([fact.id], lazy: lazy, courtesy: courtesy), from: peer)
    }
    if failing == .owesAnAnswer { announce(try lone.note("owed", by: 29), lazy: false, by: bad) }
    // Who ignores a graft says so before, and who owes an answer is known; of the others it is found out.
    for round in 0..<(failing == .pushesNothing ? 2 : 1) {
      let fact = try lone.note("round \(round)", by: 29)
      announce(fact, lazy: true, courtesy: failing == .holdsNotForNeighbour, by: bad)
      announce(fact, lazy: true, by: good)
      let effects = lone.run(for: .milliseconds(500))
      #expect(effects.graft(good) == (failing != .pushesNothing || round == 1), "seed \(Self.seed)")
      #expect(effects.graft(bad) != effects.graft(good), "seed \(Self.seed)")
      lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: effects.graft(bad) ? bad : good)
    }
  }

  @Test func ofManyThatComeLateAtATimeTwoOpenWays() throws {
    var (lone, neighbours, _) = try Self.unfed()
    try #require(neighbours.count > 2, "seed \(Self.seed)")
    for round in 0..<8 {
      let fact = try lone.note("late \(round)", by: 29)
      for teller in neighbours {
        lone.hear(OverlayFrame.factAnnouncement([fact.id], lazy: true, courtesy: false), from: teller)
      }
    }
    let effects = lone.run(for: OverlayLimits().lazyPatience)
    #expect(neighbours.count(where: effects.graft) == 2, "seed \(Self.seed)")
    #expect(neighbours.allSatisfy { effects.requests(to: $0).count == 1 }, "seed \(Self.seed): all are asked at once")
  }

  @Test func nothingIsOpenedForWhatCameMeanwhileByAnotherWay() throws {
    var (lone, neighbours, stranger) = try Self.unfed()
    let record = try lone.record(of: lone.peers[stranger], datagramSeed: [UInt8](repeating: 7, count: 32))
    lone.hear(OverlayFrame.factAnnouncement([record.id], lazy: true, courtesy: false), from: neighbours[0])
    lone.tell(.linkOpened(LinkID(99), peer: record, dialled: false))
    let effects = lone.run(for: .seconds(1))
    #expect(lone.peers.indices.allSatisfy { !effects.graft($0) && effects.requests(to: $0).isEmpty })
  }

  @Test func whatCameWhileThisProcessStoodStillIsReadBeforeItIsAskedFor() throws {
    var (lone, neighbours, _) = try Self.unfed()
    let fact = try lone.note("waits to be read", by: 29)
    lone.hear(OverlayFrame.factAnnouncement([fact.id], lazy: true, courtesy: false), from: neighbours[0])
    lone.pass(.seconds(3))
    #expect(lone.tell(.timer).requests(to: neighbours[0]).isEmpty, "seed \(Self.seed)")
    #expect(lone.run(for: .seconds(4)).requests(to: neighbours[0]) == [fact.id], "seed \(Self.seed)")
  }

  @Test func whatAStrangerPushesClosesItsOwnWayAlone() throws {
    var (lone, neighbours, stranger) = try Self.unfed()
    let fact = try lone.note("pushed", by: 29)
    let taken = lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: stranger)
    #expect(taken.deliveredCount == 1, "seed \(Self.seed)")
    #expect(!lone.hear(RawTraffic.fact(fact, hops: 1), from: neighbours[0]).prune(neighbours[0]), "seed \(Self.seed)")
    #expect(lone.hear(RawTraffic.fact(fact, hops: 1), from: stranger).prune(stranger), "seed \(Self.seed)")
  }

  /// A lone core with four peers, all of them its neighbours: of the orders on the circles most make them so.
  private static func amongNeighbours() throws -> LoneCore {
    for seed in seed / 2..<seed / 2 + 64 {
      var lone = try LoneCore(peerCount: 4, seed: seed)
      lone.run(for: .seconds(2))
      if try pushed("mine", by: &lone) == [0, 1, 2, 3] { return lone }
    }
    struct NoFourNeighbours: Error { let seed: UInt64 }
    throw NoFourNeighbours(seed: seed / 2)
  }

  @Test func whatWasFetchedOnItsWayClosesNone() throws {
    var lone = try Self.amongNeighbours()
    func copy(_ fact: SignedStatement, detour: Bool) -> [UInt8] { OverlayFrame.fact(fact, hops: 1, detour: detour) }
    let fetched = try lone.note("fetched", by: 3)
    let announcement: [UInt8] = OverlayFrame.factAnnouncement([fetched.id], lazy: false, courtesy: false)
    #expect(lone.hear(announcement, from: 0).requests(to: 0) == [fetched.id], "seed \(Self.seed)")
    let taken = lone.hearAndCheck(copy(fetched, detour: true), from: 0)
    for peer in 1...3 { #expect(taken.detours(to: peer) == [true], "seed \(Self.seed)") }
    // The tree is behind: it brings what is here by now, and one way of it is enough.
    #expect(!lone.hear(copy(fetched, detour: false), from: 1).prune(1), "seed \(Self.seed)")
    #expect(lone.hear(copy(fetched, detour: false), from: 2).prune(2), "seed \(Self.seed)")

    let pushed = try lone.note("pushed", by: 3)
    let first = lone.hear(copy(pushed, detour: false), from: 0)
    lone.hear(copy(pushed, detour: true), from: 1)
    lone.hear(copy(pushed, detour: false), from: 2)
    let checked = lone.check(first)
    #expect(checked.detours(to: 3) == [false], "seed \(Self.seed)")
    #expect([1, 2, 3].filter(checked.prune) == [2], "seed \(Self.seed)")
    #expect(!lone.hear(copy(pushed, detour: true), from: 1).prune(1), "seed \(Self.seed)")
    #expect(lone.hear(copy(pushed, detour: false), from: 3).prune(3), "seed \(Self.seed)")
  }

  @Test func ofTwoWaysThatBringWhatWasFetchedTheLaterCloses() throws {
    var lone = try Self.amongNeighbours()
    let fact = try lone.note("fetched", by: 3)
    let first = lone.hear(OverlayFrame.fact(fact, hops: 1, detour: true), from: 0)
    for peer in 1...2 { lone.hear(OverlayFrame.fact(fact, hops: 1, detour: false), from: peer) }
    let checked = lone.check(first)
    #expect(checked.deliveredCount == 1 && [1, 2, 3].filter(checked.prune) == [2], "seed \(Self.seed)")
  }
}
