import Engine
import Model
import Overlay
import Simulations
import Sodium
import Testing

/// Who is a member, and in which state.
@Suite struct MembershipTests {
  static let seed = UInt64.random(in: 0...UInt64.max / 2)

  @Test func sevenNodesFindEachOtherThroughOneSeed() throws {
    let network = try SimulatedNetwork.met(7, seed: Self.seed, after: .seconds(5))
    for host in 0..<7 {
      let members = network.overlay(host).members
      #expect(members.map(\.state) == Array(repeating: .alive, count: 6), "seed \(Self.seed)")
      #expect(members.map(\.id) == members.map(\.id).sorted())
    }
  }

  @Test func oneLinkStaysWhenBothDial() throws {
    let network = try SimulatedNetwork.met(1, seed: Self.seed, after: .zero)
    var plan = NodePlan.plain(1)
    plan.knowsSeed = false
    try network.add(plan)
    // The two handshakes run side by side.
    network.latencies.withinZone = 1_000...1_000
    network.connect(from: 0, to: 1)
    network.connect(from: 1, to: 0)
    var seen: Set<LinkID> = []
    network.run(for: .seconds(1), lookingEvery: .zero) { network in
      seen.formUnion(network.links(from: 0, to: 1))
      return false
    }
    #expect(seen.count == 2, "seed \(Self.seed): one of the two stays, and no third comes")
    #expect(network.links(from: 0, to: 1).count == 1)
    #expect(network.links(from: 1, to: 0).count == 1)
    #expect(network.agrees)
    let id = try network.send(from: 0, to: 1)
    network.run(for: .seconds(1))
    #expect(network.log(0).outcomes[id] == .accepted)
  }

  @Test func aKilledNodeIsSuspectedThenFailedAndComesBack() throws {
    let network = try SimulatedNetwork.met(3, seed: Self.seed)
    network.crash(2)
    network.run(for: .seconds(1))
    #expect(network.state(of: 2, at: 0) == .suspected, "seed \(Self.seed)")
    network.run(for: .seconds(4))
    #expect(network.state(of: 2, at: 0) == .failed, "seed \(Self.seed)")
    try network.boot(2)
    network.run(for: .seconds(12))
    #expect(network.agrees, "seed \(Self.seed)")
    #expect(network.state(of: 2, at: 0) == .alive)
    #expect(network.overlay(2).members.count == 2)
  }

  @Test func aSilentPeerLosesItsLinkAndAHealedPartitionClosesByItself() throws {
    let network = try SimulatedNetwork.met(4, seed: Self.seed)
    network.partition([[0, 1], [2, 3]])
    // Half of four are too few accusers: each believes what it sees itself, after half a minute.
    network.run(for: .seconds(40))
    #expect(network.overlay(0).linkedPeers == [network.node(1)])
    #expect(network.state(of: 3, at: 0) == .failed)
    network.broadcast("while apart", from: 3)
    network.run(for: .seconds(1))
    #expect(network.announcements(at: 0).isEmpty)
    network.healAll()
    network.run(for: .seconds(15))
    #expect(network.agrees, "seed \(Self.seed)")
    #expect(network.announcements(at: 0) == ["while apart"])
    #expect(network.announcements(at: 1) == ["while apart"])
  }

  @Test func leavingIsNotFailing() throws {
    let network = try SimulatedNetwork.met(3, seed: Self.seed)
    try network.leave(2)
    network.run(for: .seconds(10))
    #expect(!network.nodes[2].isUp)
    #expect(network.state(of: 2, at: 0) == .left)
    #expect(!network.sawFail(2, at: 0))
    try network.boot(2)
    network.run(for: .seconds(5))
    #expect(network.agrees, "seed \(Self.seed)")
  }

  @Test func ofTwoRecordsOnTheDiskTheNewerCounts() throws {
    // Whichever of the two is read first: their order follows from their hashes.
    for seed in Self.seed..<(Self.seed + 8) {
      let network = try SimulatedNetwork.met(2, seed: seed, after: .seconds(2))
      let present = try #require(network.recordOnDisk(of: 1, at: 0))
      var random = Random.seeded(seed)
      let goodbye = try network.record(
        of: network.nodes[1].identity, at: network.nodes[1].address, incarnation: 0, leaving: true, &random)
      network.crash(0)
      network.store(goodbye, at: 0)
      try network.boot(0)
      #expect(network.state(of: 1, at: 0) == .suspected, "seed \(seed), \(present.id.short)")
      network.run(for: .seconds(3))
      #expect(network.state(of: 1, at: 0) == .alive, "seed \(seed), \(present.id.short)")
    }
  }

  @Test func nodesThatAllLeftAndAllCameBackFindEachOther() throws {
    let network = try SimulatedNetwork.met(4, seed: Self.seed)
    for host in 0..<4 {
      try network.leave(host)
      network.run(for: .milliseconds(550))
    }
    #expect(network.live.isEmpty)
    for host in 0..<4 { try network.boot(host) }
    network.run(for: .seconds(12))
    #expect(network.agrees, "seed \(Self.seed)")
  }

