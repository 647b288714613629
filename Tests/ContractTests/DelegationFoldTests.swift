import Contract
import Model
import Overlay
import RoundFixtures
import Testing

/// What the contract allows of members that delegate coordination (R10).
@Suite struct DelegationFoldTests {
  private static let four = Round.four
  /// A coordinator, two members, and two that offer nothing.
  private let round: Round

  init() throws {
    round = try Round(seed: 12, totals: [Self.four, Self.four, Self.four, .zero, .zero])
  }

  private func delegation(
    _ index: Int, to agent: Int?, after: Int, by signer: Int? = nil, person: String = "ada", reason: String = "why"
  ) throws -> CoordinationDelegated {
    try CoordinationDelegated(
      delegation: round.identities[signer ?? index].sign(
        Delegation(after: after, agent: agent.map(round.node), person: person, reason: reason), collaboration: round.id)
    )
  }

  private func changing(_ state: CollaborationState, to indices: [Int]) throws -> VotersChanging {
    VotersChanging(
      configuration: try Configuration(
        voters: state.configuration.voters,
        next: indices.map { Configuration.Voter(node: round.node($0), epoch: 1) }))
  }

  @Test("A member delegates by its own signed word to another that offers nothing, votes and stays")
  func rules() throws {
    var round = round
    #expect(try round.refusal(of: delegation(1, to: 2, after: 1)) == .membership, "it offers resources")
    #expect(try round.refusal(of: delegation(3, to: 3, after: 1)) == .membership, "itself")
    #expect(try round.refusal(of: delegation(1, to: 3, after: 2)) == .order, "an entry that is not there yet")
    #expect(try round.refusal(of: delegation(1, to: 3, after: -1)) == .order)
    #expect(try round.refusal(of: delegation(1, to: 3, after: 1, person: "")) == .limit)
    var long = Delegation(after: 1, agent: round.node(3), person: "ada", reason: "")
    long.reason = String(repeating: "r", count: Delegation.reasonLimit + 1)
    let signed = try round.identities[1].sign(long, collaboration: round.id)
    #expect(try round.refusal(of: CoordinationDelegated(delegation: signed)) == .limit)
    var forged = try delegation(1, to: 3, after: 1).delegation
    forged = SignedStatement(forged.statement, signature: try delegation(2, to: 3, after: 1).delegation.signature)
    #expect(try round.refusal(of: CoordinationDelegated(delegation: forged)) == .signature)
    try round.apply(
      MemberLeaving(
        node: round.node(4),
        request: round.identities[4].sign(LeaveRequest(after: 1, reason: ""), collaboration: round.id)))
    #expect(try round.refusal(of: delegation(1, to: 4, after: 1)) == .membership, "it is leaving")
    try round.apply(delegation(1, to: 3, after: 1))
    #expect(round.state.delegations[round.node(1)]?.agent == round.node(3))
    #expect(round.state.delegations[round.node(1)]?.person == "ada")
    #expect(try round.refusal(of: delegation(1, to: 3, after: 3)) == .duplicate, "it does already")
  }

  @Test("Words are limited in rate, but what was said is taken back at once, also before it is decided")
  func rate() throws {
    var round = round
    let early = try delegation(1, to: 3, after: 1)
    // It waits while its author thinks better of it.
    try round.apply(delegation(1, to: nil, after: 1))
    #expect(try round.refusal(of: early) == .order)
    #expect(try round.refusal(of: delegation(1, to: 3, after: 2)) == .limit)
    #expect(try round.refusal(of: delegation(1, to: nil, after: 2)) == .limit)
    round.time += Int64(round.state.contract.election.callIntervalMilliseconds)
    try round.apply(delegation(1, to: 3, after: 2))
    try round.apply(delegation(1, to: nil, after: 3))
    #expect(try round.refusal(of: delegation(1, to: 4, after: 4)) == .limit)
  }

  @Test("Words from before who says them, or whom they are about, became a member count no more")
  func fresh() throws {
    var round = round
    let old = try delegation(1, to: 3, after: 1)
    let other = try delegation(2, to: 3, after: 1)
    try round.apply(
      MemberLeaving(
        node: round.node(1),
        request: round.identities[1].sign(LeaveRequest(after: 1, reason: ""), collaboration: round.id)))
    #expect(try round.refusal(of: old) == .order)
    try round.apply(
      MemberLeaving(
        node: round.node(3),
        request: round.identities[3].sign(LeaveRequest(after: 1, reason: ""), collaboration: round.id)))
    #expect(try round.refusal(of: other) != nil)
  }

  @Test("New voters alone end no agency, and by a transfer to another it is not met")
  func lasting() throws {
    var round = try Round(seed: 14, totals: [Self.four, Self.four, .zero], contract: .standard)
    func say(_ index: Int) throws -> CoordinationDelegated {
      CoordinationDelegated(
        delegation: try round.identities[index].sign(
          Delegation(after: 1, agent: round.node(2), person: "ada", reason: ""), collaboration: round.id))
    }
    for index in 0...1 { try round.apply(say(index)) }
    #expect(round.state.agency?.agent == round.node(2) && round.state.agency?.isMet == false)
    func begin(_ term: Int, _ index: Int, _ cause: String) throws {
      try round.state.apply(
        LedgerRecord(
          number: round.state.lastEntry + 1, term: term, timeMilliseconds: 2_000, kind: TermRecord.kind,
          body: .object([
            "cause": .object(["kind": .string(cause)]), "coordinator": .string(round.node(index).hexadecimal),
          ])))
    }
    try begin(2, 1, "transferred")
    #expect(round.state.agency?.isMet == false)
    try begin(3, 2, "called")
    #expect(round.state.agency?.isMet == true)
  }

