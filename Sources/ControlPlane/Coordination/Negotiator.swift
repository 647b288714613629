public import Contract
public import Model

/// The coordinator's side of negotiations: calls, answers, counter-proposals, rosters, signatures.
public struct Negotiator: Sendable {
  /// Negotiations at one time; more are refused.
  public static let limit = 64

  /// Those that are over and kept for people; the oldest are forgotten.
  static let overKept = 64

  public private(set) var negotiations: [CollaborationID: Negotiation] = [:]

  public init() {}

  static func key(_ id: CollaborationID) -> String { "negotiation/\(id.hexadecimal)" }

  /// Takes up what a restart found.
  public mutating func restore(_ id: CollaborationID, _ negotiation: Negotiation) {
    negotiations[id] = negotiation
  }

  /// Founds a collaboration and calls for it; its coordinator is this node, in term 1 (R2).
  ///
  /// - Returns: nil when too many negotiations are under way.
  public mutating func create(
    name: String, kind: String, labels: [String: String], needs: Amounts, replyMilliseconds: Int,
    priceLimitMicroPerCPUSecond: Int?, continues: Continuation? = nil, under contract: ContractDocument = .standard,
    trace: TraceID, context: CoordinationContext, random: inout Random, into effects: inout CoordinationEffects
  ) -> CollaborationID? {
    guard negotiations.values.count(where: { !$0.isOver }) < Self.limit else { return nil }
    let charter = Charter(
      founder: context.node, name: name, network: context.network, nonce: random.digest().hexadecimal,
      continues: continues)
    guard let id = try? charter.id() else { return nil }
    var contract = contract
    contract.negotiation.replyMilliseconds = replyMilliseconds
    let negotiation = Negotiation(
      charter: charter, contract: contract, kind: kind, labels: labels, needs: needs,
      priceLimitMicroPerCPUSecond: priceLimitMicroPerCPUSecond, trace: trace, deadlineMilliseconds: 0)
    negotiations[id] = negotiation
    call(id, context, &effects)
    return id
  }

  /// Calls anew after a restart: whoever answered in the meantime was not heard.
  public mutating func resume(_ context: CoordinationContext, into effects: inout CoordinationEffects) {
    for id in negotiations.keys.sorted() where negotiations[id]?.isOver == false {
      negotiations[id]?.phase = .calling
      call(id, context, &effects)
    }
  }

  private mutating func call(
    _ id: CollaborationID, _ context: CoordinationContext, _ effects: inout CoordinationEffects
  ) {
    change(id, &effects) { negotiation in
      negotiation.deadlineMilliseconds = context.wall + Int64(negotiation.contract.negotiation.replyMilliseconds)
      negotiation.joined = [:]
      negotiation.counters = [:]
      for (node, record) in negotiation.records where record.answer == .joined || record.answer == .countered {
        negotiation.record(node, name: context.name(node), .asked)
      }
      for node in context.live where negotiation.records[node] == nil {
        negotiation.record(node, name: context.name(node), .asked)
      }
      let call = Call(
        charter: negotiation.charter, contract: negotiation.contract, kind: negotiation.kind,
        labels: negotiation.labels, needs: negotiation.needs, replyByMilliseconds: negotiation.deadlineMilliseconds,
        trace: negotiation.trace)
      let statement = context.statement(call, in: id)
      negotiation.call = statement.id
      return statement
    }.map { statement in
      effects.append(.announce(statement))
      effects.notice(
        "collaboration.called", collaboration: id,
        "called \(context.live.count) nodes for \(negotiations[id]?.charter.name ?? "")")
    }
  }

