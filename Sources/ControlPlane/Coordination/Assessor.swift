public import Contract
public import Model
public import Resources

/// The participant's side of calls, rosters and offers: assesses, reserves, answers (R35, R40). Nothing here obeys
/// without its own decision (R58).
public struct Assessor: Sendable {
  /// Offers that wait for the operator at one time; more are declined.
  public static let byHandLimit = 1_000

  /// An offer that this node received, as it stands.
  public struct ReceivedOffer: Codable, Hashable, Sendable {
    public enum State: String, Codable, Hashable, Sendable {
      /// For the operator.
      case waiting
      case accepted
      case declined
      case expired
    }

    public var signed: SignedStatement
    public var offer: Offer
    public var collaboration: CollaborationID
    public var state: State
    public var code: String
    public var reason: String
    /// What is reserved for it.
    public var held: [AttemptRange]

    public var id: OfferID { OfferID(signed.id.digest) }
  }

  public private(set) var reservations: Reservations
  public private(set) var policy: LocalPolicy
  /// By id; those over are kept while bounded, for people.
  public private(set) var offers: [OfferID: ReceivedOffer] = [:]
  private var finished: [OfferID] = []
  /// Calls that this node answered with joining, so that a roster is signed only for what was joined.
  private var joined: [CollaborationID: ContractDocument] = [:]

  static let offersKept = 256

  public init(policy: LocalPolicy, total: Amounts) {
    self.policy = policy
    reservations = Reservations(total: total)
  }

  static func offerKey(_ id: OfferID) -> String { "offer/\(id.hexadecimal)" }
  static func joinedKey(_ id: CollaborationID) -> String { "joined/\(id.hexadecimal)" }

  /// Whether offers here wait or hold reservations.
  public var holdsOffers: Bool { offers.values.contains { $0.state == .waiting || !$0.held.isEmpty } }

  public mutating func resize(to total: Amounts) { reservations.resize(to: total) }

  // MARK: Restart

  /// Takes up an offer of an earlier process. It holds room for what the ledger still expects of it and nothing else, so
  /// that what is over takes none from what runs.
  ///
  /// - Parameter reported: attempts whose end is on its way to the ledger: they use nothing any more.
  public mutating func restore(_ offer: ReceivedOffer, reported: Set<AttemptID>, context: CoordinationContext) {
    offers[offer.id] = offer
    guard let state = context.collaborations[offer.collaboration], let task = state.tasks[offer.offer.task] else {
      return
    }
    for attempt in offer.held.flatMap({ $0.attempts(of: offer.offer.task) })
    where !reported.contains(attempt) && Self.isExpected(attempt, of: offer, task, state, context) {
      reservations.restore(attempt, task.submission.needs(ofSubtask: attempt.subtask))
    }
  }

  public mutating func restore(joined id: CollaborationID, _ contract: ContractDocument) {
    joined[id] = contract
  }

  /// Whether this node answered a collaboration's call with joining.
  public func hasJoined(_ id: CollaborationID) -> Bool { joined[id] != nil }

  // MARK: Calls and rosters

  /// A call was broadcast.
  public mutating func called(
    _ signed: SignedStatement, context: CoordinationContext, into effects: inout CoordinationEffects
  ) -> Handling {
    guard let call = try? signed.statement.decode(Call.self), let id = try? call.charter.id(),
      signed.statement.collaboration == id, call.charter.founder == signed.statement.author
    else { return .done("malformed call") }
    guard signed.statement.author != context.node else { return .done("own call") }
    let verdict = assess(call, context)
    switch verdict {
    case .join:
      joined[id] = call.contract
      effects.save(Self.joinedKey(id), call.contract)
    case .decline, .counter: break
    }
    let answer = CallAnswer(call: signed.id, verdict: verdict)
    effects.append(
      .tell(
        call.charter.founder, context.statement(answer, in: id),
        deadlineMilliseconds: min(max(call.replyByMilliseconds, context.wall + 5_000), context.wall + 600_000)))
    return .done(Self.describe(verdict))
  }

