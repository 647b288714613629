public import Model

/// What a member said last about who should coordinate for it.
public struct DelegationRecord: Hashable, Sendable {
  /// nil once it is withdrawn, or who had it left.
  public internal(set) var agent: NodeID?
  public let person: String
  public let reason: String
  public let entry: Int
  public let timeMilliseconds: Int64
}

/// Which virtual operator has the delegation of a quorum, as the ledger says (R10).
public struct Agency: Hashable, Sendable {
  /// nil since nobody has it any more.
  public let agent: NodeID?
  /// Who had it before.
  public let former: NodeID?
  /// Since which entry.
  public let entry: Int
  /// Whose delegation or withdrawal it was; nil where members or voters changed.
  public let by: NodeID?

  public init(agent: NodeID?, former: NodeID?, entry: Int, by: NodeID?) {
    self.agent = agent
    self.former = former
    self.entry = entry
    self.by = by
  }
}

// Agent mode: members delegate coordination, and take it back (design 5, Agent mode).
extension CollaborationState {
  mutating func coordinationDelegated(_ record: LedgerRecord) throws(Violation) {
    let judge = Judge(entry: record.number)
    let body = try judge.body(CoordinationDelegated.self, record)
    let delegation = try judge.statement(Delegation.self, in: body.delegation)
    let node = body.delegation.statement.author
    guard let member = roster[node] else { throw judge.violation(.membership, "\(node.short) is no member") }
    try judge.require(
      body.delegation.statement.network == charter.network && made(body.delegation), .signature,
      "of the delegation by \(node.short)")
    try judge.require(delegation.disorder == nil, .limit, delegation.disorder ?? "")
    let before = delegations[node]
    try judge.require(
      delegation.after >= before?.entry ?? 0 && delegation.after < record.number, .order,
      "\(node.short) said so after entry \(delegation.after), and something else since")
    try judge.require(
      delegation.agent != before?.agent, .duplicate,
      before?.agent == nil ? "\(member.name) delegates to nobody" : "\(member.name) delegates to it already")
    if let agent = delegation.agent {
      let obstacle = obstacle(toDelegatingTo: agent, by: node)
      try judge.require(obstacle == nil, .membership, obstacle ?? "")
    }
    delegations[node] = DelegationRecord(
      agent: delegation.agent, person: delegation.person, reason: delegation.reason, entry: record.number,
      timeMilliseconds: record.timeMilliseconds)
    settleAgency(record, by: node)
  }

  /// Why a member cannot delegate to a node; nil when it can.
  public func obstacle(toDelegatingTo agent: NodeID, by node: NodeID) -> String? {
    guard let member = roster[agent] else { return "\(agent.short) is no member of this collaboration" }
    if agent == node { return "a member cannot delegate to itself" }
    if !member.total.isZero {
      return "\(member.name) offers resources of its own, and only who offers none coordinates for others"
    }
    if leaving.contains(agent) { return "\(member.name) is leaving" }
    if !configuration.hasVote(agent) { return "\(member.name) has no vote and cannot coordinate" }
    return nil
  }

  /// Who left delegates nothing and has no delegation any more, also when it comes back.
  mutating func endDelegations(of node: NodeID) {
    for (delegator, record) in delegations where delegator == node || record.agent == node {
      delegations[delegator]?.agent = nil
    }
  }

  /// Looks anew at who has the delegation of a quorum: whoever has it keeps it as long as that lasts.
  mutating func settleAgency(_ record: LedgerRecord, by node: NodeID? = nil) {
    let current = agency?.agent
    if let current, hasDelegation(current) { return }
    let candidates = Set(delegations.values.compactMap(\.agent)).sorted()
    let next = candidates.first(where: hasDelegation)
    guard next != current else { return }
    agency = Agency(agent: next, former: current, entry: record.number, by: node)
  }

  /// Whether a quorum of the other voters delegates to a node: with its own vote that elects it.
  private func hasDelegation(_ agent: NodeID) -> Bool {
    guard !leaving.contains(agent) else { return false }
    return sides.allSatisfy { side in
      let others = side.filter { $0.node != agent }
      return others.count < side.count && !others.isEmpty
        && others.count { delegations[$0.node]?.agent == agent } >= Configuration.quorum(of: others.count)
    }
  }

  /// How many voters must delegate to a node before it has the delegation of a quorum.
  public func delegationsNeeded(for agent: NodeID) -> Int {
    sides.map { side in Configuration.quorum(of: side.count { $0.node != agent }) }.reduce(0) { max($0, $1) }
  }

  private var sides: [[Configuration.Voter]] { [configuration.voters] + [configuration.next].compactMap(\.self) }
}
