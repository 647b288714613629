import Engine
import Model
import Simulations
import Testing

@testable import Overlay

/// Who is removed, by whom, and who is not.
@Suite struct SuspicionTests {
  static let seed = UInt64.random(in: 0...UInt64.max)

  static func world(_ count: Int) throws -> SimulatedNetwork {
    try .met(count, seed: seed, after: .seconds(3))
  }

  /// How often any live host held a live one failed, whatever befell the two.
  static func falseDeaths(_ network: SimulatedNetwork) -> Int {
    let ids = Set(network.live.map { network.node($0) })
    return network.live.reduce(0) { sum, host in
      sum + network.log(host).changes.count { ids.contains($0.node) && $0.state == .failed }
    }
  }

  @Test func aKilledNodeIsHeldFailedByAllWithinThreeSeconds() throws {
    let network = try Self.world(12)
    network.crash(5)
    network.run(for: .seconds(3))
    for host in network.live {
      #expect(network.state(of: 5, at: host) == .failed, "seed \(Self.seed), host \(host)")
      #expect(network.overlay(host).traffic.failures == 1, "seed \(Self.seed), host \(host)")
    }
    #expect(Self.falseDeaths(network) == 0, "seed \(Self.seed)")
  }

  @Test func lossOfThirtyInAHundredKillsNobody() throws {
    let network = try Self.world(10)
    network.datagramFaults.lossPermille = 300
    network.run(for: .seconds(300))
    #expect(network.faultCounts[.datagramLost] > 1_000)
    #expect(Self.falseDeaths(network) == 0, "seed \(Self.seed)")
  }

  @Test(arguments: [true, false])
  func whoCannotBeReachedFromOneNodeAloneStaysAlive(streamsPass: Bool) throws {
    let network = try Self.world(6)
    if streamsPass {
      network.cutDatagrams(from: 0, to: 1)
      network.cutDatagrams(from: 1, to: 0)
    } else {
      network.cut(0, 1)
    }
    network.run(for: .seconds(60))
    #expect(network.faultCounts[.datagramCut] > 0)
    #expect(Self.falseDeaths(network) == 0, "seed \(Self.seed)")
    #expect(network.state(of: 1, at: 0) == .alive, "seed \(Self.seed)")
  }

  /// Those who came never answer here, as if all were busy.
  @Test func whereManyComeAtOnceLateAnswersAreWaitedFor() throws {
    func accusedAfter(_ wait: Duration, newcomers: Int, quiet: Duration) throws -> Int {
      var lone = try LoneCore(peerCount: newcomers, seed: Self.seed)
      lone.pass(quiet)
      lone.run(for: wait)
      return lone.core.members.count { !$0.accusers.isEmpty }
    }
    #expect(try accusedAfter(.seconds(3), newcomers: 4, quiet: .zero) > 0, "seed \(Self.seed)")
    #expect(try accusedAfter(.seconds(3), newcomers: 64, quiet: .zero) == 0)
    #expect(try accusedAfter(.seconds(5), newcomers: 64, quiet: .seconds(10)) > 0, "it does not last")
  }

  /// The same, accused by all others just after so many came.
  static func lifeOfAnAccused(_ accused: Int, peers: Int) throws -> Duration {
    var lone = try LoneCore(peerCount: peers, seed: Self.seed)
    return try lifeOfAnAccused(accused, by: 0..<peers, in: &lone)
  }

  /// How long a member may be accused by others, and say nothing, before it is held failed.
  static func lifeOfAnAccused(_ accused: Int, by accusers: Range<Int>, in lone: inout LoneCore) throws -> Duration {
    for accuser in accusers where accuser != accused {
      let rumour = try RawTraffic.accusation(
        of: lone.peers[accused].node, incarnation: accused + 2, refutation: 0, by: lone.peers[accuser],
        wallMilliseconds: lone.now.wallMilliseconds)
      lone.hearAndCheck(RawTraffic.gossip([rumour]), from: accuser)
    }
    let start = lone.now.uptime
    while lone.core.member(lone.peers[accused].node)?.state == .suspected, lone.now.uptime - start < .seconds(40) {
      lone.run(for: .milliseconds(100))
    }
    #expect(lone.core.member(lone.peers[accused].node)?.state == .failed)
    return lone.now.uptime - start
  }

  @Test func whereManyComeAtOnceASuspectHasLongerToObject() throws {
    let calm = try Self.lifeOfAnAccused(5, peers: 7)
    let busy = try Self.lifeOfAnAccused(5, peers: 64)
    #expect(calm < .seconds(2), "seed \(Self.seed)")
    #expect(busy > .seconds(4) && busy < .seconds(15), "seed \(Self.seed)")
  }

