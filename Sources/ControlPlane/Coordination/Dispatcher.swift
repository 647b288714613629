public import Contract
public import Model

/// The coordinator's side of tasks: plans, offers, answers, results, losses, ends (design 6, steps 4 to 8).
/// What is decided stands on the ledger; this holds only what is under way and can be made again.
public struct Dispatcher: Sendable {
  /// Offers that are out to one participant at one time.
  public static let offersPerParticipant = 4
  /// Separate runs of subtasks in one plan, so that its entry stays small.
  public static let planRangeLimit = 1_500
  /// How long a participant whose node does not answer is left alone.
  static let silentRestMilliseconds: Int64 = 5_000

  package struct OutstandingOffer: Sendable {
    var task: TaskID
    var collaboration: CollaborationID
    var participant: NodeID
    var offer: Offer
    /// Set once the signature is made.
    var signed: SignedStatement?
  }

  struct Idle: Sendable {
    var sinceMilliseconds: Int64
    /// Nobody on the roster could ever take it.
    var isHopeless = false
    /// Who cannot take it and why not; empty while somebody can.
    var why = ""
  }

  /// A report whose result objects are still on their way.
  struct PendingReport: Sendable {
    var signed: SignedStatement
    var task: TaskID
    var missing: Set<Digest>
    var collaboration: CollaborationID
    /// Tries at each object that came to nothing: a moment without a link costs each of them one, and not the report.
    var failedFetches: [Digest: Int] = [:]
  }

  /// A participant that is left alone for a while.
  struct Rest: Sendable {
    var untilMilliseconds: Int64
    var why: String
    /// Times in a row that it had no room.
    var refusals = 0
  }

  package internal(set) var offers: [OfferID: OutstandingOffer] = [:]
  var reports: [StatementID: PendingReport] = [:]
  /// What participants say of their attempts, for people.
  var progress: [AttemptID: ProgressReport.State] = [:]
  /// Participants that are left alone for a while, by task.
  var resting: [TaskID: [NodeID: Rest]] = [:]
  /// Since when nothing of a task is assigned, and why.
  var idle: [TaskID: Idle] = [:]
  /// When a task's leases are looked at next.
  private var nextLeaseCheck: [TaskID: Int64] = [:]
  /// Results that had come when the newest plan was made, by task.
  var succeededAtPlan: [TaskID: Int] = [:]
  public let planner = Planner()

  public init() {}

  /// What the coordinator knows of an attempt beyond the ledger, for people.
  public func reportedProgress(of attempt: AttemptID) -> ProgressReport.State? { progress[attempt] }

  /// Who has an offer of this task and has not answered yet.
  public func participants(offered task: TaskID) -> Set<NodeID> {
    Set(offers.values.lazy.filter { $0.task == task }.map(\.participant))
  }

  /// The participant of each subtask that is offered and not answered yet.
  public func offeredSubtasks(of task: TaskID) -> [Int: NodeID] {
    var offered: [Int: NodeID] = [:]
    for offer in offers.values where offer.task == task {
      for subtask in offer.offer.attempts.flatMap(\.subtasks) { offered[subtask] = offer.participant }
    }
    return offered
  }

  /// Why a task does not move; empty when it does.
  public func waitingReason(of task: TaskID) -> String {
    guard let idle = idle[task] else { return "" }
    return idle.why.isEmpty ? "" : "no participant can take its subtasks now: \(idle.why)"
  }

  // MARK: Moving on

  /// Another term has begun: offers of the one before bind nobody, and what was gathered for it is gathered anew by
  /// whoever coordinates now.
  public mutating func termBegan(_ id: CollaborationID, context: CoordinationContext) {
    for task in Set(offers.values.filter { $0.collaboration == id }.map(\.task)) { forget(task) }
    for task in context.collaborations[id]?.openTaskIDs ?? [] { forget(task) }
  }

  /// Takes up what records changed: of a task that is over nothing is under way any more, whoever ended it.
  public mutating func folded(_ id: CollaborationID, _ changes: [TaskChange], context: CoordinationContext) {
    guard let state = context.drafts[id] else { return }
    for change in changes where change.extent == .whole && state.tasks[change.task]?.isOver == true {
      forget(change.task)
    }
  }

