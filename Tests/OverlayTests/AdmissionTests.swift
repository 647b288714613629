import Engine
import Model
import Simulations
import Sodium
import Testing

@testable import Overlay

/// How many nodes an invitation lets in, and what those hear who come too late.
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

  static func invitation(for nodes: Int, in network: SimulatedNetwork, _ random: inout Random) throws -> Invitation {
    try network.nodes[0].identity.invite(
      seeds: [], nodes: nodes, expiresMilliseconds: network.now.wallMilliseconds + 60_000, keySeed: random.digest())
  }

  @Test(arguments: [1, 3]) func anInvitationLetsInAsManyNodesAsItIsForWhoeverBringsThem(nodes: Int) throws {
    let network = try SimulatedNetwork.met(3, seed: Self.seed)
    var random = Random.seeded(Self.seed)
    let invitation = try Self.invitation(for: nodes, in: network, &random)
    let joiners = try Self.joiners(nodes + 2, by: invitation, network, &random)
    for (index, joiner) in joiners.enumerated() {
      let record = try network.record(of: joiner, at: "host-\(9 + index):1", incarnation: 1, &random)
      network.push(record, to: 1, from: 0)
      network.run(for: .milliseconds(50))
    }
    let known = joiners.map { network.overlay(1).member($0.node) != nil }
    #expect(known == joiners.indices.map { $0 < nodes }, "seed \(Self.seed)")
    #expect(network.count(.invitationUsedUp, at: 1) >= 2)
    let told = network.nodes[1].notices.count { $0.text.contains("as many nodes as it is for") }
    #expect(told == 0, "people hear of who knocks, not of what a member says of somebody")
  }

  @Test func aMemberStaysOneThoughItsInvitationIsUsedUp() throws {
    let network = try SimulatedNetwork.met(3, seed: Self.seed)
    var random = Random.seeded(Self.seed)
    let invitation = try Self.invitation(for: 1, in: network, &random)
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
    let invitation = try Self.invitation(for: 1, in: network, &random)
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

  @Test(arguments: [0, Grant.nodeLimit + 1, -1]) func anInvitationIsForOneToSomeThousandNodes(nodes: Int) throws {
    let network = try SimulatedNetwork.met(1, seed: Self.seed)
    var random = Random.seeded(Self.seed)
    #expect(throws: IdentityError.self) { try Self.invitation(for: nodes, in: network, &random) }
    // Nor does a grant that was made by other means pass.
    let key = try SigningKey(seed: random.bytes(32))
    let founder = network.nodes[0].identity
    let grant = try founder.sign(
      Grant(
        .invitationKey(key.verificationKey, nodes: nodes), expiresMilliseconds: 1 << 50,
        certificate: founder.certificate))
    #expect(throws: IdentityError.self) {
      try Grant.checked(grant, genesis: founder.genesis, network: founder.network)
    }
  }
}