  /// An answer to a call.
  public mutating func answered(
    _ signed: SignedStatement, context: CoordinationContext, into effects: inout CoordinationEffects
  ) -> Handling {
    let node = signed.statement.author
    guard let id = signed.statement.collaboration, let negotiation = negotiations[id] else {
      return .done("answers a call that this node did not make")
    }
    guard let answer = try? signed.statement.decode(CallAnswer.self) else { return .done("malformed answer") }
    guard negotiation.phase == .calling, answer.call == negotiation.call else { return .done("too late") }
    let name = context.name(node)
    change(id, &effects) { negotiation in
      switch answer.verdict {
      case .join(let member):
        if member.node != node {
          negotiation.record(node, name: name, .refused, text: "joins for another node", at: context.wall)
        } else if let refusal = negotiation.refusal(of: member) {
          negotiation.record(node, name: name, .refused, code: "ADMISSION", text: refusal, at: context.wall)
        } else {
          negotiation.joined[node] = member
          negotiation.record(node, name: name, .joined, at: context.wall)
        }
      case .decline(let code, let text):
        negotiation.record(node, name: name, .declined, code: code.rawValue, text: text, at: context.wall)
      case .counter(let contract, _, let text):
        negotiation.record(node, name: name, .countered, text: text, at: context.wall)
        if negotiation.accepts(contract) { negotiation.counters[node] = contract }
      }
    }
    let record = negotiations[id]?.records[node]
    effects.notice(
      "call.\(record?.answer.rawValue ?? "answered")", collaboration: id, node: node,
      "\(name) \(record?.answer.rawValue ?? "answered") \(record?.text ?? "")")
    proceed(id, context, &effects)
    return .done(record?.answer.rawValue ?? "")
  }

  /// A member signed the roster.
  public mutating func signedRoster(
    _ signed: SignedStatement, context: CoordinationContext, into effects: inout CoordinationEffects
  ) -> Handling {
    let node = signed.statement.author
    guard let id = signed.statement.collaboration, let negotiation = negotiations[id],
      negotiation.phase == .signing, let proposal = negotiation.proposal
    else { return .done("no roster is out for signature") }
    guard let body = try? signed.statement.decode(RosterSignature.self),
      let expected = try? proposal.agreement.hash(), body.agreement == expected, body.call == proposal.call,
      let member = proposal.roster[node],
      (try? EpochCertificate(checking: member.certificate))?.made(signed) == true
    else { return .done("signs another agreement") }
    change(id, &effects) { $0.signatures[node] = signed }
    proceed(id, context, &effects)
    return .done("signed")
  }

  /// Moves every negotiation on whose time has come or whose last answer is there.
  public mutating func tick(_ context: CoordinationContext, into effects: inout CoordinationEffects) {
    for id in negotiations.keys.sorted() { proceed(id, context, &effects) }
  }

  private mutating func proceed(
    _ id: CollaborationID, _ context: CoordinationContext, _ effects: inout CoordinationEffects
  ) {
    guard let negotiation = negotiations[id] else { return }
    let timeIsUp = context.wall >= negotiation.deadlineMilliseconds
    switch negotiation.phase {
    case .calling:
      let missing = context.live.filter { (negotiation.records[$0]?.answer ?? .asked) == .asked }
      if missing.isEmpty || timeIsUp { closeCall(id, missing: missing, context, &effects) }
    case .signing:
      let members = negotiation.proposal?.roster.members.map(\.node) ?? []
      let missing = members.filter { negotiation.signatures[$0] == nil }
      if missing.isEmpty {
        open(id, &effects)
      } else if timeIsUp {
        drop(missing, from: id, context, &effects)
      }
    case .opened, .failed: break
    }
  }

  private mutating func closeCall(
    _ id: CollaborationID, missing: [NodeID], _ context: CoordinationContext, _ effects: inout CoordinationEffects
  ) {
    guard let negotiation = negotiations[id] else { return }
    if let contract = negotiation.counters.values.max(by: {
      $0.price.microPerCPUSecond < $1.price.microPerCPUSecond
    }) {
      change(id, &effects) { $0.contract = contract }
      effects.notice(
        "contract.versioned", collaboration: id,
        "contract version \(contract.version): "
          + "\(QuantityText.credits(micro: contract.price.microPerCPUSecond)) credits a CPU-second")
      return call(id, context, &effects)
    }
    change(id, &effects) { negotiation in
      for node in missing {
        negotiation.record(node, name: context.name(node), .silent, text: "no answer by the reply-by time")
      }
    }
    proposeRoster(id, context, &effects)
  }

