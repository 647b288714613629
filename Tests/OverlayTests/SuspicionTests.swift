import Model
import Overlay
import Testing

/// Who is removed, by whom, and who is not.
@Suite struct SuspicionTests {
  static let seed = UInt64.random(in: 0...UInt64.max)

  static func world(_ count: Int) throws -> World {
    var world = World(seed: seed)
    for _ in 0..<count { try world.add() }
    world.run(for: .seconds(3))
    return world
  }

  /// How often any live host held a live one failed.
  static func falseDeaths(_ world: World, live: [Int]) -> Int {
    let ids = Set(live.map { world.node($0) })
    return live.reduce(0) { sum, host in
      sum + world.hosts[host].changes.count { ids.contains($0.0) && $0.1 == .failed }
    }
  }

  @Test func aKilledNodeIsHeldFailedByAllWithinThreeSeconds() throws {
    var world = try Self.world(12)
    world.kill(5)
    world.run(for: .seconds(3))
    for host in world.hosts.indices where host != 5 {
      #expect(world.hosts[host].core.member(world.node(5))?.state == .failed, "seed \(Self.seed), host \(host)")
    }
    #expect(Self.falseDeaths(world, live: world.hosts.indices.filter { $0 != 5 }) == 0, "seed \(Self.seed)")
  }

  @Test func lossOfThirtyInAHundredKillsNobody() throws {
    var world = try Self.world(10)
    world.lossPermille = 300
    world.run(for: .seconds(300))
    #expect(Self.falseDeaths(world, live: Array(world.hosts.indices)) == 0, "seed \(Self.seed)")
  }

  @Test func whoCannotBeReachedFromOneNodeAloneStaysAlive() throws {
    var world = try Self.world(6)
    world.oneWay = [[0, 1], [1, 0]]
    world.run(for: .seconds(60))
    #expect(Self.falseDeaths(world, live: Array(world.hosts.indices)) == 0, "seed \(Self.seed)")
    #expect(world.hosts[0].core.member(world.node(1))?.state == .alive, "seed \(Self.seed)")
  }

  @Test func aMemberThatLiesRemovesNobody() throws {
    var world = try Self.world(8)
    let liar = world.hosts[7]
    for _ in 0..<40 {
      for victim in 0..<3 {
        let refutation = world.hosts[victim].core.refutation(of: world.node(victim)) ?? 0
        let lie = try RawTraffic.accusation(
          of: world.node(victim), incarnation: world.hosts[victim].incarnation, refutation: refutation,
          by: liar.identity, wallMilliseconds: world.now.wallMilliseconds)
        for receiver in 0..<7 where receiver != victim {
          guard let datagram = world.hosts[7].core.rawDatagram(updates: [lie], to: world.node(receiver)) else {
            continue
          }
          world.give(.datagram(datagram, from: World.address(7)), to: receiver)
        }
      }
      world.run(for: .milliseconds(500))
    }
    world.run(for: .seconds(5))
    #expect(Self.falseDeaths(world, live: Array(world.hosts.indices)) == 0, "seed \(Self.seed)")
    #expect(world.hosts[0].core.refutation(of: world.node(0)) ?? 0 > 0, "nobody objected")
    #expect(world.hosts[1].changes.contains { $0 == (world.node(0), .suspected) }, "nobody heard the lies")
  }

  @Test func nobodySpeaksForAnotherAccuser() throws {
    var world = try Self.world(8)
    let forged = try RawTraffic.accusation(
      of: world.node(0), incarnation: 1, refutation: 0, by: world.hosts[7].identity,
      wallMilliseconds: world.now.wallMilliseconds)
    var changed = forged
    // The accuser's id stands after the accused's; another's is put there.
    let place = try #require(Self.place(of: world.node(7), in: forged))
    changed.replaceSubrange(place..<(place + 32), with: world.node(3).digest.bytes)
    let sealed = world.hosts[7].core.rawDatagram(updates: [changed], to: world.node(1))
    let datagram = try #require(sealed)
    world.give(.datagram(datagram, from: World.address(7)), to: 1)
    world.run(for: .milliseconds(20))
    #expect(world.count(.badSignature, at: 1) == 1)
    #expect(world.hosts[1].core.member(world.node(0))?.accusers == [])
  }

  static func place(of node: NodeID, in bytes: [UInt8]) -> Int? {
    let wanted = node.digest.bytes
    return (0..<(bytes.count - 31)).first { Array(bytes[$0..<($0 + 32)]) == wanted }
  }

  @Test func oldAccusationsAreNotCollected() throws {
    var world = try Self.world(8)
    let old = try RawTraffic.accusation(
      of: world.node(0), incarnation: 1, refutation: 0, by: world.hosts[7].identity,
      wallMilliseconds: world.now.wallMilliseconds - 120_000)
    let sealed = world.hosts[7].core.rawDatagram(updates: [old], to: world.node(1))
    let datagram = try #require(sealed)
    world.give(.datagram(datagram, from: World.address(7)), to: 1)
    world.run(for: .milliseconds(20))
    #expect(world.hosts[1].core.member(world.node(0))?.state == .alive)
    #expect(world.count(.stale, at: 1) == 1)
  }

  @Test func tooFewAccusersRemoveNobodyBeforeHalfAMinute() throws {
    var world = try Self.world(10)
    // Two remain of ten: nobody can gather four signatures.
    for host in 2..<10 { world.kill(host) }
    world.run(for: .seconds(25))
    #expect(world.hosts[0].core.member(world.node(9))?.state == .suspected, "seed \(Self.seed)")
    world.run(for: .seconds(20))
    for host in 2..<10 {
      #expect(world.hosts[0].core.member(world.node(host))?.state == .failed, "seed \(Self.seed), host \(host)")
    }
    #expect(world.hosts[0].core.member(world.node(1))?.state == .alive)
  }

  @Test func aThirdThatDiesAtOnceIsKnownToAll() throws {
    var world = try Self.world(20)
    for host in 14..<20 { world.kill(host) }
    world.run(for: .seconds(8))
    for host in 0..<14 {
      for dead in 14..<20 {
        #expect(
          world.hosts[host].core.member(world.node(dead))?.state == .failed, "seed \(Self.seed), \(dead) at \(host)")
      }
    }
    #expect(Self.falseDeaths(world, live: Array(0..<14)) == 0, "seed \(Self.seed)")
  }

  @Test func aNewcomerLearnsWhoHasFailed() throws {
    var world = try Self.world(8)
    world.kill(5)
    world.run(for: .seconds(100))
    try world.add()
    world.run(for: .seconds(5))
    #expect(world.hosts[8].core.member(world.node(5))?.state == .failed, "seed \(Self.seed)")
  }

  @Test func aPersonsPingTellsTheWay() throws {
    var world = try Self.world(5)
    func ping(_ number: UInt64) -> PingOutcome? {
      world.give(.ping(world.node(1), PingID(number)), to: 0)
      world.run(for: .seconds(2))
      return world.hosts[0].pings[PingID(number)]
    }
    guard case .answered = ping(1) else { return #expect(Bool(false), "seed \(Self.seed)") }
    world.oneWay = [[0, 1]]
    switch ping(2) {
    case .answeredThroughOthers, .answeredOnStream: break
    case let outcome: #expect(Bool(false), "seed \(Self.seed): \(String(describing: outcome))")
    }
    world.kill(1)
    #expect(ping(3) == .silent)
    var random = Random.seeded(1)
    world.give(.ping(NodeID(random.digest()), PingID(4)), to: 0)
    #expect(world.hosts[0].pings[PingID(4)] == .unknown)
  }
}
