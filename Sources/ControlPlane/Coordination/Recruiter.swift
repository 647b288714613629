internal import Contract
public import Model

/// The coordinator's side of who takes part in an open round: asks nodes that came later, lets members in and go, and
/// gives votes to who has caught up (R7, R13). What is decided stands on the ledger; this holds who was asked.
public struct Recruiter: Sendable {
  /// Nodes of one collaboration that are asked at one time.
  public static let invitationsAtOnce = 8
  /// Nodes whose answers are remembered, of all collaborations; beyond it nobody new is asked.
  static let rememberedNodes = 10_000
  /// How long a node has to answer, and how long it is left alone after it did not, or had no room.
  static let replyMilliseconds: Int64 = 10_000
  static let restMilliseconds: Int64 = 60_000
  /// How often the network is looked at for newcomers.
  static let lookMilliseconds: Int64 = 500

  /// What consensus knows and the ledger does not say.
  public struct Replication: Sendable {
    /// Members in reach that hold all that is decided.
    public var upToDate: Set<NodeID>
    /// The proof that an entry under the joint configuration in force is decided; nil while there is none.
    public var jointDecision: JSON?

    public init(upToDate: Set<NodeID>, jointDecision: JSON?) {
      self.upToDate = upToDate
      self.jointDecision = jointDecision
    }
  }

  /// When the network is looked at for newcomers next (wall milliseconds).
  private var nextLook: [CollaborationID: Int64] = [:]
  /// Until when each node is left alone (wall milliseconds), by collaboration.
  private var resting: [CollaborationID: [NodeID: Int64]] = [:]

  public init() {}

  /// Another node may coordinate now: whoever is asked again may answer it.
  public mutating func termBegan(_ id: CollaborationID) { resting[id] = nil }

  /// Takes the next step that is due; at most one entry is appended, and the engine calls again once it is folded.
  public mutating func proceed(
    _ id: CollaborationID, _ replication: Replication, _ context: CoordinationContext,
    into effects: inout CoordinationEffects
  ) {
    guard let state = context.drafts[id] else { return }
    if Self.changeVoters(state, replication, &effects) { return }
    if let node = state.leaving.sorted().first(where: { state.obstacle(toLeavingOf: $0) == nil }) {
      effects.append(id, MemberLeft(node: node, version: state.roster.version + 1))
      effects.notice("member.left", collaboration: id, node: node, "\(context.name(node)) has left")
      return
    }
    invite(state, context, &effects)
  }

  /// - Returns: whether voters change now; then nothing else does.
  private static func changeVoters(
    _ state: CollaborationState, _ replication: Replication, _ effects: inout CoordinationEffects
  ) -> Bool {
    if let next = state.configuration.next {
      guard let proof = replication.jointDecision, let ended = try? Configuration(voters: next) else { return false }
      effects.append(state.id, VotersChanged(configuration: ended, decided: proof))
      return true
    }
    let next = state.nextVoters { replication.upToDate.contains($0) }
    // A joint step cannot be taken back: the next voters must be able to decide its end.
    let present = replication.upToDate.union([state.coordinator])
    guard next != state.configuration.voters, let alone = try? Configuration(voters: next),
      alone.isQuorum(present), state.configuration.isQuorum(present),
      let joint = try? Configuration(voters: state.configuration.voters, next: next)
    else { return false }
    effects.append(state.id, VotersChanging(configuration: joint))
    return true
  }

  // MARK: Invitations

