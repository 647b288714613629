import Contract
import Model
import Overlay
import RoundFixtures
import Testing

/// What the contract allows of members and voters that change (R7, R13).
@Suite struct MembershipFoldTests {
  private let newcomer: LocalIdentity
  private let round: Round

  init() throws {
    round = try Round(seed: 5)
    var random = Random.seeded(9)
    let invitation = try round.coordinator.invite(seeds: [], expiresMilliseconds: 1 << 50, keySeed: random.digest())
    newcomer = try LocalIdentity.joining(invitation, seeds: NodeSeeds(random: &random), nowMilliseconds: 1)
  }

  private func member(total: Amounts = Round.four, price: Int = 50) -> RosterMember {
    RosterMember(
      node: newcomer.node, name: "newcomer", owner: "o", kind: "edge", certificate: newcomer.certificate,
      adapters: ["noop"], sandboxed: true, total: total, priceMicroPerCPUSecond: price)
  }

  private func joining(
    _ member: RosterMember, after: Int = 1, version: Int = 2, contract: Digest? = nil, by signer: LocalIdentity? = nil
  ) throws -> MemberJoined {
    let request = JoinRequest(after: after, contract: contract ?? round.state.contractHash, member: member)
    return MemberJoined(
      member: member, request: try (signer ?? newcomer).sign(request, collaboration: round.id), version: version)
  }

  private func leaving(_ index: Int, after: Int) throws -> MemberLeaving {
    MemberLeaving(
      node: round.node(index),
      request: try round.identities[index].sign(
        LeaveRequest(after: after, reason: "maintenance"), collaboration: round.id))
  }

  private func joint(_ state: CollaborationState, _ nodes: [NodeID]) throws -> VotersChanging {
    VotersChanging(
      configuration: try Configuration(
        voters: state.configuration.voters, next: nodes.map { Configuration.Voter(node: $0, epoch: 1) }))
  }

  private func ended(_ nodes: [NodeID]) throws -> VotersChanged {
    VotersChanged(
      configuration: try Configuration(voters: nodes.map { Configuration.Voter(node: $0, epoch: 1) }), decided: .null)
  }

  @Test("A member joins by its own signed request under this contract, once")
  func joins() throws {
    var round = round
    #expect(try round.refusal(of: joining(member(), contract: .zero)) == .agreement)
    #expect(try round.refusal(of: joining(member(), by: round.identities[1])) == .signature)
    #expect(try round.refusal(of: joining(member(), version: 3)) == .order)
    #expect(try round.refusal(of: joining(member(), after: 2)) == .order, "an entry that is not there yet")
    #expect(try round.refusal(of: joining(member(price: 101))) == .membership, "the contract pays 100")
    var other = try joining(member())
    other.member.total = .zero
    #expect(try round.refusal(of: other) == .agreement)
    try round.apply(joining(member()))
    #expect(round.state.roster.version == 2 && round.state.roster[newcomer.node] == member())
    #expect(round.state.weights[newcomer.node]?.ppm == round.state.contract.weights.initialPPM)
    #expect(!round.state.configuration.hasVote(newcomer.node))
    #expect(try round.refusal(of: joining(member(), after: 2, version: 3)) == .duplicate)
  }

  @Test("Voters change by a joint step to members that stay; nobody who stays loses its vote")
  func voters() throws {
    var round = round
    let old = round.state.configuration.voters.map(\.node)
    #expect(try round.refusal(of: joint(round.state, old + [newcomer.node])) == .membership)
    try round.apply(joining(member()))
    #expect(round.state.nextVoters { _ in false }.map(\.node) == old)
    let all = round.state.nextVoters { _ in true }.map(\.node)
    #expect(all == (old + [newcomer.node]).sorted())
    #expect(try round.refusal(of: joint(round.state, Array(all.dropLast()))) == .membership)
    #expect(try round.refusal(of: ended(all)) == .order)
    try round.apply(joint(round.state, all))
    #expect(try round.refusal(of: joint(round.state, all)) == .order)
    #expect(try round.refusal(of: ended(old)) == .order)
    try round.apply(ended(all))
    #expect(round.state.configuration.next == nil && round.state.configuration.hasVote(newcomer.node))
  }

  @Test("A member leaves by its own request, without work, vote or office; an old request counts no more")
  func leaves() throws {
    var round = round
    let node = round.node(1)
    let task = try round.submit()
    #expect(try round.refusal(of: leaving(0, after: 2)) == .membership, "the coordinator")
    #expect(try round.refusal(of: MemberLeft(node: node, version: 2)) == .membership)
    let offer = try round.offer(task, FoldTests.all, to: 1)
    let answer = try round.answer(offer, task, accepted: FoldTests.all, by: 1)
    var busy = round
    try busy.apply(OfferAnswered(offer: offer, answer: answer))
    try round.apply(leaving(1, after: 2))
    #expect(try round.refusal(of: leaving(1, after: 3)) == .duplicate)
    #expect(round.state.obstacle(toLeavingOf: node) == "still has a vote")
    let staying = round.state.nextVoters { _ in true }.map(\.node)
    #expect(!staying.contains(node))
    try round.apply(joint(round.state, staying))
    try round.apply(ended(staying))
    try round.apply(MemberLeft(node: node, version: 2))
    #expect(round.state.roster[node] == nil && round.state.departed == [node])
    #expect(try round.refusal(of: leaving(1, after: 3)) == .membership)

    try busy.apply(leaving(1, after: 3))
    try busy.apply(joint(busy.state, staying))
    try busy.apply(ended(staying))
    #expect(busy.state.obstacle(toLeavingOf: node) == "still has work")
    #expect(try busy.refusal(of: MemberLeft(node: node, version: 2)) == .membership)
  }
}