  private mutating func proposeRoster(
    _ id: CollaborationID, _ context: CoordinationContext, _ effects: inout CoordinationEffects
  ) {
    guard let negotiation = negotiations[id], let call = negotiation.call else { return }
    let limit = negotiation.contract.admission.membersAtMost
    let others = negotiation.joined.values.filter { $0.node != context.node }.sorted { $0.node < $1.node }
    // What this node offers may have changed since the call, as when adapters came up after a restart.
    let members = [context.member(under: negotiation.contract)] + others.prefix(limit - 1)
    guard members.contains(where: { !$0.total.isZero }) else {
      let missing = Text.absentees(negotiation.records.values.sorted { $0.name < $1.name }, after: ": ")
      return fail(id, "nobody who offers resources takes part" + missing, &effects)
    }
    guard negotiation.rosters < negotiation.contract.negotiation.rostersAtMost else {
      return fail(id, "no roster was signed by all in \(negotiation.rosters) attempts", &effects)
    }
    let proposal = RosterProposal(
      charter: negotiation.charter, call: call, round: 1, contract: negotiation.contract,
      roster: Roster(version: 1, members: members), trace: negotiation.trace)
    guard let hash = try? proposal.agreement.hash() else { return fail(id, "the agreement is malformed", &effects) }
    let deadline = context.wall + Int64(negotiation.contract.negotiation.signMilliseconds)
    change(id, &effects) { negotiation in
      negotiation.phase = .signing
      negotiation.proposal = proposal
      negotiation.signatures = [:]
      negotiation.rosters += 1
      negotiation.deadlineMilliseconds = deadline
    }
    effects.append(.sign(context.statement(RosterSignature(agreement: hash, call: call), in: id)))
    let statement = context.statement(proposal, in: id)
    for member in proposal.roster.members where member.node != context.node {
      effects.append(.tell(member.node, statement, deadlineMilliseconds: deadline))
    }
    effects.notice(
      "roster.proposed", collaboration: id, "roster of \(proposal.roster.members.count) is out for signature")
  }

  private mutating func drop(
    _ nodes: [NodeID], from id: CollaborationID, _ context: CoordinationContext,
    _ effects: inout CoordinationEffects
  ) {
    change(id, &effects) { negotiation in
      for node in nodes {
        negotiation.joined[node] = nil
        negotiation.record(
          node, name: context.name(node), .dropped, text: "did not sign the roster in time", at: context.wall)
      }
    }
    proposeRoster(id, context, &effects)
  }

  private mutating func open(_ id: CollaborationID, _ effects: inout CoordinationEffects) {
    guard let negotiation = negotiations[id], let proposal = negotiation.proposal else { return }
    guard
      let configuration = try? proposal.roster.configuration(
        founder: proposal.charter.founder, votersAtMost: proposal.contract.election.votersAtMost)
    else { return fail(id, "the roster names nobody who could vote", &effects) }
    effects.append(
      .open(
        RoundOpened(
          charter: proposal.charter, configuration: configuration, contract: proposal.contract,
          coordinator: proposal.charter.founder,
          round: proposal.round, roster: proposal.roster,
          signatures: proposal.roster.members.compactMap { negotiation.signatures[$0.node] },
          negotiation: negotiation.records.values.sorted { $0.node < $1.node }, trace: negotiation.trace)))
    change(id, &effects) { $0.phase = .opened }
    effects.notice(
      "round.opened", collaboration: id, "round 1 opened with \(proposal.roster.members.count) members")
  }

  /// The ledger did not take entry 1.
  public mutating func openingRefused(_ id: CollaborationID, _ reason: String, into effects: inout CoordinationEffects)
  {
    fail(id, reason, &effects)
  }

  private mutating func fail(_ id: CollaborationID, _ reason: String, _ effects: inout CoordinationEffects) {
    change(id, &effects) { negotiation in
      negotiation.phase = .failed
      negotiation.reason = reason
    }
    effects.notice("collaboration.failed", collaboration: id, reason)
  }

  private mutating func forgetOldest(_ effects: inout CoordinationEffects) {
    let over = negotiations.filter(\.value.isOver)
    guard over.count > Self.overKept,
      let oldest = over.min(by: { ($0.value.deadlineMilliseconds, $0.key) < ($1.value.deadlineMilliseconds, $1.key) })
    else { return }
    negotiations[oldest.key] = nil
    effects.forget(key: Self.key(oldest.key))
  }

  @discardableResult
  private mutating func change<Value>(
    _ id: CollaborationID, _ effects: inout CoordinationEffects, _ body: (inout Negotiation) -> Value
  ) -> Value? {
    guard var negotiation = negotiations[id] else { return nil }
    let value = body(&negotiation)
    negotiations[id] = negotiation
    effects.save(Self.key(id), negotiation)
    if negotiation.isOver { forgetOldest(&effects) }
    return value
  }
}
