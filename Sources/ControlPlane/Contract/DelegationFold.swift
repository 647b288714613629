public import Model

/// What a member said last about who should coordinate for it.
public struct DelegationRecord: Codable, Hashable, Sendable {
  /// nil once it is withdrawn, or who had it left.
  public internal(set) var agent: NodeID?
  public let person: String
  public let reason: String
  public let entry: Int
  public let timeMilliseconds: Int64
}

/// Which virtual operator has the delegation of a quorum, as the ledger says (R10).
public struct Agency: Codable, Hashable, Sendable {
  /// nil since nobody has it any more.
  public let agent: NodeID?
  /// Who had it before.
  public let former: NodeID?
  /// Since which entry.
  public let entry: Int
  /// Whose delegation or withdrawal it was; nil where members or voters changed.
  public let by: NodeID?
  /// How many voters had to delegate to the agent then; 0 without one.
  public let needed: Int
  /// Whether it was followed: its agent coordinated since, or an election was held for it.
  public internal(set) var isMet: Bool
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
      delegation.after >= before?.entry ?? 0 && isFresh(delegation.after, of: node), .order,
      "\(node.short) said so after entry \(delegation.after), and something else since")
    try judge.require(
      delegation.agent == nil || delegation.agent != before?.agent, .duplicate, "\(member.name) delegates to it already"
    )
    // What it said before is taken back at once; else words are limited in rate, as calls are.
    let takesBack = delegation.agent == nil && before?.agent != nil
    let waited = before.map { record.timeMilliseconds - $0.timeMilliseconds } ?? .max
    try judge.require(
      takesBack || waited >= contract.election.callIntervalMilliseconds, .limit,
      "\(member.name) said something else \(waited) ms ago")
    if let agent = delegation.agent {
      let obstacle = obstacle(toDelegatingTo: agent, by: node)
      try judge.require(obstacle == nil, .membership, obstacle ?? "")
      try judge.require(
        isFresh(delegation.after, of: agent), .order, "the membership of \(agent.short) changed since")
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

  /// Looks anew at who has the delegation of a quorum: whoever has it keeps it as long as that lasts, and new voters
  /// alone do not end it.
  mutating func settleAgency(_ record: LedgerRecord, by node: NodeID? = nil) {
    let current = agency?.agent
    if let current, hasDelegation(current, from: agency?.needed) { return }
    let candidates = Set(delegations.values.compactMap(\.agent)).sorted()
    let next = candidates.first { hasDelegation($0) }
    guard next != current else { return }
    agency = Agency(
      agent: next, former: current, entry: record.number, by: node, needed: next.map(delegationsNeeded) ?? 0,
      isMet: next.map { $0 == coordinator } ?? (current != coordinator))
  }

  /// Whether a quorum of the other voters delegates to a node, with whose own vote that elects it; or at least so many of
  /// them as it took when it got the delegation.
  private func hasDelegation(_ agent: NodeID, from known: Int? = nil) -> Bool {
    guard !leaving.contains(agent) else { return false }
    return sides.allSatisfy { side in
      let others = side.filter { $0.node != agent }
      let needed = min(known ?? .max, Configuration.quorum(of: others.count))
      return others.count < side.count && !others.isEmpty
        && others.count { delegations[$0.node]?.agent == agent } >= needed
    }
  }

  /// Notes that a term began: by a transfer to somebody else an agency is not met, else a coordinator could void it.
  mutating func noteTerm(by node: NodeID, isTransfer: Bool) {
    guard let agency, !agency.isMet else { return }
    self.agency?.isMet = !isTransfer || agency.agent == node || (agency.agent == nil && agency.former != node)
  }

  /// How many voters must delegate to a node before it has the delegation of a quorum.
  public func delegationsNeeded(for agent: NodeID) -> Int {
    sides.map { side in Configuration.quorum(of: side.count { $0.node != agent }) }.reduce(0) { max($0, $1) }
  }

  private var sides: [[Configuration.Voter]] { [configuration.voters] + [configuration.next].compactMap(\.self) }
}