  /// Asks nodes that are no members while there is work for them.
  private mutating func invite(
    _ state: CollaborationState, _ context: CoordinationContext, _ effects: inout CoordinationEffects
  ) {
    guard let task = state.openTaskIDs.first.flatMap({ state.tasks[$0] }), context.wall >= nextLook[state.id] ?? 0
    else { return }
    // Every node of the network is looked at for this, so not in every step.
    nextLook[state.id] = context.wall + Self.lookMilliseconds
    let room = state.contract.admission.membersAtMost - state.roster.members.count
    let refused = Set(state.negotiation.filter(Self.isFinal).map(\.node))
    let asked = (resting[state.id] ?? [:]).filter { $0.value > context.wall }
    resting[state.id] = asked
    resting = resting.filter { context.drafts[$0.key] != nil }
    nextLook = nextLook.filter { context.drafts[$0.key] != nil }
    let waiting = asked.values.count {
      $0 != .max && $0 > context.wall + Self.restMilliseconds - Self.replyMilliseconds
    }
    let outsiders = context.live.filter { node in
      state.roster[node] == nil && !state.departed.contains(node) && !refused.contains(node)
        && (asked[node] ?? 0) <= context.wall
    }
    guard resting.values.reduce(0, { $0 + $1.count }) < Self.rememberedNodes else { return }
    for node in outsiders.prefix(max(0, min(room, Self.invitationsAtOnce - waiting))) {
      let deadline = context.wall + Self.replyMilliseconds
      let invitation = MemberInvitation(
        after: state.lastEntry, charter: state.charter, contract: state.contract,
        contacts: state.roster.members.map(\.node).filter { state.foundingRoster[$0] == nil },
        kind: task.submission.kind, labels: task.submission.labels, needs: task.submission.needs,
        replyByMilliseconds: deadline, roster: state.foundingRoster, signatures: state.foundingSignatures,
        trace: task.submission.trace)
      resting[state.id, default: [:]][node] = context.wall + Self.restMilliseconds
      effects.append(.tell(node, context.statement(invitation, in: state.id), deadlineMilliseconds: deadline))
      effects.notice(
        "member.invited", collaboration: state.id, node: node, "\(context.name(node)) is asked to take part, too")
    }
  }

  private static func isFinal(_ record: NegotiationRecord) -> Bool {
    record.answer == .refused || (DeclineCode(rawValue: record.code)?.isFinal ?? false)
  }

  // MARK: Requests

  /// A node asks to be a member, invited or by itself.
  public func joins(
    _ signed: SignedStatement, context: CoordinationContext, into effects: inout CoordinationEffects
  ) -> Handling {
    guard let id = signed.statement.collaboration, let state = context.drafts[id] else {
      return .done("not coordinated by this node")
    }
    guard let request = try? signed.statement.decode(JoinRequest.self),
      request.member.node == signed.statement.author,
      (try? EpochCertificate(checking: request.member.certificate))?.made(signed) == true
    else { return .done("malformed request") }
    guard state.roster[request.member.node] == nil else { return .done("a member already") }
    guard request.contract == state.contractHash else { return .done("of another contract") }
    if let problem = request.member.disorder ?? state.contract.refusal(of: request.member) {
      return .done("not admitted: \(problem)")
    }
    guard state.roster.members.count < state.contract.admission.membersAtMost else { return .done("no room") }
    guard state.isFresh(request.after, of: request.member.node) else { return .done("an old request") }
    effects.append(
      id, MemberJoined(member: request.member, request: signed, version: state.roster.version + 1))
    effects.notice(
      "member.joined", collaboration: id, node: request.member.node, "\(request.member.name) takes part from now on")
    return .done("let in")
  }

  public mutating func declined(_ signed: SignedStatement, context: CoordinationContext) -> Handling {
    guard let id = signed.statement.collaboration, context.drafts[id] != nil,
      let body = try? signed.statement.decode(InvitationDeclined.self)
    else { return .done("malformed answer") }
    guard resting[id]?[signed.statement.author] != nil else { return .done("was not asked") }
    if body.code.isFinal { resting[id]?[signed.statement.author] = .max }
    return .done("declined \(body.code.rawValue)")
  }

  /// A member asks to leave.
  public func leaves(
    _ signed: SignedStatement, context: CoordinationContext, into effects: inout CoordinationEffects
  ) -> Handling {
    let node = signed.statement.author
    guard let id = signed.statement.collaboration, let state = context.drafts[id] else {
      return .done("not coordinated by this node")
    }
    guard let request = try? signed.statement.decode(LeaveRequest.self),
      request.reason.utf8.count <= LeaveRequest.reasonLimit * 4, state.made(signed)
    else { return .done("malformed request") }
    guard !state.leaving.contains(node) else { return .done("is leaving already") }
    guard state.isFresh(request.after, of: node) else { return .done("an old request") }
    guard node != state.coordinator else { return .later("another coordinator") }
    effects.append(id, MemberLeaving(node: node, request: signed))
    effects.notice(
      "member.leaving", collaboration: id, node: node,
      "\(context.name(node)) takes nothing new and leaves when it is done")
    return .done("leaving")
  }
}
