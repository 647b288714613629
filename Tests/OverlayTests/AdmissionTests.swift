import Engine
import Model
import Simulations
import Sodium
import Testing

@testable import Overlay

/// An invitation lets in one node, and who comes too late hears why.
@Suite struct AdmissionTests {
  static let seed = UInt64.random(in: 0...UInt64.max)

  /// Nodes that joined by one invitation.
  static func joiners(
    _ count: Int, by invitation: Invitation, _ network: SimulatedNetwork, _ random: inout Random
  ) throws -> [LocalIdentity] {
    try (0..<count).map { _ in
      try LocalIdentity.joining(
        invitation, seeds: NodeSeeds(random: &random), nowMilliseconds: network.now.wallMilliseconds)
    }
  }

  static func invitation(in network: SimulatedNetwork, _ random: inout Random) throws -> Invitation {
    try network.nodes[0].identity.invite(
      seeds: [], expiresMilliseconds: network.now.wallMilliseconds + 60_000, keySeed: random.digest())
  }

  @Test func anInvitationLetsInOneNodeWhoeverBringsIt() throws {
    let network = try SimulatedNetwork.met(3, seed: Self.seed)
    var random = Random.seeded(Self.seed)
    let invitation = try Self.invitation(in: network, &random)
    let joiners = try Self.joiners(3, by: invitation, network, &random)
    for (index, joiner) in joiners.enumerated() {
      let record = try network.record(of: joiner, at: "host-\(9 + index):1", incarnation: 1, &random)
      network.push(record, to: 1, from: 0)
      network.run(for: .milliseconds(50))
    }
    let known = joiners.map { network.overlay(1).member($0.node) != nil }
    #expect(known == [true, false, false], "seed \(Self.seed)")
    #expect(network.count(.invitationUsedUp, at: 1) >= 2)
    let told = network.nodes[1].notices.count { $0.text.contains("another node has come in") }
    #expect(told == 0, "people hear of who knocks, not of what a member says of somebody")
  }

