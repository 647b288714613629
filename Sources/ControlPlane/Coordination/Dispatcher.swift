public import Contract
public import Model

/// The coordinator's side of tasks: plans, offers, answers, results, losses, ends (design 6, steps 4 to 8).
/// What is decided stands on the ledger; this holds only what is under way and can be made again.
public struct Dispatcher: Sendable {
  /// Offers that are out to one participant at one time.
  public static let offersPerParticipant = 4
  /// Separate runs of subtasks in one plan, so that its entry stays small.
  public static let planRangeLimit = 2_000
  /// How long a participant whose node does not answer is left alone.
  static let silentRestMilliseconds: Int64 = 5_000

  struct OutstandingOffer: Sendable {
    var task: TaskID
    var collaboration: CollaborationID
    var participant: NodeID
    var offer: Offer
    /// Set once the signature is made.
    var signed: SignedStatement?
  }

  /// A report whose result objects are still on their way.
  struct PendingReport: Sendable {
    var signed: SignedStatement
    var missing: Set<Digest>
    var collaboration: CollaborationID
  }

  var offers: [OfferID: OutstandingOffer] = [:]
  var reports: [StatementID: PendingReport] = [:]
  /// What participants say of their attempts, for people.
  var progress: [AttemptID: ProgressReport.State] = [:]
  /// Participants that are left alone for a while, by task.
  private var resting: [TaskID: [NodeID: (untilMilliseconds: Int64, why: String)]] = [:]
  /// Since when nobody takes a task's subtasks.
  private var stuckSince: [TaskID: Int64] = [:]
  /// Results that had come when the newest plan was made, by task.
  private var succeededAtPlan: [TaskID: Int] = [:]
  public let planner = Planner()

  public init() {}

  /// What the coordinator knows of an attempt beyond the ledger, for people.
  public func reportedProgress(of attempt: AttemptID) -> ProgressReport.State? { progress[attempt] }

  /// Whether this attempt is offered and not answered yet, and to whom.
  public func offeredTo(_ attempt: AttemptID) -> NodeID? {
    offers.values.first {
      $0.task == attempt.task
        && $0.offer.attempts.contains { $0.number == attempt.number && $0.subtasks.contains(attempt.subtask) }
    }?.participant
  }

  /// Why a task does not move; empty when it does.
  public func waitingReason(of task: TaskID) -> String {
    guard stuckSince[task] != nil else { return "" }
    let rests = (resting[task] ?? [:]).sorted { $0.key < $1.key }.map(\.value.why)
    return rests.isEmpty
      ? "no participant can take its subtasks now" : "waiting: " + Set(rests).sorted().joined(separator: "; ")
  }

  // MARK: Moving on

  /// Moves every open task of a collaboration on as far as it goes. At most one entry a task is appended; the
  /// engine calls again when it has been folded.
  public mutating func proceed(
    _ id: CollaborationID, _ context: CoordinationContext, random: inout Random, into effects: inout CoordinationEffects
  ) {
    guard let state = context.collaborations[id], state.coordinator == context.node else { return }
    for taskID in state.taskOrder {
      guard let task = state.tasks[taskID], !task.isOver else { continue }
      proceed(task, state, context, &random, &effects)
    }
  }