  /// Moves every open task of a collaboration on as far as it goes. At most one entry a task is appended; the
  /// engine calls again when it has been folded.
  public mutating func proceed(
    _ id: CollaborationID, _ context: CoordinationContext, random: inout Random, into effects: inout CoordinationEffects
  ) {
    guard let state = context.drafts[id] else { return }
    for taskID in state.openTaskIDs {
      guard let task = state.tasks[taskID] else { continue }
      proceed(task, state, context, &random, &effects)
    }
  }

  private mutating func proceed(
    _ task: TaskRecord, _ state: CollaborationState, _ context: CoordinationContext, _ random: inout Random,
    _ effects: inout CoordinationEffects
  ) {
    noteIdleness(of: task, context)
    if let end = ending(of: task, state, context) {
      effects.append(state.id, end)
      effects.notice("task.\(end.outcome.rawValue)", task: task.id, collaboration: state.id, end.reason)
      return
    }
    if let lost = losses(of: task, context) {
      effects.append(state.id, lost)
      effects.notice(
        "attempt.lost", task: task.id, collaboration: state.id, node: lost.participant,
        "\(AttemptRange.count(lost.attempts)) subtasks at \(context.name(lost.participant)) lost: \(lost.cause.rawValue)"
      )
      return
    }
    if let expired = expiredOffer(of: task, context) {
      effects.append(state.id, OfferExpired(offer: expired.signed))
      effects.notice(
        "offer.expired", task: task.id, collaboration: state.id, node: expired.participant,
        "\(context.name(expired.participant)) did not answer an offer")
      return
    }
    if let plan = neededPlan(for: task, state, context, &random) {
      succeededAtPlan[task.id] = task.succeededCount
      effects.append(state.id, plan)
      effects.notice(
        "task.planned", task: task.id, collaboration: state.id,
        "plan \(plan.number) (\(plan.cause)): \(plan.choices.map { "\(context.name($0.node)) \(AttemptRange.count($0.attempts))" }.joined(separator: ", "))"
      )
      return
    }
    sendOffers(for: task, state, context, &effects)
  }

  private mutating func noteIdleness(of task: TaskRecord, _ context: CoordinationContext) {
    if task.assignedCount > 0 {
      idle[task.id] = nil
    } else if idle[task.id] == nil {
      idle[task.id] = Idle(sinceMilliseconds: context.wall)
    }
  }

  private func ending(
    of task: TaskRecord, _ state: CollaborationState, _ context: CoordinationContext
  ) -> TaskEnded? {
    if task.succeededCount == task.subtasks.count {
      return TaskEnded(task: task.id, outcome: .succeeded, category: "", reason: "all subtasks succeeded")
    }
    let bound = min(task.submission.attemptLimit, state.contract.dispatch.attemptsAtMost)
    if let index = task.subtasks.firstIndex(where: { $0.isPending && $0.failures >= bound }) {
      let failure = task.subtasks[index].lastFailure
      return TaskEnded(
        task: task.id, outcome: .failed, category: failure?.category ?? "",
        reason: Self.failing(index, task.subtasks[index].failures, failure?.detail ?? "unknown"))
    }
    let age = context.wall - task.enteredMilliseconds
    if age > Int64(task.submission.timeouts.totalMilliseconds) {
      return TaskEnded(
        task: task.id, outcome: .failed, category: "timeout",
        reason: "not done within its total time of \(task.submission.timeouts.totalMilliseconds) ms")
    }
    return unplaced(task, context)
  }

  private static func failing(_ subtask: Int, _ failures: Int, _ last: String) -> String {
    failures == 1 ? "subtask \(subtask) failed: \(last)" : "subtask \(subtask) failed \(failures) times, last: \(last)"
  }