  @Test func aMemberStaysOneThoughItsInvitationIsUsedUp() throws {
    let network = try SimulatedNetwork.met(3, seed: Self.seed)
    var random = Random.seeded(Self.seed)
    let invitation = try Self.invitation(in: network, &random)
    let joiner = try Self.joiners(1, by: invitation, network, &random)[0]
    for incarnation in 1...2 {
      let record = try network.record(of: joiner, at: "host-9:\(incarnation)", incarnation: incarnation, &random)
      network.push(record, to: 1, from: 0)
      network.run(for: .milliseconds(50))
    }
    #expect(network.overlay(1).member(joiner.node)?.incarnation == 2, "seed \(Self.seed)")
    #expect(network.count(.invitationUsedUp, at: 1) == 0)
    // What is on the disk counts as before.
    try network.startAnew(1)
    network.run(for: .seconds(2))
    let second = try Self.joiners(1, by: invitation, network, &random)[0]
    let before = network.count(.invitationUsedUp, at: 1)
    let record = try network.record(of: second, at: "host-10:1", incarnation: 1, &random)
    network.push(record, to: 1, from: try #require(network.overlay(1).linkedPeers.first == network.node(0) ? 0 : 2))
    network.run(for: .milliseconds(50))
    #expect(network.overlay(1).member(second.node) == nil, "seed \(Self.seed)")
    #expect(network.count(.invitationUsedUp, at: 1) > before)
  }

  @Test func whoCameByAnInvitationCountsItself() throws {
    let network = try SimulatedNetwork.met(1, seed: Self.seed)
    var random = Random.seeded(Self.seed)
    let invitation = try Self.invitation(in: network, &random)
    let joiners = try Self.joiners(2, by: invitation, network, &random)
    var core = OverlayCore(identity: joiners[0])
    let records = try joiners.map { try network.record(of: $0, at: "host-9:1", incarnation: 1, &random) }
    var effects: [OverlayEffect] = []
    for input in [
      .start(OverlayStart(record: records[0], datagramSeed: random.bytes(32), seeds: [])),
      .linkOpened(LinkID(1), peer: records[1], dialled: false),
    ] as [OverlayInput] {
      core.step(input, at: network.now, random: &random, into: &effects)
    }
    #expect(core.member(joiners[1].node) == nil)
    #expect(effects.contains { if case .close(_, .invitationUsedUp) = $0 { true } else { false } })
  }

  @Test func aNodeShowsItsNewestRecordInHandshakes() throws {
    var lone = try LoneCore(peerCount: 0, seed: Self.seed)
    let records = try (0..<2).map { _ in try lone.record(of: lone.identity, datagramSeed: lone.random.bytes(32)) }
    func shown(after record: SignedStatement) -> [StatementID] {
      lone.tell(.announce(record)).compactMap { if case .present(let record) = $0 { record.id } else { nil } }
    }
    #expect(shown(after: records[1]) == [records[1].id], "seed \(Self.seed)")
    #expect(shown(after: records[0]).isEmpty, "an older one is none of its own any more")
  }

  @Test func aMemberCannotLeaveItsPlaceToAnotherByTakingASecondInvitation() throws {
    var lone = try LoneCore(peerCount: 1, seed: Self.seed)
    // The same keys, by two grants.
    let seeds = NodeSeeds(random: &lone.random)
    var records: [SignedStatement] = []
    for _ in 0..<2 {
      let invitation = try lone.identity.invite(
        seeds: [], expiresMilliseconds: lone.now.wallMilliseconds + 60_000, keySeed: lone.random.digest())
      let identity = try LocalIdentity.joining(
        invitation, seeds: seeds, nowMilliseconds: lone.now.wallMilliseconds)
      records.append(try lone.record(of: identity, datagramSeed: lone.random.bytes(32)))
    }
    let node = records[0].statement.author
    lone.hearAndCheck(OverlayFrame.fact(records[0], hops: 1, detour: false), from: 0)
    #expect(lone.core.memberRecord(of: node) != nil)
    let effects = lone.hearAndCheck(OverlayFrame.fact(records[1], hops: 1, detour: false), from: 0)
    #expect(effects.checkCount == 0, "seed \(Self.seed)")
    #expect(lone.core.member(node)?.incarnation == (try records[0].statement.decode(MemberRecord.self)).incarnation)
    #expect(lone.core.counters[.otherAdmission] == 1)
    // On a stream of its own it hears why.
    let opened = lone.tell(.linkOpened(LinkID(9), peer: records[1], dialled: false))
    #expect(opened.contains { if case .close(LinkID(9), .otherAdmission) = $0 { true } else { false } })
  }

  @Test("A handshake with who let this node in no more is no sign of life; the first word that is no refusal is one")
  func whoShutsThisNodeOut() throws {
    var lone = try LoneCore(peerCount: 0, seed: Self.seed)
    try lone.meet(1)
    let peer = lone.peers[0].node
    func knock(_ frame: [UInt8]) {
      lone.open(0)
      lone.hear(frame, from: 0)
      lone.tell(.linkClosed(lone.link(0), .peerClosed))
    }
    for _ in 0..<30 {
      knock(OverlayFrame.refusal(.invitationUsedUp))
      lone.run(for: .seconds(10))
    }
    #expect(lone.core.member(peer)?.state == .failed, "seed \(Self.seed)")
    #expect(lone.core.recentRefusal(at: lone.now.uptime)?.why == .invitationUsedUp)
    lone.run(for: OverlayLimits().encounterMemory)
    #expect(lone.core.recentRefusal(at: lone.now.uptime) == nil)
    #expect(lone.core.shutOut?.why == .invitationUsedUp, "that stands until somebody lets it in")
    lone.open(0)
    #expect(lone.core.shutOut != nil, "a stream that may be refused yet changes nothing")
    lone.tell(.linkClosed(lone.link(0), .peerClosed))
    knock(OverlayFrame.refusal(.invitationUsedUp))
    #expect(lone.core.member(peer)?.state == .failed)
    knock(OverlayFrame.ping(1))
    #expect(lone.core.member(peer)?.state == .alive)
    lone.open(0)
    for _ in 0..<120 {
      for case .ping(let nonce) in lone.run(for: .milliseconds(100)).frames(to: 0) {
        lone.hear(OverlayFrame.pong(nonce), from: 0)
      }
    }
    #expect(lone.core.shutOut == nil && lone.core.recentRefusal(at: lone.now.uptime) == nil)
  }

  @Test("People hear of each node and reason once in a long while, and of all together not all the time")
  func notices() {
    let limits = OverlayLimits()
    var pace = NoticePace<Int>()
    let told = (0..<7_200).filter { pace.admits($0 % 2, at: .seconds($0), limits) }
    #expect(told == [0, 11, 3_600, 3_611])
    let many = (0..<100).filter { pace.admits(2 + $0, at: .seconds(9_000 + $0), limits) }
    #expect(many == Array(stride(from: 0, to: 100, by: 10)))
  }

  @Test("Where one lets this node in and another does not, the other ends as failed, and nobody is shut out")
  func whoIsRefusedBySome() throws {
    var lone = try LoneCore(peerCount: 0, seed: Self.seed)
    try lone.meet(2)
    func knock() {
      lone.open(0)
      lone.hear(OverlayFrame.refusal(.otherAdmission), from: 0)
      lone.tell(.linkClosed(lone.link(0), .peerClosed))
    }
    func live(_ tenths: Int) {
      for _ in 0..<tenths {
        for case .ping(let nonce) in lone.run(for: .milliseconds(100)).frames(to: 1) {
          lone.hear(OverlayFrame.pong(nonce), from: 1)
        }
      }
    }
    lone.tell(.linkClosed(lone.link(0), .peerClosed))
    live(50)
    knock()
    live(600)
    #expect(lone.core.member(lone.peers[1].node)?.state == .alive, "seed \(Self.seed)")
    #expect(lone.core.member(lone.peers[0].node)?.state == .failed)
    for _ in 0..<6 {
      knock()
      #expect(lone.core.member(lone.peers[0].node)?.state == .failed)
      live(100)
    }
    #expect(lone.core.recentRefusal(at: lone.now.uptime)?.by == lone.peers[0].node)
    knock()
    lone.tell(.linkClosed(lone.link(1), .silent))
    #expect(lone.core.shutOut == nil, "it is cut off, not shut out")
    // A stream on which a refusal came is none that lasts: where the peer does not close it, this node does.
    lone.open(0)
    lone.hear(OverlayFrame.refusal(.otherAdmission), from: 0)
    #expect(lone.core.linkedPeers.contains(lone.peers[0].node))
    lone.run(for: .seconds(5))
    #expect(!lone.core.linkedPeers.contains(lone.peers[0].node))
    #expect(lone.core.recentRefusal(at: lone.now.uptime)?.by == lone.peers[0].node)
  }

  @Test("Who has no room for another stream takes this node for a member, whatever others say")
  func full() throws {
    var lone = try LoneCore(peerCount: 2, seed: Self.seed)
    try lone.startAnew(knowing: lone.records, seeds: [0, 1])
    func knock(_ peer: Int, _ refusal: StreamRefusal) {
      lone.open(peer)
      lone.hear(OverlayFrame.refusal(refusal), from: peer)
      lone.tell(.linkClosed(lone.link(peer), .peerClosed))
      lone.run(for: .seconds(1))
    }
    knock(0, .otherAdmission)
    #expect(lone.core.shutOut?.by == lone.peers[0].node)
    knock(1, .full)
    #expect(lone.core.shutOut == nil)
    knock(0, .misbehaved)
    knock(0, .otherAdmission)
    #expect(lone.core.shutOut == nil, "its refusal is older")
    knock(1, .tooManyMembers)
    #expect(lone.core.shutOut?.by == lone.peers[1].node)
  }

  @Test func whoLetsThisNodeNotInIsAskedAgainThoughItIsHeldFailed() throws {
    var lone = try LoneCore(peerCount: 1, seed: Self.seed)
    try lone.startAnew(knowing: [lone.records[0]], seeds: [0])
    lone.open(0)
    lone.hear(OverlayFrame.refusal(.tooManyMembers), from: 0)
    lone.tell(.linkClosed(lone.link(0), .peerClosed))
    var dials = 0
    for _ in 0..<300 {
      for case .dial(let address, let peer) in lone.run(for: .seconds(1)) where peer == lone.peers[0].node {
        dials += 1
        lone.tell(.dialFailed(peer, address: address, reason: "test"))
      }
    }
    #expect(lone.core.member(lone.peers[0].node)?.state == .failed)
    #expect((5...70).contains(dials), "seed \(Self.seed): \(dials) dials in five minutes, 30 on average")
  }
}