  private mutating func proceed(
    _ task: TaskRecord, _ state: CollaborationState, _ context: CoordinationContext, _ random: inout Random,
    _ effects: inout CoordinationEffects
  ) {
    if let end = ending(of: task, context) {
      forget(task.id)
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
      effects.append(state.id, expired)
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

  private func ending(of task: TaskRecord, _ context: CoordinationContext) -> TaskEnded? {
    if task.succeededCount == task.subtasks.count {
      return TaskEnded(task: task.id, outcome: .succeeded, category: "", reason: "all subtasks succeeded")
    }
    let limit = task.submission.attemptLimit
    let bound = min(
      limit, context.collaborations.values.first { $0.tasks[task.id] != nil }?.contract.dispatch.attemptsAtMost ?? limit
    )
    if let index = task.subtasks.firstIndex(where: { $0.isPending && $0.failures >= bound }) {
      let failure = task.subtasks[index].lastFailure
      return TaskEnded(
        task: task.id, outcome: .failed, category: failure?.category ?? "",
        reason: "subtask \(index) failed \(task.subtasks[index].failures) times, last: \(failure?.detail ?? "unknown")")
    }
    let age = context.wall - task.submittedMilliseconds
    if age > Int64(task.submission.timeouts.totalMilliseconds) {
      return TaskEnded(
        task: task.id, outcome: .failed, category: "timeout",
        reason: "not done within its total time of \(task.submission.timeouts.totalMilliseconds) ms")
    }
    if let since = stuckSince[task.id], task.assignedCount == 0,
      context.wall - since > Int64(task.submission.timeouts.queueMilliseconds)
    {
      return TaskEnded(
        task: task.id, outcome: .unplaced, category: "",
        reason: "nobody took it within its queue time of \(task.submission.timeouts.queueMilliseconds) ms")
    }
    return nil
  }

  private func losses(of task: TaskRecord, _ context: CoordinationContext) -> AttemptsLost? {
    guard task.assignedCount > 0 else { return nil }
    for (node, share) in task.shares.sorted(by: { $0.key < $1.key }) where share.running > 0 {
      let here = task.subtasks.indices.filter { task.subtasks[$0].assignee == node }
      let attempts = { (indices: [Int]) in
        AttemptRange.ranges(
          of: indices.prefix(1_000).map { AttemptID(task: task.id, subtask: $0, number: task.subtasks[$0].attempt) })
      }
      if !context.isLive(node) {
        return AttemptsLost(task: task.id, participant: node, attempts: attempts(here), cause: .participantFailed)
      }
      let lapsed = here.filter { index in
        if case .assigned(_, let lease) = task.subtasks[index].state { context.wall > lease } else { false }
      }
      if !lapsed.isEmpty {
        return AttemptsLost(task: task.id, participant: node, attempts: attempts(lapsed), cause: .leaseExpired)
      }
    }
    return nil
  }

  private mutating func expiredOffer(of task: TaskRecord, _ context: CoordinationContext) -> OfferExpired? {
    let lapsed = offers.filter { $0.value.task == task.id && context.wall > $0.value.offer.expiresMilliseconds }
    guard let (id, offer) = lapsed.min(by: { $0.key < $1.key }) else { return nil }
    offers[id] = nil
    rest(
      offer.participant, of: task.id, until: context.wall + Self.silentRestMilliseconds,
      "\(context.name(offer.participant)) did not answer")
    guard let signed = offer.signed else { return nil }
    return OfferExpired(offer: signed, participant: offer.participant)
  }

  private mutating func rest(_ node: NodeID, of task: TaskID, until milliseconds: Int64, _ why: String) {
    resting[task, default: [:]][node] = (milliseconds, why)
  }

  private mutating func forget(_ task: TaskID) {
    offers = offers.filter { $0.value.task != task }
    progress = progress.filter { $0.key.task != task }
    resting[task] = nil
    stuckSince[task] = nil
    succeededAtPlan[task] = nil
  }

  // MARK: Planning

  /// What a plan is made from beyond the ledger, now.
  public func surroundings(of task: TaskID?, _ state: CollaborationState, _ context: CoordinationContext)
    -> Planner.Surroundings
  {
    var offered: [NodeID: Amounts] = [:]
    for offer in offers.values where offer.collaboration == state.id {
      guard let record = state.tasks[offer.task] else { continue }
      for index in offer.offer.attempts.flatMap(\.subtasks) {
        offered[offer.participant, default: .zero] += record.submission.needs(ofSubtask: index)
      }
    }
    return Planner.Surroundings(
      live: Set(context.live + [context.node]), offered: offered,
      resting: task.flatMap { resting[$0] } ?? [:], nowMilliseconds: context.wall)
  }

  /// Subtasks of the newest plan that still wait for the very attempt it planned, by participant.
  private func backlog(of task: TaskRecord) -> [(node: NodeID, attempts: [AttemptID])] {
    guard let plan = task.plans.last?.plan else { return [] }
    let out = Set(
      offers.values.filter { $0.task == task.id }.flatMap { offer in
        offer.offer.attempts.flatMap { $0.attempts(of: task.id) }
      })
    return plan.choices.map { choice in
      let waiting = choice.attempts.flatMap { $0.attempts(of: task.id) }.filter { attempt in
        let subtask = task.subtasks[attempt.subtask]
        return subtask.isPending && subtask.attempt == attempt.number && !out.contains(attempt)
      }
      return (choice.node, waiting)
    }
  }

  private mutating func neededPlan(
    for task: TaskRecord, _ state: CollaborationState, _ context: CoordinationContext, _ random: inout Random
  ) -> TaskPlanned? {
    let placeable = task.placeable
    guard !placeable.isEmpty else {
      stuckSince[task.id] = nil
      return nil
    }
    let offered = Set(
      offers.values.filter { $0.task == task.id }.flatMap { $0.offer.attempts.flatMap(\.subtasks) })
    let open = placeable.filter { !offered.contains($0) }
    guard !open.isEmpty else { return nil }
    let candidates = planner.candidates(
      for: task.submission, answers: task.answers,
      subtaskNeeds: task.submission.needs(ofSubtask: open[0]), state: state,
      surroundings(of: task.id, state, context))
    guard !candidates.usable.isEmpty else {
      let since = stuckSince[task.id] ?? context.wall
      // Nobody left who could ever take it: waiting out the queue time would be for nothing.
      stuckSince[task.id] = candidates.someMayCome ? since : Int64.min / 2
      return nil
    }
    stuckSince[task.id] = task.assignedCount == 0 && offered.isEmpty ? (stuckSince[task.id] ?? context.wall) : nil
    let usable = Set(candidates.usable.map(\.node))
    let backlog = backlog(of: task)
    let planned = Set(backlog.filter { usable.contains($0.node) }.flatMap { $0.attempts.map(\.subtask) })
    let cause: String
    if task.planCount == 0 {
      cause = "submitted"
    } else if open.contains(where: { !planned.contains($0) }) {
      cause = Self.cause(open.filter { !planned.contains($0) }, of: task)
    } else if isIdle(usable, backlog: backlog, task, candidates) {
      cause = "idle"
    } else {
      return nil
    }
    return planner.plan(
      Self.bounded(open), of: task, candidates: candidates, number: task.planCount + 1, cause: cause,
      seed: random.digest())
  }

  private static func cause(_ unplanned: [Int], of task: TaskRecord) -> String {
    if unplanned == [task.submission.subtaskCount] { return "reduce" }
    let last = task.answers.last { $0.kind != .accepted }
    return last?.kind.rawValue ?? "more"
  }

  /// The first subtasks, in at most `planRangeLimit` runs.
  private static func bounded(_ subtasks: [Int]) -> [Int] {
    var runs = 0
    var previous = -2
    return Array(
      subtasks.prefix { subtask in
        if subtask != previous + 1 { runs += 1 }
        previous = subtask
        return runs <= planRangeLimit
      })
  }

  /// Whether somebody has room and nothing to do while others have work that waits.
  private func isIdle(
    _ usable: Set<NodeID>, backlog: [(node: NodeID, attempts: [AttemptID])], _ task: TaskRecord,
    _ candidates: Planner.Candidates
  ) -> Bool {
    guard task.succeededCount > (succeededAtPlan[task.id] ?? 0) else { return false }
    let waiting = Dictionary(uniqueKeysWithValues: backlog.map { ($0.node, $0.attempts.count) })
    let offered = Set(offers.values.filter { $0.task == task.id }.map(\.participant))
    let idle = candidates.usable.contains { candidate in
      candidate.fits > 0 && (waiting[candidate.node] ?? 0) == 0 && !offered.contains(candidate.node)
        && (task.shares[candidate.node]?.running ?? 0) == 0
    }
    let fits = Dictionary(uniqueKeysWithValues: candidates.usable.map { ($0.node, $0.fits) })
    return idle && backlog.contains { $0.attempts.count > max(1, fits[$0.node] ?? 0) }
  }

  // MARK: Offers

  private mutating func sendOffers(
    for task: TaskRecord, _ state: CollaborationState, _ context: CoordinationContext,
    _ effects: inout CoordinationEffects
  ) {
    guard let planned = task.plans.last else { return }
    let dispatch = state.contract.dispatch
    for (node, attempts) in backlog(of: task) where !attempts.isEmpty && context.isLive(node) {
      let rest = resting[task.id]?[node]
      guard rest.map({ $0.untilMilliseconds <= context.wall }) ?? true else { continue }
      guard offers.values.count(where: { $0.participant == node && $0.task == task.id }) < Self.offersPerParticipant
      else { continue }
      let needs = task.submission.needs(ofSubtask: attempts[0].subtask)
      let offered = surroundings(of: task.id, state, context).offered[node] ?? .zero
      let count = needs.count(fittingIn: state.free(node) - offered, limit: dispatch.offerSubtasks)
      guard count > 0 else { continue }
      let offer = Offer(
        task: task.id, attempts: AttemptRange.ranges(of: Array(attempts.prefix(count))),
        priceMicroPerCPUSecond: state.roster[node]?.priceMicroPerCPUSecond ?? 0,
        expiresMilliseconds: context.wall + Int64(dispatch.offerMilliseconds),
        leaseMilliseconds: task.submission.timeouts.executeMilliseconds + dispatch.leaseMarginMilliseconds,
        plan: planned.entry, trace: task.submission.trace)
      let statement = context.statement(offer, in: state.id)
      offers[OfferID(statement.id.digest)] = OutstandingOffer(
        task: task.id, collaboration: state.id, participant: node, offer: offer, signed: nil)
      effects.append(.tell(node, statement, deadlineMilliseconds: offer.expiresMilliseconds))
      effects.notice(
        "offer.made", task: task.id, collaboration: state.id, node: node,
        "offered \(AttemptRange.count(offer.attempts)) subtasks to \(context.name(node))")
    }
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
    offers[answer.offer] = nil
    let state = context.collaborations[outstanding.collaboration]
    let retry = Int64(state?.contract.dispatch.capacityRetryMilliseconds ?? 0)
    for decline in answer.declined where decline.code == .capacity || decline.code == .maintenance {
      let pause = min(max(decline.retryAfterMilliseconds.map(Int64.init) ?? retry, retry), 60_000)
      rest(
        signed.statement.author, of: outstanding.task, until: context.wall + pause,
        "\(context.name(signed.statement.author)): \(decline.code.rawValue), \(decline.text)")
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

  // MARK: Results

  /// A participant reports results: they count once their objects are here.
  public mutating func reported(
    _ signed: SignedStatement, context: CoordinationContext, into effects: inout CoordinationEffects
  ) -> Handling {
    let node = signed.statement.author
    guard let id = signed.statement.collaboration, let state = context.collaborations[id],
      let report = try? signed.statement.decode(ResultReport.self), let task = state.tasks[report.task]
    else { return .done("reports for no task known here") }
    guard !task.isOver else { return .done("the task is over") }
    guard report.results.allSatisfy({ task.isAssigned($0.subtask, number: $0.number, to: node) }) else {
      return .done("stale: not all of it is assigned to \(context.name(node)) any more")
    }
    var missing: Set<Digest> = []
    for file in report.results.flatMap(\.files) where !context.objects.contains(file.content.digest) {
      if let inline = file.inline, let bytes = Base64.decode(inline), file.content == ObjectReference(of: bytes) {
        effects.append(.keep(file.content, bytes))
      } else {
        missing.insert(file.content.digest)
        effects.append(.fetch(file.content, from: [node]))
      }
    }
    guard missing.isEmpty else {
      reports[signed.id] = PendingReport(signed: signed, missing: missing, collaboration: id)
      return .later("\(missing.count) result objects are on their way")
    }
    effects.append(id, ResultsReported(report: signed))
    return .done("\(report.results.count) results")
  }

  /// An object has come here.
  public mutating func arrived(_ digest: Digest, into effects: inout CoordinationEffects) {
    for id in reports.keys.sorted() {
      guard var report = reports[id], report.missing.remove(digest) != nil else { continue }
      reports[id] = report.missing.isEmpty ? nil : report
      if report.missing.isEmpty { effects.append(report.collaboration, ResultsReported(report: report.signed)) }
    }
  }

  /// An object could not be brought here: who reported it has failed those attempts.
  public mutating func unavailable(
    _ digest: Digest, context: CoordinationContext, into effects: inout CoordinationEffects
  ) {
    for id in reports.keys.sorted() {
      guard let pending = reports[id], pending.missing.contains(digest) else { continue }
      reports[id] = nil
      guard let report = try? pending.signed.statement.decode(ResultReport.self),
        let task = context.collaborations[pending.collaboration]?.tasks[report.task], !task.isOver
      else { continue }
      let node = pending.signed.statement.author
      let attempts = report.results.filter { task.isAssigned($0.subtask, number: $0.number, to: node) }
        .map { AttemptID(task: report.task, subtask: $0.subtask, number: $0.number) }
      guard !attempts.isEmpty else { continue }
      effects.append(
        pending.collaboration,
        AttemptsLost(
          task: report.task, participant: node, attempts: AttemptRange.ranges(of: attempts), cause: .resultUnavailable))
    }
  }

  /// For people only.
  public mutating func progressed(_ signed: SignedStatement, context: CoordinationContext) {
    guard let report = try? signed.statement.decode(ProgressReport.self),
      let id = signed.statement.collaboration, let task = context.collaborations[id]?.tasks[report.task], !task.isOver
    else { return }
    for state in report.states
    where task.isAssigned(state.subtask, number: state.number, to: signed.statement.author) {
      progress[AttemptID(task: report.task, subtask: state.subtask, number: state.number)] = state
    }
  }
}
