import Engine
import Model
import Simulations
import Testing

@testable import Overlay

/// What comes in datagrams, and what their keys bound.
@Suite struct DatagramTests {
  static let seed = UInt64.random(in: 0...UInt64.max)

  static func world(_ count: Int, limits: OverlayLimits = OverlayLimits()) throws -> SimulatedNetwork {
    try .met(count, seed: seed, limits: limits, after: .seconds(3))
  }

  /// The datagrams that are sent in a time.
  static func captured(in network: SimulatedNetwork, for duration: Duration) throws -> [Capture.Datagram] {
    network.beginCapture()
    network.run(for: duration)
    return try #require(network.endCapture()).datagrams
  }

  static func give(_ bytes: [UInt8], from sender: String, to host: Int, in network: SimulatedNetwork) {
    network.give(.overlay(.datagram(bytes, from: sender)), to: host)
  }

  @Test func capturedDatagramsThatComeAgainChangeNothingButCounters() throws {
    let network = try Self.world(4)
    let captured = try Self.captured(in: network, for: .seconds(20))
    network.run(for: .seconds(5))
    let before = (0..<4).map { network.overlay($0).members }
    let replayed = (0..<4).map { network.count(.replayed, at: $0) }
    let sent = (0..<4).map { network.overlay($0).traffic.datagramsSent }
    for datagram in captured {
      Self.give(datagram.bytes, from: network.nodes[Int(datagram.from)].address, to: Int(datagram.to), in: network)
    }
    for host in 0..<4 {
      let arrived = captured.count { Int($0.to) == host }
      #expect(arrived > 0)
      #expect(network.count(.replayed, at: host) - replayed[host] == arrived, "seed \(Self.seed)")
      #expect(network.overlay(host).members == before[host], "seed \(Self.seed)")
      #expect(
        network.overlay(host).traffic.datagramsSent == sent[host], "seed \(Self.seed): a replay was answered")
    }
  }

  @Test func noChangedBitOfADatagramPassesAndNoneCostsALink() throws {
    let network = try Self.world(3)
    let datagram = try #require(try Self.captured(in: network, for: .seconds(3)).last)
    let (from, to) = (Int(datagram.from), Int(datagram.to))
    let links = network.overlay(to).linkedPeers
    let before = network.overlay(to).member(network.node(from))
    for index in datagram.bytes.indices {
      var changed = datagram.bytes
      changed[index] ^= 1 << UInt8(index % 8)
      Self.give(changed, from: network.nodes[from].address, to: to, in: network)
    }
    for count in 0..<datagram.bytes.count {
      Self.give(Array(datagram.bytes.prefix(count)), from: "host-9:1", to: to, in: network)
    }
    #expect(network.overlay(to).member(network.node(from)) == before, "seed \(Self.seed)")
    #expect(network.overlay(to).linkedPeers == links)
    let reasons: [DropReason] = [.garbage, .malformed, .unknownAuthor, .unknownKey, .alteredDatagram, .replayed]
    #expect(reasons.reduce(0) { $0 + network.count($1, at: to) } >= 2 * datagram.bytes.count)
  }

  @Test func randomDatagramsAreCountedAndChangeNothing() throws {
    let network = try Self.world(2)
    var random = Random.seeded(Self.seed)
    let before = network.overlay(0).members
    for _ in 0..<2_000 {
      let kind = UInt8.random(in: 0...3, using: &random)
      let count = Int.random(in: 0...1_200, using: &random)
      Self.give(DatagramHead.magic + [kind] + random.bytes(count), from: "host-9:1", to: 0, in: network)
    }
    #expect(network.overlay(0).members == before, "seed \(Self.seed)")
    #expect(network.overlay(0).counters.values.reduce(0, +) >= 2_000)
  }

  @Test func aRecordFitsADatagramAndIsMadeAnewFromIt() throws {
    let network = try Self.world(2)
    let record = try #require(network.overlay(1).ownRecord)
    let compact = try CompactRecords.roundTrip(record)
    #expect(compact == record.signed)
  }

  @Test func keysAreRenewedAndWhatIsUnderWayStillArrives() throws {
    var limits = OverlayLimits()
    limits.keyLife = .seconds(30)
    limits.keyGrace = .seconds(5)
    let network = try Self.world(4, limits: limits)
    let before = (0..<4).map { network.overlay($0).ownMemberRecord?.datagramKey }
    network.run(for: .seconds(120))
    for host in 0..<4 {
      #expect(network.log(host).renewals >= 2, "seed \(Self.seed)")
      #expect(network.overlay(host).ownMemberRecord?.datagramKey != before[host])
      #expect(!network.log(host).changes.contains { $0.state == .failed }, "seed \(Self.seed)")
    }
    #expect(network.agrees, "seed \(Self.seed)")
  }

  @Test func aNodeThatStartsAnewIsUnderstoodByWhoKnewItsOldKey() throws {
    let network = try Self.world(3)
    network.crash(2)
    network.run(for: .milliseconds(100))
    try network.boot(2)
    network.run(for: .seconds(3))
    #expect(network.agrees, "seed \(Self.seed)")
    #expect(!network.sawFail(2, at: 0))
  }

  @Test func aSeedThatStartsLateIsMetByADatagramWithinSeconds() throws {
    let network = try SimulatedNetwork.watched(seed: Self.seed)
    try network.add(.plain(0), begins: false)
    try network.grow()
    // Long enough for dials to come seldom.
    network.run(for: .seconds(45))
    try network.boot(0)
    network.run(for: .seconds(3))
    #expect(network.agrees, "seed \(Self.seed)")
  }

  @Test func whoIsNotAdmittedHearsNothing() throws {
    let network = try Self.world(2)
    var random = Random.seeded(Self.seed &+ 1)
    // A network of the same name, and a grant that is over.
    let other = try LocalIdentity.founding(
      name: "test", seeds: NodeSeeds(random: &random), createdMilliseconds: network.now.wallMilliseconds,
      nonce: random.digest())
    let late = try network.invited(lasting: 1_000, &random)
    network.run(for: .seconds(5))
    for stranger in [other, late] {
      let record = try network.record(of: stranger, at: "host-9:7000", incarnation: 1, &random)
      let sent = network.overlay(0).traffic.datagramsSent
      let members = network.overlay(0).members.map(\.id)
      let hello = try CompactRecords.hello(record, network: stranger.network, to: network.node(0))
      network.sendDatagram(hello, to: network.nodes[0].address, fromOutside: "host-9:7000")
      network.run(for: .milliseconds(5))
      #expect(network.overlay(0).traffic.datagramsSent - sent <= 2, "probes of the other member alone")
      #expect(network.overlay(0).members.map(\.id) == members, "seed \(Self.seed)")
    }
    // Nothing is sent to where nobody listens.
    #expect(network.faultCounts[.datagramUndeliverable] == 0)
    #expect(network.count(.expiredGrant, at: 0) == 1)
    #expect(network.count(.notAdmitted, at: 0) == 1)
  }
}
