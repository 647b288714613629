import Model
import Testing

@testable import Overlay

/// What comes in datagrams, and what their keys bound.
@Suite struct DatagramTests {
  static let seed = UInt64.random(in: 0...UInt64.max)

  static func world(_ count: Int, limits: OverlayLimits = OverlayLimits()) throws -> World {
    var world = World(seed: seed)
    for _ in 0..<count { try world.add(limits: limits) }
    world.run(for: .seconds(3))
    return world
  }

  @Test func capturedDatagramsThatComeAgainChangeNothingButCounters() throws {
    var world = try Self.world(4)
    world.captures = true
    world.run(for: .seconds(20))
    world.captures = false
    let captured = world.captured
    world.run(for: .seconds(5))
    let before = world.hosts.map(\.core.members)
    let replayed = world.hosts.indices.map { world.count(.replayed, at: $0) }
    let sent = world.hosts.map(\.datagrams)
    for datagram in captured {
      world.give(.datagram(datagram.bytes, from: World.address(datagram.from)), to: datagram.to)
    }
    for host in world.hosts.indices {
      let arrived = captured.count { $0.to == host }
      #expect(world.count(.replayed, at: host) - replayed[host] == arrived, "seed \(Self.seed)")
      #expect(world.hosts[host].core.members == before[host], "seed \(Self.seed)")
      #expect(world.hosts[host].datagrams == sent[host], "seed \(Self.seed): a replay was answered")
    }
  }

  @Test func noChangedBitOfADatagramPassesAndNoneCostsALink() throws {
    var world = try Self.world(3)
    world.captures = true
    world.run(for: .seconds(3))
    let datagram = try #require(world.captured.last)
    world.cut(0, 1)
    world.cut(0, 2)
    world.cut(1, 2)
    let links = world.hosts[datagram.to].core.linkedPeers
    let before = world.hosts[datagram.to].core.member(world.node(datagram.from))
    for index in datagram.bytes.indices {
      var changed = datagram.bytes
      changed[index] ^= 1 << UInt8(index % 8)
      world.give(.datagram(changed, from: World.address(datagram.from)), to: datagram.to)
    }
    for count in 0..<datagram.bytes.count {
      world.give(.datagram(Array(datagram.bytes.prefix(count)), from: "host-9:1"), to: datagram.to)
    }
    let core = world.hosts[datagram.to].core
    #expect(core.member(world.node(datagram.from)) == before, "seed \(Self.seed)")
    #expect(core.linkedPeers == links)
    let reasons: [DropReason] = [.garbage, .malformed, .unknownAuthor, .unknownKey, .alteredDatagram, .replayed]
    #expect(reasons.reduce(0) { $0 + world.count($1, at: datagram.to) } >= 2 * datagram.bytes.count)
  }

  @Test func randomDatagramsAreCountedAndChangeNothing() throws {
    var world = try Self.world(2)
    var random = Random.seeded(Self.seed)
    let before = world.hosts[0].core.members
    for _ in 0..<2_000 {
      let kind = UInt8.random(in: 0...3, using: &random)
      let count = Int.random(in: 0...1_200, using: &random)
      world.give(.datagram(DatagramHead.magic + [kind] + random.bytes(count), from: "host-9:1"), to: 0)
    }
    #expect(world.hosts[0].core.members == before, "seed \(Self.seed)")
    #expect(world.hosts[0].core.counters.values.reduce(0, +) >= 2_000)
  }

  @Test func aRecordFitsADatagramAndIsMadeAnewFromIt() throws {
    let world = try Self.world(2)
    let record = try #require(world.hosts[1].core.ownRecord)
    let compact = try CompactRecords.roundTrip(record)
    #expect(compact == record.signed)
  }

  @Test func keysAreRenewedAndWhatIsUnderWayStillArrives() throws {
    var limits = OverlayLimits()
    limits.keyLife = .seconds(30)
    limits.keyGrace = .seconds(5)
    var world = try Self.world(4, limits: limits)
    let before = world.hosts.map(\.process.datagramKey)
    world.run(for: .seconds(120))
    for host in world.hosts.indices {
      #expect(world.hosts[host].renewals >= 2, "seed \(Self.seed)")
      #expect(world.hosts[host].process.datagramKey != before[host])
      #expect(!world.hosts[host].changes.contains { $0.1 == .failed }, "seed \(Self.seed)")
    }
    let agrees = world.agrees
    #expect(agrees, "seed \(Self.seed)")
  }

  @Test func aNodeThatStartsAnewIsUnderstoodByWhoKnewItsOldKey() throws {
    var world = try Self.world(3)
    world.kill(2)
    world.run(for: .milliseconds(100))
    try world.restart(2)
    world.run(for: .seconds(3))
    let agrees = world.agrees
    #expect(agrees, "seed \(Self.seed)")
    #expect(!world.hosts[0].changes.contains { $0 == (world.node(2), .failed) })
  }

  @Test func aSeedThatStartsLateIsMetByADatagramWithinSeconds() throws {
    var world = World(seed: Self.seed)
    try world.add()
    world.kill(0)
    try world.add()
    // Long enough for dials to come seldom, and within the grant's minute.
    world.run(for: .seconds(45))
    try world.restart(0)
    world.run(for: .seconds(3))
    let agrees = world.agrees
    #expect(agrees, "seed \(Self.seed)")
  }

  @Test func whoIsNotAdmittedHearsNothing() throws {
    var world = try Self.world(2)
    var random = Random.seeded(Self.seed)
    // A network of the same name, and a grant that is over.
    let other = try LocalIdentity.founding(
      name: "test", seeds: NodeSeeds(random: &random), createdMilliseconds: world.now.wallMilliseconds,
      nonce: random.digest())
    let invitation = try world.hosts[0].identity.invite(
      seeds: [], expiresMilliseconds: world.now.wallMilliseconds + 1_000, keySeed: random.digest())
    let late = try LocalIdentity.joining(
      invitation, seeds: NodeSeeds(random: &random), nowMilliseconds: world.now.wallMilliseconds)
    world.run(for: .seconds(5))
    for stranger in [other, late] {
      let process = try World.Process(random: &random)
      let record = try World.record(of: stranger, index: 9, incarnation: 1, now: world.now, process: process)
      let sent = world.hosts[0].datagrams
      let members = world.hosts[0].core.members.map(\.id)
      let hello = try CompactRecords.hello(record, network: stranger.network, to: world.node(0))
      world.give(.datagram(hello, from: World.address(9)), to: 0)
      world.run(for: .milliseconds(5))
      #expect(world.hosts[0].datagrams - sent <= 2, "probes of the other member alone")
      #expect(world.hosts[0].core.members.map(\.id) == members, "seed \(Self.seed)")
    }
    #expect(world.count(.expiredGrant, at: 0) == 1)
    #expect(world.count(.notAdmitted, at: 0) == 1)
  }
}