  @Test func whereManyComeAtOnceTheCircleOfAccusersWidensAsSlowly() throws {
    // Four of the 64 are seldom among the first that may accuse.
    func life(by accusers: Range<Int>) throws -> Duration {
      var lone = try LoneCore(peerCount: 64, seed: 3)
      return try Self.lifeOfAnAccused(5, by: accusers, in: &lone)
    }
    let (byAll, byFew) = (try life(by: 0..<64), try life(by: 60..<64))
    #expect(byFew > byAll + .seconds(1) && byFew < .seconds(15), "\(byAll), \(byFew)")
  }

  @Test(arguments: [
    (order: [0, 1, 2, 3, 4], seeds: [0], isKnown: false, isSpared: true),
    (order: [1, 2, 0, 3, 4], seeds: [0], isKnown: false, isSpared: true),
    (order: [1, 0, 2, 3, 4], seeds: [0, 1], isKnown: false, isSpared: false),
    (order: [0, 1, 2, 3, 4], seeds: [0], isKnown: true, isSpared: false),
    (order: [0, 1, 2, 3, 4], seeds: [1], isKnown: false, isSpared: false),
  ])
  func theFirstSeedThatANewcomerMetIsSparedThoughManyAccuseIt(
    order: [Int], seeds: [Int], isKnown: Bool, isSpared: Bool
  ) throws {
    var lone = try LoneCore(peerCount: 5, seed: Self.seed)
    try lone.startAnew(knowing: isKnown ? lone.records : [], seeds: seeds)
    for peer in order { lone.open(peer) }
    let life = try Self.lifeOfAnAccused(0, by: 0..<5, in: &lone)
    let patience = OverlayLimits().introducerPatience
    #expect(isSpared ? life >= patience && life < patience + .seconds(1) : life < .seconds(2), "seed \(Self.seed)")
  }

  @Test func theSeedThatANewcomerCameThroughIsNotHeldFailedInTheFirstSeconds() throws {
    let network = try SimulatedNetwork.met(2, seed: Self.seed)
    network.crash(0)
    network.run(for: OverlayLimits().introducerPatience / 2)
    #expect(network.state(of: 0, at: 1) == .suspected, "seed \(Self.seed)")
    network.run(for: OverlayLimits().introducerPatience)
    #expect(network.state(of: 0, at: 1) == .failed, "seed \(Self.seed)")
    // Whom the founder let in is none of its seeds.
    let other = try SimulatedNetwork.met(2, seed: Self.seed)
    other.crash(1)
    other.run(for: .seconds(4))
    #expect(other.state(of: 1, at: 0) == .failed, "seed \(Self.seed)")
  }

  @Test func whoSaidAnythingSinceItWasAskedIsNotDoubted() throws {
    var lone = try LoneCore(peerCount: 4, seed: Self.seed)
    let pong: [UInt8] = OverlayFrame.pong(7)
    for _ in 0..<40 {
      lone.run(for: .milliseconds(200))
      lone.hear(pong, from: 2)
    }
    let accused = Set(lone.core.members.filter { !$0.accusers.isEmpty }.map(\.id))
    #expect(accused == Set([0, 1, 3].map { lone.peers[$0].node }), "seed \(Self.seed)")
    // What it says clears it of nothing that others say.
    let rumour = try RawTraffic.accusation(
      of: lone.peers[2].node, incarnation: 4, refutation: 0, by: lone.peers[3],
      wallMilliseconds: lone.now.wallMilliseconds)
    lone.hearAndCheck(RawTraffic.gossip([rumour]), from: 2)
    for _ in 0..<10 {
      lone.run(for: .milliseconds(200))
      lone.hear(pong, from: 2)
    }
    #expect(lone.core.member(lone.peers[2].node)?.accusers == [lone.peers[3].node])
  }

