import Model
import Overlay
import Testing

/// How facts spread.
@Suite struct TreeTests {
  static let seed = UInt64.random(in: 0...UInt64.max)

  @Test(arguments: [20, 3_000])
  func broadcastsReachAllByFewCopiesAndHops(textBytes: Int) throws {
    var world = World(seed: Self.seed)
    for _ in 0..<30 { try world.add() }
    world.run(for: .seconds(5))
    // The first ones shape the tree.
    for round in 0..<5 {
      try world.broadcast("first \(round)", from: round)
      world.run(for: .milliseconds(500))
    }
    let before = world.hosts.map(\.core.traffic.factBodiesReceived)
    let text = String(repeating: "x", count: textBytes)
    var sent: [(id: StatementID, from: Int)] = []
    for round in 0..<20 {
      let from = (round * 7) % 30
      sent.append((try world.broadcast("\(text) \(round)", from: from), from))
      world.run(for: .milliseconds(500))
    }
    var missed = 0
    for host in world.hosts.indices {
      missed += sent.count { $0.from != host && !world.hosts[host].delivered.contains($0.id) }
    }
    #expect(missed == 0, "seed \(Self.seed)")
    let copies = zip(world.hosts, before).reduce(0) { $0 + $1.0.core.traffic.factBodiesReceived - $1.1 }
    #expect(Double(copies) / Double(20 * 29) <= 1.5, "seed \(Self.seed)")
    let hops = world.hosts.flatMap { host in sent.compactMap { host.hops[$0.id] } }.max() ?? 0
    #expect((1...10).contains(hops), "seed \(Self.seed)")
  }

  @Test func theTreeMendsItselfWhenNodesDie() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<20 { try world.add() }
    world.run(for: .seconds(5))
    for round in 0..<5 {
      try world.broadcast("first \(round)", from: round)
      world.run(for: .milliseconds(300))
    }
    for host in 15..<20 { world.kill(host) }
    var ids: [StatementID] = []
    for round in 0..<10 {
      ids.append(try world.broadcast("in the midst \(round)", from: 0))
      world.run(for: .milliseconds(400))
    }
    world.run(for: .seconds(15))
    for host in 1..<15 {
      #expect(ids.allSatisfy { world.hosts[host].delivered.contains($0) }, "seed \(Self.seed), host \(host)")
    }
  }

  @Test func aRelayThatWithholdsStopsNothing() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<20 { try world.add() }
    world.run(for: .seconds(5))
    // Three hosts pass no fact on, and lie about nothing else.
    world.tamper = { from, _, frame in (3..<6).contains(from) && frame.count > 200 ? nil : frame }
    var ids: [StatementID] = []
    for round in 0..<10 {
      ids.append(try world.broadcast("withheld \(round)", from: 0))
      world.run(for: .milliseconds(400))
    }
    world.run(for: .seconds(20))
    for host in 1..<20 {
      #expect(ids.allSatisfy { world.hosts[host].delivered.contains($0) }, "seed \(Self.seed), host \(host)")
    }
  }

  @Test func aGoodbyeReachesThoseWhoWereNotLinked() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<20 { try world.add() }
    world.run(for: .seconds(5))
    world.hosts[9].incarnation = 2
    let goodbye = try world.record(of: 9, leaving: true)
    world.give(.leave(goodbye), to: 9)
    world.run(for: .milliseconds(50))
    world.kill(9)
    world.run(for: .seconds(3))
    for host in world.hosts.indices where host != 9 {
      #expect(world.hosts[host].core.member(world.node(9))?.state == .left, "seed \(Self.seed), host \(host)")
      #expect(!world.hosts[host].changes.contains { $0 == (world.node(9), .failed) }, "seed \(Self.seed)")
    }
  }

  @Test func streamsThatNobodyWantsAreClosed() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<30 { try world.add() }
    world.run(for: .seconds(5))
    try world.send("a word", from: 0, to: 29)
    world.run(for: .seconds(120))
    let most = world.hosts.map(\.core.linkedPeers.count).max() ?? 0
    #expect(most <= 8, "seed \(Self.seed)")
  }
}