  private func unplaced(_ task: TaskRecord, _ context: CoordinationContext) -> TaskEnded? {
    guard task.assignedCount == 0, let idle = idle[task.id] else { return nil }
    func end(_ reason: String) -> TaskEnded {
      TaskEnded(task: task.id, outcome: .unplaced, category: "", reason: reason)
    }
    if idle.isHopeless, !offers.values.contains(where: { $0.task == task.id }) {
      return end("nobody can take it: \(idle.why)")
    }
    guard context.wall - idle.sinceMilliseconds > Int64(task.submission.timeouts.queueMilliseconds) else { return nil }
    return end(
      "nobody took it within its queue time of \(task.submission.timeouts.queueMilliseconds) ms"
        + (idle.why.isEmpty ? "" : ": \(idle.why)"))
  }

  private mutating func losses(of task: TaskRecord, _ context: CoordinationContext) -> AttemptsLost? {
    guard task.assignedCount > 0 else { return nil }
    let failed = task.shares.filter { $0.value.running > 0 && !context.isLive($0.key) }.keys.min()
    if let failed {
      return lost(task, at: failed, .participantFailed) { _ in true }
    }
    // Every subtask is looked at for this, so not in every step.
    guard context.wall >= nextLeaseCheck[task.id] ?? 0 else { return nil }
    let lapsed = task.subtasks.lazy.compactMap { subtask -> NodeID? in
      if case .assigned(let node, let lease) = subtask.state, context.wall > lease { node } else { nil }
    }.first
    guard let lapsed else {
      nextLeaseCheck[task.id] = context.wall + 500
      return nil
    }
    return lost(task, at: lapsed, .leaseExpired) { context.wall > $0 }
  }

  private func lost(
    _ task: TaskRecord, at node: NodeID, _ cause: AttemptsLost.Cause, where isLost: (_ lease: Int64) -> Bool
  ) -> AttemptsLost {
    var attempts: [AttemptID] = []
    for (index, subtask) in task.subtasks.enumerated() where attempts.count < 1_000 {
      guard case .assigned(node, let lease) = subtask.state, isLost(lease) else { continue }
      attempts.append(AttemptID(task: task.id, subtask: index, number: subtask.attempt))
    }
    return AttemptsLost(
      task: task.id, participant: node, attempts: AttemptRange.ranges(of: attempts), cause: cause)
  }

  private mutating func expiredOffer(
    of task: TaskRecord, _ context: CoordinationContext
  ) -> (signed: SignedStatement, participant: NodeID)? {
    let lapsed = offers.filter { $0.value.task == task.id && context.wall > $0.value.offer.expiresMilliseconds }
    guard let (id, offer) = lapsed.min(by: { $0.key < $1.key }) else { return nil }
    offers[id] = nil
    resting[task.id, default: [:]][offer.participant] = Rest(
      untilMilliseconds: context.wall + Self.silentRestMilliseconds,
      why: "\(context.name(offer.participant)) did not answer")
    guard let signed = offer.signed else { return nil }
    return (signed, offer.participant)
  }

  /// Who has no room now is asked again, each time after twice as long: it is busy with what this node cannot see.
  private mutating func rest(
    _ node: NodeID, of task: TaskID, after decline: OfferAnswer.Decline, _ state: CollaborationState,
    _ context: CoordinationContext
  ) {
    let current = resting[task]?[node]
    // Several offers are answered at one time: together they are one refusal.
    if let current, current.refusals > 0, current.untilMilliseconds > context.wall { return }
    let refusals = current?.refusals ?? 0
    let first = Int64(state.contract.dispatch.capacityRetryMilliseconds)
    let pause = max(first << min(refusals, Self.restDoublings), Int64(max(0, decline.retryAfterMilliseconds ?? 0)))
    resting[task, default: [:]][node] = Rest(
      untilMilliseconds: context.wall + min(pause, Self.restLimitMilliseconds),
      why: "\(context.name(node)): \(decline.code.rawValue), \(decline.text)", refusals: refusals + 1)
  }

  /// How often the time that a full participant is left alone doubles: by the default contract up to 8 s.
  static let restDoublings = 4
  static let restLimitMilliseconds: Int64 = 60_000