  @Test func aMemberThatLiesRemovesNobody() throws {
    let network = try Self.world(8)
    for _ in 0..<40 {
      for victim in 0..<3 { try network.accuse([victim], by: 7, tellingTo: (0..<7).filter { $0 != victim }) }
      network.run(for: .milliseconds(500))
    }
    network.run(for: .seconds(5))
    #expect(Self.falseDeaths(network) == 0, "seed \(Self.seed)")
    #expect(network.overlay(0).refutation(of: network.node(0)) ?? 0 > 0, "nobody objected")
    #expect(
      network.log(1).changes.contains(OverlayLog.Change(network.node(0), .suspected)), "nobody heard the lies")
  }

  /// Somebody tells node 1 that node 7 has no answer from node 0.
  static func tell(_ rumour: [UInt8], in network: SimulatedNetwork, by teller: Int = 7) throws {
    let sealed = network.nodes[teller].engine.rawDatagram(updates: [rumour], to: network.node(1))
    network.give(.overlay(.datagram(try #require(sealed), from: network.nodes[teller].address)), to: 1)
    network.run(for: .milliseconds(20))
  }

  static func accusation(in network: SimulatedNetwork, age milliseconds: Int64 = 0) throws -> [UInt8] {
    try RawTraffic.accusation(
      of: network.node(0), incarnation: try network.incarnation(of: 0), refutation: 0, by: network.nodes[7].identity,
      wallMilliseconds: network.now.wallMilliseconds - milliseconds)
  }

  @Test func nobodySpeaksForAnotherAccuser() throws {
    let network = try Self.world(8)
    var forged = try Self.accusation(in: network)
    // The accuser's id stands after the accused's; another's is put there.
    let place = try #require(Self.place(of: network.node(7), in: forged))
    forged.replaceSubrange(place..<(place + 32), with: network.node(3).digest.bytes)
    try Self.tell(forged, in: network)
    #expect(network.count(.badSignature, at: 1) == 1)
    #expect(network.overlay(1).member(network.node(0))?.accusers == [])
  }

  @Test func aForgedAccusationDoesNotSilenceTheTrueOne() throws {
    let network = try Self.world(8)
    let accusation = try Self.accusation(in: network)
    var forged = accusation
    // The signature stands last.
    forged[forged.count - 1] ^= 1
    let suspected = OverlayLog.Change(network.node(0), .suspected)
    try Self.tell(forged, in: network)
    #expect(network.count(.badSignature, at: 1) == 1)
    #expect(!network.log(1).changes.contains(suspected))
    try Self.tell(accusation, in: network, by: 6)
    #expect(network.log(1).changes.contains(suspected))
  }

  @Test func whoIsDoubtedOverAndOverNeitherFloodsNorGoesBlind() throws {
    let network = try Self.world(8)
    let before = network.overlay(0).refutation(of: network.node(0)) ?? 0
    for _ in 0..<500 {
      try network.accuse([0], by: 7, tellingTo: [0])
      network.run(for: .milliseconds(10))
    }
    let objections = (network.overlay(0).refutation(of: network.node(0)) ?? 0) - before
    #expect((2...11).contains(objections), "seed \(Self.seed): \(objections) in five seconds")
    #expect(network.overlay(0).localHealth <= 2, "seed \(Self.seed)")
    for host in 1..<8 { #expect(!network.sawFail(0, at: host), "seed \(Self.seed)") }
  }

  static func place(of node: NodeID, in bytes: [UInt8]) -> Int? {
    let wanted = node.digest.bytes
    return (0..<(bytes.count - 31)).first { Array(bytes[$0..<($0 + 32)]) == wanted }
  }

  @Test func oldAccusationsAreNotCollected() throws {
    let network = try Self.world(8)
    try Self.tell(try Self.accusation(in: network, age: 120_000), in: network)
    #expect(network.state(of: 0, at: 1) == .alive)
    #expect(network.count(.stale, at: 1) == 1)
  }

  @Test func tooFewAccusersRemoveNobodyBeforeHalfAMinute() throws {
    let network = try Self.world(10)
    // Two remain of ten: nobody can gather four signatures.
    for host in 2..<10 { network.crash(host) }
    network.run(for: .seconds(25))
    #expect(network.state(of: 9, at: 0) == .suspected, "seed \(Self.seed)")
    network.run(for: .seconds(20))
    for host in 2..<10 { #expect(network.state(of: host, at: 0) == .failed, "seed \(Self.seed), host \(host)") }
    #expect(network.state(of: 1, at: 0) == .alive)
  }

  @Test func aThirdThatDiesAtOnceIsKnownToAll() throws {
    let network = try Self.world(20)
    for host in 14..<20 { network.crash(host) }
    network.run(for: .seconds(8))
    for host in 0..<14 {
      for dead in 14..<20 {
        #expect(network.state(of: dead, at: host) == .failed, "seed \(Self.seed), \(dead) at \(host)")
      }
    }
    #expect(Self.falseDeaths(network) == 0, "seed \(Self.seed)")
  }

  @Test func aNewcomerLearnsWhoHasFailed() throws {
    let network = try Self.world(8)
    network.crash(5)
    network.run(for: .seconds(100))
    try network.grow()
    network.run(for: .seconds(5))
    #expect(network.state(of: 5, at: 8) == .failed, "seed \(Self.seed)")
  }

  @Test func aPersonsPingTellsTheWay() throws {
    let network = try Self.world(5)
    func ping(_ node: NodeID) -> PingOutcome? {
      let command = network.command(.ping(node), at: 0)
      network.run(for: .seconds(2))
      guard case .success(.pinged(let outcome)) = network.nodes[0].answers[command] else { return nil }
      return outcome
    }
    guard case .answered = ping(network.node(1)) else { return #expect(Bool(false), "seed \(Self.seed)") }
    network.cutDatagrams(from: 0, to: 1)
    switch ping(network.node(1)) {
    case .answeredThroughOthers, .answeredOnStream: break
    case let outcome: #expect(Bool(false), "seed \(Self.seed): \(String(describing: outcome))")
    }
    network.crash(1)
    #expect(ping(network.node(1)) == .silent)
    #expect(ping(NodeID(network.random.digest())) == .unknown)
  }
}