  /// The coordinator of an open round asks whether this node takes part, too.
  public mutating func invited(
    _ signed: SignedStatement, context: CoordinationContext, into effects: inout CoordinationEffects
  ) -> Handling {
    guard let invitation = try? signed.statement.decode(MemberInvitation.self),
      let id = try? invitation.charter.id(), signed.statement.collaboration == id,
      invitation.roster.members.count <= 100, invitation.contacts.count <= 100,
      let contract = try? invitation.contract.hash()
    else { return .done("malformed invitation") }
    guard context.collaborations[id]?.roster[context.node] == nil else { return .done("a member already") }
    do throws(Violation) {
      try invitation.checkFounding(id)
    } catch {
      return .done("an invitation to a round that its members did not open: \(error)")
    }
    guard context.wall <= invitation.replyByMilliseconds else { return .done("lapsed") }
    let deadline = min(invitation.replyByMilliseconds, context.wall + 60_000)
    func tell(_ body: some StatementBody) {
      effects.append(
        .tell(signed.statement.author, context.statement(body, in: id), deadlineMilliseconds: deadline))
    }
    let verdict = assess(invitation.call, context)
    switch verdict {
    case .join(let member):
      effects.append(
        .follow(
          id, founder: invitation.charter.founder, contract: invitation.contract, roster: invitation.roster,
          contacts: invitation.contacts))
      tell(JoinRequest(after: invitation.after, contract: contract, member: member))
    case .decline(let code, let text): tell(InvitationDeclined(code: code, text: text))
    // The contract of an open round is signed: it is this one or none.
    case .counter(_, _, let text): tell(InvitationDeclined(code: .price, text: text))
    }
    return .done(Self.describe(verdict))
  }

  private func assess(_ call: Call, _ context: CoordinationContext) -> CallAnswer.Verdict {
    if let rule = policy.objection(kind: call.kind, labels: call.labels) {
      return .decline(code: rule.code, text: Text.bounded(rule.text))
    }
    if let problem = call.contract.disorder {
      return .decline(code: .unsupported, text: "in the contract, \(problem) is out of range")
    }
    if let old = call.charter.continues.flatMap({ context.collaborations[$0.collaboration] }),
      old.roster[call.charter.founder] == nil
    {
      return .decline(
        code: .trust, text: "it says that it goes on with a collaboration of which its founder is no member")
    }
    guard call.contract.rules == ContractDocument.rulesVersion else {
      return .decline(code: .unsupported, text: "rules version \(call.contract.rules) is not known here")
    }
    if !context.member.total.isZero, !call.needs.fits(in: context.member.total) {
      return .decline(
        code: .capacity,
        text: "a subtask needs \(Text.amounts(call.needs)), this node has \(Text.amounts(context.member.total))")
    }
    if context.member.priceMicroPerCPUSecond > call.contract.price.microPerCPUSecond, !context.member.total.isZero {
      guard call.contract.version < call.contract.negotiation.versionsAtMost else {
        return .decline(code: .price, text: Text.price(context.member.priceMicroPerCPUSecond))
      }
      var counter = call.contract
      counter.version += 1
      counter.price.microPerCPUSecond = context.member.priceMicroPerCPUSecond
      return .counter(
        contract: counter, member: context.member(under: counter),
        text: Text.price(context.member.priceMicroPerCPUSecond))
    }
    return .join(member: context.member(under: call.contract))
  }

  private static func describe(_ verdict: CallAnswer.Verdict) -> String {
    switch verdict {
    case .join: "joined"
    case .decline(let code, let text): "declined \(code.rawValue): \(text)"
    case .counter(_, _, let text): "countered: \(text)"
    }
  }