  @Test("Who has no vote is delegated to by nobody")
  func voteless() throws {
    var contract = ContractDocument.standard
    contract.election.votersAtMost = 1
    var round = try Round(seed: 13, totals: [Self.four, .zero], contract: contract)
    let body = Delegation(after: 1, agent: round.node(1), person: "ada", reason: "")
    let signed = try round.identities[0].sign(body, collaboration: round.id)
    #expect(try round.refusal(of: CoordinationDelegated(delegation: signed)) == .membership)
  }

  @Test("A quorum of the other voters makes an agent, it stays one while that lasts, and old words count no more")
  func quorum() throws {
    var round = round
    #expect(round.state.delegationsNeeded(for: round.node(3)) == 3)
    try round.apply(delegation(0, to: 3, after: 1))
    try round.apply(delegation(1, to: 3, after: 1))
    #expect(round.state.agency == nil, "two of the three that it takes")
    let newest = try delegation(2, to: 3, after: 1)
    try round.apply(newest)
    let agency = try #require(round.state.agency)
    #expect(agency.agent == round.node(3) && agency.former == nil && agency.entry == 4 && agency.by == round.node(2))
    #expect(!agency.isMet && agency.needed == 3)
    try round.apply(delegation(4, to: 3, after: 1))
    #expect(round.state.agency == agency, "one more changes nothing")
    try round.apply(delegation(2, to: nil, after: 4))
    #expect(round.state.agency == agency, "three are left")
    #expect(try round.refusal(of: newest) == .order, "what was withdrawn cannot be said again by another")
    try round.apply(delegation(1, to: nil, after: 4))
    let ended = try #require(round.state.agency)
    #expect(ended.agent == nil && ended.former == round.node(3) && ended.entry == 7 && ended.by == round.node(1))
    #expect(ended.isMet, "it never coordinated")
    #expect(round.state.delegations[round.node(1)] != nil && round.state.delegations[round.node(1)]?.agent == nil)
  }

  @Test("New voters, and members that leave, are counted anew")
  func membership() throws {
    var round = round
    for index in 0...2 { try round.apply(delegation(index, to: 3, after: 1)) }
    try round.apply(changing(round.state, to: [0, 1, 2, 3, 4]))
    #expect(round.state.agency?.agent == round.node(3))
    try round.apply(
      VotersChanged(
        configuration: Configuration(voters: (0...4).map { .init(node: round.node($0), epoch: 1) }), decided: .null))
    try round.apply(
      MemberLeaving(
        node: round.node(2),
        request: round.identities[2].sign(LeaveRequest(after: 5, reason: ""), collaboration: round.id)))
    #expect(round.state.agency?.agent == round.node(3), "who leaves still votes")
    try round.apply(changing(round.state, to: [0, 1, 3, 4]))
    #expect(round.state.agency?.agent == round.node(3), "two of three others on the next side")
    try round.apply(
      VotersChanged(
        configuration: Configuration(voters: [0, 1, 3, 4].map { .init(node: round.node($0), epoch: 1) }), decided: .null
      ))
    try round.apply(MemberLeft(node: round.node(2), version: 2))
    #expect(round.state.delegations[round.node(2)]?.agent == nil)
    #expect(round.state.agency?.agent == round.node(3))
    // Who had it leaves.
    try round.apply(
      MemberLeaving(
        node: round.node(3),
        request: round.identities[3].sign(LeaveRequest(after: 10, reason: ""), collaboration: round.id)))
    #expect(round.state.agency?.agent == nil && round.state.agency?.former == round.node(3))
    #expect(round.state.agency?.entry == 11 && round.state.agency?.by == nil)
    try round.apply(changing(round.state, to: [0, 1, 4]))
    try round.apply(
      VotersChanged(
        configuration: Configuration(voters: [0, 1, 4].map { .init(node: round.node($0), epoch: 1) }), decided: .null))
    try round.apply(MemberLeft(node: round.node(3), version: 3))
    #expect(round.state.delegations.values.allSatisfy { $0.agent == nil })
  }

  @Test("A term tells whether its coordinator had the delegation of a quorum")
  func terms() throws {
    var round = round
    for index in 0...2 { try round.apply(delegation(index, to: 3, after: 1)) }
    for (term, index) in [(2, 3), (3, 1)] {
      try round.state.apply(
        LedgerRecord(
          number: round.state.lastEntry + 1, term: term, timeMilliseconds: 2_000, kind: TermRecord.kind,
          body: .object(["coordinator": .string(round.node(index).hexadecimal)])))
    }
    #expect(round.state.terms.map(\.isDelegated) == [true, false])
  }
}