  @Test func aSecondProcessWithOneKeyIsNamed() throws {
    let network = try SimulatedNetwork.met(3, seed: Self.seed)
    // A copy of node 2's folder starts elsewhere: a higher incarnation while the first still runs.
    var random = Random.seeded(Self.seed)
    let copy = try network.record(
      of: network.nodes[2].identity, at: network.nodes[2].address, incarnation: try network.incarnation(of: 2) + 9,
      &random)
    network.give(.overlay(.linkOpened(LinkID(1_000_000), peer: copy, dialled: false)), to: 0)
    network.run(for: .seconds(3))
    #expect(network.log(0).notices.contains(.memberRunsTwice(network.node(2))))
    #expect(network.log(2).notices.contains { if case .sameKeyElsewhere = $0 { true } else { false } })
    #expect(network.count(.sameKeyElsewhere, at: 2) > 0)
  }

  /// The older process is refused in handshakes, and its peers tell it no record.
  @Test func whoMetItsOwnKeyInAHandshakeAloneKnowsItForAWhile() throws {
    var lone = try LoneCore(peerCount: 1, seed: Self.seed)
    #expect(!lone.core.metOwnKeyLately(at: lone.now.uptime))
    lone.tell(.sameKeyMet(address: "host-9:7000"))
    #expect(lone.core.metOwnKeyLately(at: lone.now.uptime))
    lone.pass(OverlayLimits().encounterMemory)
    #expect(!lone.core.metOwnKeyLately(at: lone.now.uptime))
  }

  @Test func garbageFromAPeerIsCountedAndClosesItsLink() throws {
    let network = try SimulatedNetwork.met(2, seed: Self.seed, after: .seconds(2))
    var random = Random.seeded(Self.seed)
    let link = try #require(network.links(from: 0, to: 1).first)
    for _ in 0..<64 where network.overlay(0).linkedPeers.count == 1 {
      network.give(.overlay(.frame(link, random.bytes(40))), to: 0)
    }
    #expect(network.overlay(0).linkedPeers.isEmpty, "seed \(Self.seed)")
    #expect(network.links(from: 0, to: 1).isEmpty, "seed \(Self.seed)")
    #expect(network.count(.malformed, at: 0) >= 8)
    #expect(network.log(0).notices.contains(.peerMisbehaved(network.node(1))))
    // It is let in again later.
    network.run(for: .seconds(25))
    #expect(network.agrees, "seed \(Self.seed)")
  }

  @Test func noFrameHoweverChangedBreaksAnything() throws {
    let network = try SimulatedNetwork.met(3, seed: Self.seed, after: .zero)
    var random = Random.seeded(Self.seed &+ 1)
    for host in 0..<3 {
      network.tamperFrames[host] = { _, frame in [Self.changed(frame, &random)] }
    }
    for round in 0..<20 {
      network.broadcast("fact \(round)", from: round % 3)
      try network.send(from: round % 3, to: (round + 1) % 3)
      network.run(for: .milliseconds(700))
    }
    #expect(network.faultCounts[.frameAltered] > 0)
    for host in 0..<3 { network.behave(host) }
    network.run(for: .seconds(40))
    #expect(network.agrees, "seed \(Self.seed)")
    for host in 0..<3 {
      let texts = network.announcements(at: host)
      #expect(Set(texts).count == texts.count, "seed \(Self.seed)")
    }
  }

  /// One frame of ten is changed, cut off or longer.
  private static func changed(_ frame: [UInt8], _ random: inout Random) -> [UInt8] {
    guard Int.random(in: 0..<10, using: &random) == 0, !frame.isEmpty else { return frame }
    var changed = frame
    switch Int.random(in: 0..<3, using: &random) {
    case 0: changed[Int.random(in: 0..<changed.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
    case 1: changed = Array(changed.prefix(Int.random(in: 0..<changed.count, using: &random)))
    default: changed += random.bytes(3)
    }
    return changed
  }

  @Test func recordsOnTheDiskThatWereChangedAreRefused() throws {
    let network = try SimulatedNetwork.met(2, seed: Self.seed, after: .seconds(2))
    network.crash(0)
    let record = try #require(network.recordOnDisk(of: 1, at: 0))
    network.store(SignedStatement(record.statement, signature: network.nodes[0].record.signature), at: 0)
    try network.boot(0)
    #expect(
      network.log(0).notices.contains(.recordRefused(network.node(1), .badSignature(of: "the member record"))))
  }

  @Test func oneSeedReplaysOneRun() throws {
    func run() throws -> Digest {
      let network = try SimulatedNetwork(seed: 42, plainNodes: 5)
      for round in 0..<5 {
        network.broadcast("\(round)", from: round)
        network.run(for: .milliseconds(333))
      }
      network.crash(3)
      network.run(for: .seconds(6))
      return network.fingerprint.digest
    }
    #expect(try run() == run())
  }

  @Test func aSeedWithoutRoomIsNotHammeredAndWhoItRefusesIsTakenInByOthers() throws {
    let network = try SimulatedNetwork.watched(seed: Self.seed)
    var small = OverlayLimits()
    small.links = 6
    try network.grow(limits: small)
    for _ in 1..<40 { try network.grow() }
    network.run(for: .seconds(6))
    #expect(network.agrees, "seed \(Self.seed)")
    for host in 0..<40 {
      for other in 0..<40 { #expect(!network.sawFail(other, at: host), "seed \(Self.seed)") }
    }
    let refusals = network.count(.tooManyConnections, at: 0)
    // Where others take the newcomers in before they knock there, it refuses nobody.
    #expect(refusals <= 160, "seed \(Self.seed): \(refusals) refusals for 34 who found no room")
  }
}