  /// A roster wants this node's signature: given only for the contract and the member that it joined with.
  public mutating func proposed(
    _ signed: SignedStatement, context: CoordinationContext, into effects: inout CoordinationEffects
  ) -> Handling {
    guard let proposal = try? signed.statement.decode(RosterProposal.self), let id = try? proposal.charter.id(),
      signed.statement.collaboration == id, proposal.charter.founder == signed.statement.author
    else { return .done("malformed roster") }
    let nodes = proposal.roster.members.map(\.node)
    guard proposal.round == 1, proposal.roster.version == 1, nodes.contains(signed.statement.author),
      nodes.count <= proposal.contract.admission.membersAtMost, zip(nodes, nodes.dropFirst()).allSatisfy({ $0 < $1 }),
      proposal.roster.members.allSatisfy({ $0.disorder == nil })
    else { return .done("malformed roster") }
    guard joined[id] == proposal.contract else { return .done("this node did not join under this contract") }
    guard let own = proposal.roster[context.node],
      own == context.member(under: proposal.contract),
      let hash = try? proposal.agreement.hash()
    else { return .done("the roster does not list this node as it declared itself") }
    effects.append(
      .follow(
        id, founder: proposal.charter.founder, contract: proposal.contract, roster: proposal.roster, contacts: []))
    effects.append(
      .tell(
        proposal.charter.founder, context.statement(RosterSignature(agreement: hash, call: proposal.call), in: id),
        deadlineMilliseconds: context.wall + Int64(proposal.contract.negotiation.signMilliseconds)))
    return .done("signed roster \(proposal.roster.version) of round \(proposal.round)")
  }

  // MARK: Offers

  /// An offer came: answered at once by policy and capacity, or kept for the operator.
  public mutating func offered(
    _ signed: SignedStatement, context: CoordinationContext, into effects: inout CoordinationEffects
  ) -> Handling {
    guard let id = signed.statement.collaboration, let offer = try? signed.statement.decode(Offer.self) else {
      return .done("malformed offer")
    }
    guard let state = context.collaborations[id] else { return .later("the ledger of \(id.short)") }
    guard offer.term <= state.term else { return .later("the beginning of term \(offer.term)") }
    guard offer.term == state.term else {
      return .done("stale: of term \(offer.term), and term \(state.term) has begun")
    }
    guard state.coordinator == signed.statement.author else { return .done("not from the coordinator") }
    guard offer.participant == context.node else { return .done("offered to somebody else") }
    guard let task = state.tasks[offer.task], state.lastEntry >= offer.plan else {
      return .later("entry \(offer.plan) of the ledger")
    }
    guard !task.isOver else { return .done("the task is over") }
    guard context.wall <= offer.expiresMilliseconds else { return .done("lapsed") }
    guard offer.attempts.allSatisfy({ $0.first + $0.count <= task.subtasks.count }),
      (1...state.contract.dispatch.offerSubtasks).contains(AttemptRange.count(offer.attempts)),
      offer.leaseMilliseconds == state.leaseMilliseconds(of: task.submission),
      offer.expiresMilliseconds <= context.wall + Self.longestWait(under: state.contract)
    else { return .done("malformed offer: not within the task and the contract") }
    var received = ReceivedOffer(
      signed: signed, offer: offer, collaboration: id, state: .waiting, code: "", reason: "", held: [])
    if let objection = objection(to: task, offer, in: state, context) {
      decline(&received, objection.code, objection.text, context, &effects)
    } else if policy.decidesByHand {
      guard offers.values.count(where: { $0.state == .waiting }) < Self.byHandLimit else {
        decline(&received, .capacity, "too many offers wait for the operator", context, &effects)
        return .done("declined: too many wait")
      }
      keep(received, &effects)
      effects.notice("offer.waiting", task: offer.task, collaboration: id, "an offer waits for the operator")
    } else {
      accept(&received, task, context, &effects)
    }
    return .done(received.state.rawValue + (received.reason.isEmpty ? "" : ": " + received.reason))
  }

  /// How long after it came an offer may ask for an answer: what the contract gives, and as much for clocks that differ
  /// as it gives everywhere.
  private static func longestWait(under contract: ContractDocument) -> Int64 {
    Int64(contract.dispatch.offerMilliseconds) + Int64(contract.dispatch.leaseMarginMilliseconds)
  }

