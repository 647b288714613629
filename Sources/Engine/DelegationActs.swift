internal import Consensus
internal import Contract
internal import Coordination
internal import Ledger
internal import Model
internal import Overlay

/// What this node did to have an agency followed that the ledger says since an entry.
struct AgencyCall: Sendable {
  let entry: Int
  /// Uptime: when this node knew of the entry, when it called last, and when it handed over last.
  let knownAt: Duration
  var calledAt: Duration?
  var handedOverAt: Duration?
}

// Members delegate coordination to a virtual operator, and take it back (R10).
extension NodeEngine {
  static func delegationKey(_ id: CollaborationID) -> String { "delegate/\(id.hexadecimal)" }

  /// A person here delegates for this node, or withdraws that: said to the coordinator until it is decided.
  mutating func delegate(
    _ id: CollaborationID, to agent: NodeID?, person: String, reason: String, _ command: CommandID, _ turn: inout Turn
  ) {
    guard let book = followed(id, command, &turn) else { return }
    guard book.roster[identity.node] != nil else {
      return refuse(
        command, .notPermitted, "this node is no member of collaboration \(id.short)",
        next: "jointcloud participant list --collaboration \(id.short)", &turn)
    }
    let delegation = Delegation(after: book.lastEntry, agent: agent, person: person, reason: reason)
    if let problem = delegation.disorder {
      return refuse(command, .invalid, problem, next: "jointcloud election delegate --help", &turn)
    }
    let waiting = delegations[id].flatMap { try? $0.decode(Delegation.self) }
    guard agent != (waiting.map(\.agent) ?? book.delegations[identity.node]?.agent) else {
      let what = agent.map { "delegates to \(name(of: $0)) already" } ?? "delegates to nobody"
      return refuse(
        command, .conflict, "this node \(what)\(waiting == nil ? "" : ", which waits to be decided")",
        next: "jointcloud election show \(id.short)", &turn)
    }
    if let obstacle = agent.flatMap({ book.obstacle(toDelegatingTo: $0, by: identity.node) }) {
      return refuse(
        command, .conflict, obstacle, next: "jointcloud participant list --collaboration \(id.short)", &turn)
    }
    keep(delegation, in: id, &turn)
    handOverDelegations(&turn)
    turn.promise(.answer(command, .done))
  }

  private mutating func keep(_ delegation: Delegation, in id: CollaborationID, _ turn: inout Turn) {
    let statement = context(turn.now).statement(delegation, in: id)
    delegations[id] = statement
    petitionTold[.delegation(id)] = nil
    turn.write(.document(key: Self.delegationKey(id), value: statement.bytes))
  }

  mutating func handOverDelegations(_ turn: inout Turn) {
    for (id, statement) in delegations.sorted(by: { $0.key < $1.key }) {
      guard let book = books[id], broken[id] == nil else { continue }
      for node in audience(of: .delegation(id), in: book, turn.now) {
        tell(node, statement, turn.now.wallMilliseconds + Self.resubmitInterval.milliseconds * 4, &turn)
      }
    }
  }

  /// Forgets what was decided, or is worth nothing any more; says it anew where something older was decided meanwhile.
  mutating func settleDelegation(in id: CollaborationID, _ turn: inout Turn) {
    guard let statement = delegations[id], let book = books[id] else { return }
    let decided = book.delegations[identity.node]
    if book.roster[identity.node] != nil, var body = try? statement.decode(Delegation.self),
      body.agent.flatMap({ book.obstacle(toDelegatingTo: $0, by: identity.node) }) == nil
    {
      guard let decided, decided.entry > body.after else { return }
      if decided.agent != body.agent {
        body.after = decided.entry
        return keep(body, in: id, &turn)
      }
    }
    delegations[id] = nil
    petitionTold[.delegation(id)] = nil
    turn.write(.document(key: Self.delegationKey(id), value: nil))
  }

  // MARK: Who coordinates then

  /// Brings a virtual operator into office once a quorum delegates to it, and out of it once none does. The coordinator
  /// hands over by itself; where it does not, and to end an agency, those concerned call an election: one, since votes
  /// are never delegated.
  mutating func followAgency(of id: CollaborationID, _ turn: inout Turn) {
    guard let book = books[id], broken[id] == nil, let agency = book.agency, !agency.isMet else {
      agencyCalls[id] = nil
      return
    }
    var call =
      agencyCalls[id].flatMap { $0.entry == agency.entry ? $0 : nil }
      ?? AgencyCall(entry: agency.entry, knownAt: turn.now.uptime)
    defer { agencyCalls[id] = call }
    if let agent = agency.agent {
      guard agent == identity.node || state(of: agent) == MemberState.alive.rawValue else { return }
      if consensus.isInOffice(id) { return handOver(to: agent, of: book, &call, &turn) }
    }
    guard mayCall(for: agency, in: book, since: call.knownAt, turn.now) else { return }
    let interval = Duration.milliseconds(book.contract.election.callIntervalMilliseconds)
    if let last = call.calledAt, turn.now.uptime - last < interval { return }
    call.calledAt = turn.now.uptime
    let reason =
      agency.agent.map { "a quorum delegates to \(name(of: $0))" }
      ?? "\(agency.former.map(name) ?? "nobody") has no quorum's delegation any more"
    let person = agency.by == identity.node ? book.delegations[identity.node]?.person : nil
    consensusStep(.call(id, person: person ?? profile.name, reason: String(reason.prefix(64))), &turn)
    notice("control", "election.called", collaboration: id, reason, &turn)
  }

  private mutating func handOver(
    to agent: NodeID, of book: CollaborationState, _ call: inout AgencyCall, _ turn: inout Turn
  ) {
    guard consensus.isUpToDate(agent, in: book.id) else { return }
    let patience = Duration.milliseconds(book.contract.election.timeoutMilliseconds) * 10
    if let last = call.handedOverAt, turn.now.uptime - last < patience { return }
    call.handedOverAt = turn.now.uptime
    consensusStep(.transfer(book.id, to: agent, person: ""), &turn)
  }

  /// Those whose word it was call at once when an agency ends; when one begins the coordinator has its time to hand over.
  private func mayCall(
    for agency: Agency, in book: CollaborationState, since known: Duration, _ now: Moment
  ) -> Bool {
    guard book.configuration.hasVote(identity.node) else { return false }
    let own = book.delegations[identity.node]?.agent
    let isConcerned = agency.agent.map { own == $0 } ?? (agency.former != identity.node)
    let isFirst = agency.agent == nil && agency.by == identity.node
    return isConcerned
      && (isFirst || now.uptime - known > .milliseconds(book.contract.election.requestMilliseconds))
  }
}