  private mutating func forget(_ task: TaskID) {
    offers = offers.filter { $0.value.task != task }
    progress = progress.filter { $0.key.task != task }
    resting[task] = nil
    idle[task] = nil
    nextLeaseCheck[task] = nil
    reports = reports.filter { $0.value.task != task }
    succeededAtPlan[task] = nil
  }

  /// An own offer got its signature.
  public mutating func signed(_ signed: SignedStatement) {
    offers[OfferID(signed.id.digest)]?.signed = signed
  }

  /// A participant answered an offer.
  public mutating func answered(
    _ signed: SignedStatement, context: CoordinationContext, into effects: inout CoordinationEffects
  ) -> Handling {
    guard let answer = try? signed.statement.decode(OfferAnswer.self) else { return .done("malformed answer") }
    guard let outstanding = offers[answer.offer], outstanding.participant == signed.statement.author else {
      return .done("no such offer is out: it lapsed, or the task is over")
    }
    guard let offer = outstanding.signed else { return .later("the offer's own signature") }
    guard let state = context.drafts[outstanding.collaboration] else { return .done("no longer coordinated here") }
    // What the contract would refuse is no answer: the offer stays out and lapses.
    if let problem = Self.disorder(of: answer, to: outstanding, offer, signed, state, at: context.wall) {
      return .done("malformed answer: \(problem)")
    }
    offers[answer.offer] = nil
    if !answer.accepted.isEmpty { resting[outstanding.task]?[signed.statement.author] = nil }
    if let decline = answer.declined.first(where: { !$0.code.isFinal }) {
      rest(signed.statement.author, of: outstanding.task, after: decline, state, context)
    }
    effects.append(outstanding.collaboration, OfferAnswered(offer: offer, answer: signed))
    let (accepted, declined) = (
      AttemptRange.count(answer.accepted), answer.declined.reduce(0) { $0 + AttemptRange.count($1.attempts) }
    )
    effects.notice(
      declined == 0 ? "offer.accepted" : "offer.declined", task: outstanding.task,
      collaboration: outstanding.collaboration, node: signed.statement.author,
      "\(context.name(signed.statement.author)) accepted \(accepted), declined \(declined)"
        + (answer.declined.first.map { " (\($0.code.rawValue): \($0.text))" } ?? ""))
    return .done("accepted \(accepted), declined \(declined)")
  }

  /// The longest reason for a decline that is taken, in bytes.
  public static let reasonByteLimit = 300
  /// What an entry of two statements, or of one, can hold.
  static let statementByteLimit = 60 * 1_024

  private static func disorder(
    of answer: OfferAnswer, to outstanding: OutstandingOffer, _ offer: SignedStatement, _ signed: SignedStatement,
    _ state: CollaborationState, at wall: Int64
  ) -> String? {
    // By the key that the roster names, which need not be the one that brought it here.
    guard state.made(signed) else { return "it is not signed for this collaboration by the member's key" }
    guard state.isInTime(answerTo: outstanding.offer, at: wall) else { return "it comes too late" }
    guard answer.declined.allSatisfy({ !$0.attempts.isEmpty }) else { return "it declines nothing" }
    let ranges = answer.accepted + answer.declined.flatMap(\.attempts)
    let offered = outstanding.offer.attempts
    guard answer.task == outstanding.task, AttemptRange.count(ranges) == AttemptRange.count(offered),
      AttemptRange.ranges(of: ranges.flatMap { $0.attempts(of: answer.task) }) == offered
    else { return "it is not for exactly what was offered" }
    guard answer.declined.allSatisfy({ $0.text.utf8.count <= reasonByteLimit }),
      offer.statement.bytes.count + signed.statement.bytes.count <= statementByteLimit
    else { return "it is too long" }
    guard let submission = state.tasks[answer.task]?.submission else { return "there is no such task" }
    let taken = answer.accepted.flatMap(\.subtasks).reduce(into: Amounts.zero) {
      $0 += submission.needs(ofSubtask: $1)
    }
    guard answer.accepted.isEmpty || taken.fits(in: state.free(signed.statement.author)) else {
      return "it accepts more than is free"
    }
    return nil
  }
}