  private func objection(
    to task: TaskRecord, _ offer: Offer, in state: CollaborationState, _ context: CoordinationContext
  ) -> (code: DeclineCode, text: String)? {
    let submission = task.submission
    if state.leaving.contains(context.node) { return (.maintenance, "this node is leaving") }
    if let rule = policy.objection(kind: submission.kind, labels: submission.labels) {
      return (rule.code, rule.text)
    }
    if let adapter = submission.adapter, !context.member.adapters.contains(adapter) {
      return (.unsupported, "no adapter '\(adapter)' here")
    }
    // An adapter that runs nothing would call every command a success.
    if submission.adapter == nil, !context.takesAnyWork {
      return (.unsupported, "no adapter here can run commands now")
    }
    let price = state.roster[context.node]?.priceMicroPerCPUSecond ?? 0
    if offer.priceMicroPerCPUSecond < price { return (.price, "asks \(price) micro a CPU-second") }
    return nil
  }

  /// The operator's decision on a waiting offer.
  ///
  /// - Returns: nil when there is no such offer; otherwise the offer as it then stands.
  public mutating func decide(
    _ id: OfferID, accept: Bool, reason: String, context: CoordinationContext,
    into effects: inout CoordinationEffects
  ) -> ReceivedOffer? {
    guard var received = offers[id], received.state == .waiting else { return offers[id] }
    guard let task = context.collaborations[received.collaboration]?.tasks[received.offer.task], !task.isOver,
      context.wall <= received.offer.expiresMilliseconds
    else {
      received.state = .expired
      keep(received, &effects)
      return received
    }
    if accept {
      self.accept(&received, task, context, &effects)
    } else {
      decline(&received, .policy, reason.isEmpty ? "declined by the operator" : reason, context, &effects)
    }
    return received
  }

  /// Reserves before it accepts; what does not fit is declined (R40).
  private mutating func accept(
    _ received: inout ReceivedOffer, _ task: TaskRecord, _ context: CoordinationContext,
    _ effects: inout CoordinationEffects
  ) {
    var taken: [AttemptID] = []
    var refused: [AttemptID] = []
    for attempt in received.offer.attempts.flatMap({ $0.attempts(of: received.offer.task) }) {
      switch reservations.reserve(attempt, task.submission.needs(ofSubtask: attempt.subtask)) {
      case .reserved, .alreadyReserved: taken.append(attempt)
      case .conflicts, .short, .invalid: refused.append(attempt)
      }
    }
    received.held = AttemptRange.ranges(of: taken)
    received.state = taken.isEmpty ? .declined : .accepted
    var declined: [OfferAnswer.Decline] = []
    if !refused.isEmpty {
      let free = reservations.free
      received.code = DeclineCode.capacity.rawValue
      received.reason =
        "\(refused.count) subtasks do not fit: free are \(free.cpuMillicores)m CPU and \(free.memoryBytes) bytes"
      declined.append(
        .init(
          attempts: AttemptRange.ranges(of: refused), code: .capacity, text: received.reason,
          retryAfterMilliseconds: 500))
    }
    answer(received, declined, context, &effects)
    keep(received, &effects)
  }

  private mutating func decline(
    _ received: inout ReceivedOffer, _ code: DeclineCode, _ text: String, _ context: CoordinationContext,
    _ effects: inout CoordinationEffects
  ) {
    received.state = .declined
    received.code = code.rawValue
    received.reason = Text.bounded(text)
    let all = OfferAnswer.Decline(
      attempts: received.offer.attempts, code: code, text: received.reason, retryAfterMilliseconds: nil)
    answer(received, [all], context, &effects)
    keep(received, &effects)
  }

  private func answer(
    _ received: ReceivedOffer, _ declined: [OfferAnswer.Decline], _ context: CoordinationContext,
    _ effects: inout CoordinationEffects
  ) {
    let answer = OfferAnswer(
      offer: received.id, task: received.offer.task, accepted: received.held, declined: declined,
      trace: received.offer.trace)
    effects.append(
      .tell(
        received.signed.statement.author, context.statement(answer, in: received.collaboration),
        deadlineMilliseconds: max(received.offer.expiresMilliseconds, context.wall + 1_000)))
  }

