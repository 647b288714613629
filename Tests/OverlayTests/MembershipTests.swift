import Model
import Overlay
import Testing

@Suite struct MembershipTests {
  static let seed = UInt64.random(in: 0...UInt64.max / 2)

  @Test func sevenNodesFindEachOtherThroughOneSeed() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<7 { try world.add() }
    world.run(for: .seconds(5))
    for host in world.hosts {
      #expect(host.core.members.map(\.state) == Array(repeating: .alive, count: 6), "seed \(Self.seed)")
      #expect(host.core.members.map(\.id) == host.core.members.map(\.id).sorted())
    }
  }

  @Test func oneLinkStaysWhenBothDial() throws {
    var world = World(seed: Self.seed)
    try world.add()
    try world.add(knowsSeed: false)
    world.link(0, 1)
    world.link(1, 0)
    world.run(for: .seconds(1))
    #expect(world.ends.count == 2)
    let agrees = world.agrees
    #expect(agrees)
    let id = try world.send("hello", from: 0, to: 1)
    world.run(for: .seconds(1))
    #expect(world.hosts[0].outcomes[id] == .accepted)
  }

  @Test func aKilledNodeIsSuspectedThenFailedAndComesBack() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<3 { try world.add() }
    world.run(for: .seconds(4))
    world.kill(2)
    world.run(for: .seconds(1))
    #expect(world.hosts[0].core.member(world.node(2))?.state == .suspected)
    world.run(for: .seconds(4))
    #expect(world.hosts[0].core.member(world.node(2))?.state == .failed)
    try world.restart(2)
    world.run(for: .seconds(12))
    let agrees = world.agrees
    #expect(agrees, "seed \(Self.seed)")
    #expect(world.hosts[0].core.member(world.node(2))?.state == .alive)
    #expect(world.hosts[2].core.members.count == 2)
  }

  @Test func aSilentPeerLosesItsLinkAndAHealedPartitionClosesByItself() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<4 { try world.add() }
    world.run(for: .seconds(4))
    for left in 0..<2 { for right in 2..<4 { world.cut(left, right) } }
    // Half of four are too few accusers: each believes what it sees itself, after half a minute.
    world.run(for: .seconds(40))
    #expect(world.hosts[0].core.linkedPeers == [world.node(1)])
    #expect(world.hosts[0].core.member(world.node(3))?.state == .failed)
    try world.broadcast("while apart", from: 3)
    world.cut = []
    world.run(for: .seconds(15))
    let agrees = world.agrees
    #expect(agrees, "seed \(Self.seed)")
    #expect(world.hosts[0].delivered.count == 1)
    #expect(world.hosts[1].delivered.count == 1)
  }

  @Test func leavingIsNotFailing() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<3 { try world.add() }
    world.run(for: .seconds(4))
    world.hosts[2].incarnation = 2
    let goodbye = try world.record(of: 2, leaving: true)
    world.give(.leave(goodbye), to: 2)
    world.kill(2)
    world.run(for: .seconds(10))
    #expect(world.hosts[0].core.member(world.node(2))?.state == .left)
    #expect(world.hosts[0].changes.allSatisfy { $0 != (world.node(2), .failed) })
    try world.restart(2)
    world.run(for: .seconds(5))
    let agrees = world.agrees
    #expect(agrees)
  }

  @Test func ofTwoRecordsOnTheDiskTheNewerCounts() throws {
    // Whichever of the two is read first: their order follows from their hashes.
    for seed in Self.seed..<(Self.seed + 8) {
      var world = World(seed: seed)
      for _ in 0..<2 { try world.add() }
      world.run(for: .seconds(2))
      let present = try #require(world.hosts[0].records[world.node(1)])
      world.hosts[1].incarnation = 0
      let goodbye = try world.record(of: 1, leaving: true)
      world.hosts[1].incarnation = 1
      world.kill(0)
      world.hosts[0].earlierRecords = [goodbye]
      try world.restart(0)
      world.run(for: .seconds(3))
      #expect(world.hosts[0].core.member(world.node(1))?.state == .alive, "seed \(seed), \(present.id.short)")
    }
  }

  @Test func nodesThatAllLeftAndAllCameBackFindEachOther() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<4 { try world.add() }
    world.run(for: .seconds(4))
    for host in 0..<4 {
      world.hosts[host].incarnation += 1
      let goodbye = try world.record(of: host, leaving: true)
      world.give(.leave(goodbye), to: host)
      world.run(for: .milliseconds(50))
      world.kill(host)
      world.run(for: .milliseconds(500))
    }
    for host in 0..<4 { try world.restart(host) }
    world.run(for: .seconds(12))
    let agrees = world.agrees
    #expect(agrees, "seed \(Self.seed)")
  }

  @Test func aSecondProcessWithOneKeyIsNamed() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<3 { try world.add() }
    world.run(for: .seconds(4))
    // A copy of node 2's folder starts elsewhere: a higher incarnation while the first still runs.
    let copy = try World.record(
      of: world.hosts[2].identity, index: 2, incarnation: 9, now: world.now,
      process: World.Process(random: &world.random))
    let link = LinkID(1_000_000)
    world.give(.linkOpened(link, peer: copy, dialled: false), to: 0)
    world.run(for: .seconds(3))
    #expect(world.hosts[0].notices.contains(.memberRunsTwice(world.node(2))))
    #expect(world.hosts[2].notices.contains { if case .sameKeyElsewhere = $0 { true } else { false } })
    #expect(world.count(.sameKeyElsewhere, at: 2) > 0)
  }

  @Test func garbageFromAPeerIsCountedAndClosesItsLink() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<2 { try world.add() }
    world.run(for: .seconds(2))
    var random = Random.seeded(Self.seed)
    let link = try #require(world.ends.first { $0.value.host == 0 }?.key)
    for _ in 0..<64 where world.hosts[0].core.linkedPeers.count == 1 {
      world.give(.frame(link, random.bytes(40)), to: 0)
    }
    #expect(world.hosts[0].core.linkedPeers.isEmpty, "seed \(Self.seed)")
    #expect(world.count(.malformed, at: 0) >= 8)
    #expect(world.hosts[0].notices.contains(.peerMisbehaved(world.node(1))))
    // It is let in again later.
    world.run(for: .seconds(25))
    let agrees = world.agrees
    #expect(agrees, "seed \(Self.seed)")
  }

  @Test func noFrameHoweverChangedBreaksAnything() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<3 { try world.add() }
    var random = Random.seeded(Self.seed &+ 1)
    world.tamper = { _, _, frame in
      guard Int.random(in: 0..<10, using: &random) == 0, !frame.isEmpty else { return frame }
      var changed = frame
      switch Int.random(in: 0..<3, using: &random) {
      case 0: changed[Int.random(in: 0..<changed.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
      case 1: changed = Array(changed.prefix(Int.random(in: 0..<changed.count, using: &random)))
      default: changed += random.bytes(3)
      }
      return changed
    }
    for round in 0..<20 {
      try world.broadcast("fact \(round)", from: round % 3)
      try world.send("direct \(round)", from: round % 3, to: (round + 1) % 3)
      world.run(for: .milliseconds(700))
    }
    world.tamper = nil
    world.run(for: .seconds(40))
    let agrees = world.agrees
    #expect(agrees, "seed \(Self.seed)")
    for host in world.hosts {
      #expect(Set(host.delivered).count == host.delivered.count, "seed \(Self.seed)")
    }
  }

  @Test func recordsOnTheDiskThatWereChangedAreRefused() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<2 { try world.add() }
    world.run(for: .seconds(2))
    world.kill(0)
    let record = try #require(world.hosts[0].records[world.node(1)])
    world.hosts[0].records[world.node(1)] = SignedStatement(
      record.statement, signature: world.hosts[0].record.signature)
    try world.restart(0)
    #expect(
      world.hosts[0].notices.contains(.recordRefused(world.node(1), .badSignature(of: "the member record"))))
  }

  @Test func oneSeedReplaysOneRun() throws {
    func run() throws -> [String] {
      var world = World(seed: 42)
      for _ in 0..<5 { try world.add() }
      for round in 0..<5 {
        try world.broadcast("\(round)", from: round)
        world.run(for: .milliseconds(333))
      }
      world.kill(3)
      world.run(for: .seconds(6))
      return world.trace + ["\(world.transmitted)"]
    }
    #expect(try run() == run())
  }
}