  private mutating func keep(_ received: ReceivedOffer, _ effects: inout CoordinationEffects) {
    offers[received.id] = received
    if received.state == .accepted || received.state == .waiting {
      effects.save(Self.offerKey(received.id), received)
    } else {
      effects.append(.save(key: Self.offerKey(received.id), nil))
      finished.append(received.id)
      if finished.count > Self.offersKept { offers[finished.removeFirst()] = nil }
    }
  }

  // MARK: Release

  /// Holds room for an attempt that the ledger assigns to this node: what is held since it was accepted, or what is free.
  mutating func hold(_ attempt: AttemptID, _ needs: Amounts) -> Bool {
    switch reservations.reserve(attempt, needs) {
    case .reserved, .alreadyReserved: true
    case .conflicts, .short, .invalid: false
    }
  }

  /// An attempt is over here: what it held is free again.
  public mutating func release(_ attempt: AttemptID) {
    reservations.release(attempt)
  }

  /// Lets go of what the ledger no longer expects of this node, and of offers whose time is over.
  ///
  /// - Returns: attempts that were let go.
  public mutating func sweep(
    context: CoordinationContext, into effects: inout CoordinationEffects
  ) -> [AttemptID] {
    var gone: [AttemptID] = []
    for id in offers.keys.sorted() {
      guard var received = offers[id] else { continue }
      switch received.state {
      case .waiting:
        guard context.wall > received.offer.expiresMilliseconds else { continue }
        received.state = .expired
        keep(received, &effects)
      case .accepted:
        let state = context.collaborations[received.collaboration]
        let task = state?.tasks[received.offer.task]
        let over = received.held.flatMap { $0.attempts(of: received.offer.task) }
          .filter { !Self.isExpected($0, of: received, task, state, context) }
        guard !over.isEmpty else { continue }
        // The same attempt may be held for a newer offer too, when a coordinator offered it anew after a restart.
        for attempt in over where !isHeld(attempt, besides: id) && reservations.release(attempt) != nil {
          gone.append(attempt)
        }
        let left = Set(received.held.flatMap { $0.attempts(of: received.offer.task) }).subtracting(over)
        received.held = AttemptRange.ranges(of: Array(left))
        if received.held.isEmpty {
          offers[id] = received
          effects.append(.save(key: Self.offerKey(id), nil))
          finished.append(id)
          if finished.count > Self.offersKept { offers[finished.removeFirst()] = nil }
        } else {
          // What is kept of it may hold more: after a restart the ledger says again what is over.
          offers[id] = received
        }
      case .declined, .expired: continue
      }
    }
    return gone
  }

  private func isHeld(_ attempt: AttemptID, besides id: OfferID) -> Bool {
    offers.contains { other, received in
      other != id && received.state == .accepted && received.offer.task == attempt.task
        && received.held.contains { $0.number == attempt.number && $0.subtasks.contains(attempt.subtask) }
    }
  }

  /// Whether the ledger assigns an accepted attempt to this node, or may still do so.
  private static func isExpected(
    _ attempt: AttemptID, of received: ReceivedOffer, _ task: TaskRecord?, _ state: CollaborationState?,
    _ context: CoordinationContext
  ) -> Bool {
    guard let state, let task, !task.isOver, task.subtasks.indices.contains(attempt.subtask) else { return false }
    let subtask = task.subtasks[attempt.subtask]
    guard subtask.attempt == attempt.number else { return false }
    switch subtask.state {
    case .assigned(let node, let lease): return node == context.node && !state.hasLapsed(lease: lease, at: context.wall)
    // Never assigned, it lapses with its term, or with the lease that it would have had.
    case .pending:
      return received.offer.term == state.term
        && context.wall - Int64(received.offer.leaseMilliseconds) <= received.offer.expiresMilliseconds
    case .succeeded: return false
    }
  }
}

extension CollaborationState {
  /// Whether a lease is over for who holds it, also when nobody says so: its end has passed, and the margin in which a
  /// coordinator that is there would have put it on the ledger.
  func hasLapsed(lease: Int64, at wall: Int64) -> Bool {
    wall - Int64(contract.dispatch.leaseMarginMilliseconds) > lease
  }
}
