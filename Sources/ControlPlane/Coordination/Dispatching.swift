public import Contract
public import Model

// Who gets which subtasks: plans, and the offers that follow from the newest one.
extension Dispatcher {
  /// What a plan is made from beyond the ledger, now.
  public func surroundings(of task: TaskID?, _ state: CollaborationState, _ context: CoordinationContext)
    -> Planner.Surroundings
  {
    var offered: [NodeID: Amounts] = [:]
    for offer in offers.values where offer.collaboration == state.id {
      guard let record = state.tasks[offer.task] else { continue }
      var amounts = Amounts.zero
      for range in offer.offer.attempts {
        for index in range.subtasks { amounts += record.submission.needs(ofSubtask: index) }
      }
      offered[offer.participant, default: .zero] += amounts
    }
    let resting = task.flatMap { self.resting[$0] } ?? [:]
    return Planner.Surroundings(
      live: Set(context.live + [context.node]), offered: offered,
      resting: resting.mapValues { ($0.untilMilliseconds, $0.why) }, nowMilliseconds: context.wall)
  }

  /// For each subtask, whether it is offered and not answered yet. Looked up for every subtask in every step, so
  /// no set.
  private func offeredSubtasks(of task: TaskRecord) -> [Bool] {
    var offered = [Bool](repeating: false, count: task.subtasks.count)
    for offer in offers.values where offer.task == task.id {
      for range in offer.offer.attempts {
        for index in range.subtasks { offered[index] = true }
      }
    }
    return offered
  }

  /// Subtasks of the newest plan that still wait for the very attempt it planned, by participant.
  private func backlog(of task: TaskRecord, offered: [Bool]) -> [(node: NodeID, subtasks: [Int])] {
    guard let plan = task.plans.last?.plan else { return [] }
    return plan.choices.map { choice in
      var waiting: [Int] = []
      for range in choice.attempts {
        for index in range.subtasks
        where task.subtasks[index].isPending && task.subtasks[index].attempt == range.number
          && !offered[index]
        {
          waiting.append(index)
        }
      }
      return (choice.node, waiting)
    }
  }

  mutating func neededPlan(
    for task: TaskRecord, _ state: CollaborationState, _ context: CoordinationContext, _ random: inout Random
  ) -> TaskPlanned? {
    let offered = offeredSubtasks(of: task)
    let open = task.placeable.filter { !offered[$0] }
    guard let first = open.first else { return nil }
    let candidates = planner.candidates(
      for: task.submission, refusals: task.refusals, subtaskNeeds: task.submission.needs(ofSubtask: first),
      state: state, surroundings(of: task.id, state, context))
    idle[task.id]?.isHopeless = candidates.usable.isEmpty && !candidates.someMayCome
    idle[task.id]?.why = candidates.usable.isEmpty ? Self.describe(candidates.filtered, state, context) : ""
    guard !candidates.usable.isEmpty else { return nil }
    let usable = Set(candidates.usable.map(\.node))
    let backlog = backlog(of: task, offered: offered)
    var isPlanned = [Bool](repeating: false, count: task.subtasks.count)
    var plannedCount = 0
    for (node, subtasks) in backlog where usable.contains(node) {
      plannedCount += subtasks.count
      for index in subtasks { isPlanned[index] = true }
    }
    let bounded = Self.bounded(open, of: task)
    let unplanned = bounded.filter { !isPlanned[$0] }
    let cause: String
    if task.planCount == 0 {
      cause = "submitted"
    } else if !unplanned.isEmpty, unplanned.count * 20 >= open.count || plannedCount < Self.backlogLow {
      cause = Self.cause(unplanned, of: task)
    } else if isIdle(backlog: backlog, task, candidates) {
      cause = "idle"
    } else {
      return nil
    }
    return planner.plan(
      bounded, of: task, candidates: candidates, number: task.planCount + 1, cause: cause, seed: random.digest())
  }

  /// What a plan does not hold, since it came back or found no room in it, waits while most of the plan still
  /// stands: until it is a twentieth of what is open, or so few of the planned are left.
  private static let backlogLow = 100

  /// Members, and who would be one if it had agreed to the call.
  private static func describe(
    _ filtered: [TaskPlanned.Filtered], _ state: CollaborationState, _ context: CoordinationContext
  ) -> String {
    let all = filtered.map { "\(context.name($0.node)) (\($0.constraint): \($0.detail))" }.joined(separator: ", ")
    return String((all + Text.absentees(state.negotiation, after: ", ")).prefix(1_000))
  }

  private static func cause(_ unplanned: [Int], of task: TaskRecord) -> String {
    if unplanned == [task.submission.subtaskCount] { return "reduce" }
    let last = task.answers.last { $0.kind != .accepted }
    return last?.kind.rawValue ?? "more"
  }

  /// The first subtasks that a plan can name in at most `planRangeLimit` runs of the same try and the same failures.
  private static func bounded(_ subtasks: [Int], of task: TaskRecord) -> [Int] {
    var runs = 0
    var previous: Int?
    return Array(
      subtasks.prefix { index in
        let continues = previous.map { before in
          index == before + 1 && task.subtasks[index].attempt == task.subtasks[before].attempt
            && task.subtasks[index].failedAt == task.subtasks[before].failedAt
        }
        if continues != true { runs += 1 }
        previous = index
        return runs <= planRangeLimit
      })
  }

  /// Whether somebody has room and nothing to do while others have work that waits: room that it did not use before
  /// results came, or that came free since the newest plan. So there is one more plan at most for each such change.
  private func isIdle(
    backlog: [(node: NodeID, subtasks: [Int])], _ task: TaskRecord, _ candidates: Planner.Candidates
  ) -> Bool {
    var waiting: [NodeID: Int] = [:]
    for (node, subtasks) in backlog { waiting[node] = subtasks.count }
    // Only what its own participant has no room for is worth another plan.
    guard candidates.usable.contains(where: { (waiting[$0.node] ?? 0) > $0.fits }) else { return false }
    let stuck = candidates.usable.reduce(0) { $0 + ($1.fits == 0 ? waiting[$1.node] ?? 0 : 0) }
    let offered = Set(offers.values.lazy.filter { $0.task == task.id }.map(\.participant))
    let planned = task.plans.last?.plan.candidates ?? []
    let hasResults = task.succeededCount > (succeededAtPlan[task.id] ?? 0)
    return candidates.usable.contains { candidate in
      guard candidate.fits > 0, (waiting[candidate.node] ?? 0) == 0, !offered.contains(candidate.node) else {
        return false
      }
      let hasNothing = (task.shares[candidate.node]?.running ?? 0) == 0
      let before = planned.first { $0.node == candidate.node }?.fits ?? 0
      return hasNothing && hasResults
        || candidate.fits > before && stuck > 0 && (hasNothing || stuck <= candidate.fits)
    }
  }

  // MARK: Offers

  mutating func sendOffers(
    for task: TaskRecord, _ state: CollaborationState, _ context: CoordinationContext,
    _ effects: inout CoordinationEffects
  ) {
    guard let planned = task.plans.last else { return }
    let offered = surroundings(of: task.id, state, context).offered
    for (node, waiting) in backlog(of: task, offered: offeredSubtasks(of: task))
    where !waiting.isEmpty && context.isLive(node) {
      guard resting[task.id]?[node].map({ $0.untilMilliseconds <= context.wall }) ?? true else { continue }
      let needs = task.submission.needs(ofSubtask: waiting[0])
      var room = needs.count(fittingIn: state.free(node) - (offered[node] ?? .zero), limit: waiting.count)
      var out = offers.values.count { $0.participant == node && $0.task == task.id }
      var rest = waiting[...]
      while room > 0, out < Self.offersPerParticipant, !rest.isEmpty {
        let part = rest.prefix(min(room, state.contract.dispatch.offerSubtasks))
        rest = rest.dropFirst(part.count)
        room -= part.count
        out += 1
        offer(Array(part), of: task, to: node, plan: planned.entry, state, context, &effects)
      }
    }
  }

  private mutating func offer(
    _ subtasks: [Int], of task: TaskRecord, to node: NodeID, plan: Int, _ state: CollaborationState,
    _ context: CoordinationContext, _ effects: inout CoordinationEffects
  ) {
    let dispatch = state.contract.dispatch
    let attempts = subtasks.map { AttemptID(task: task.id, subtask: $0, number: task.subtasks[$0].attempt) }
    let offer = Offer(
      task: task.id, participant: node, attempts: AttemptRange.ranges(of: attempts),
      priceMicroPerCPUSecond: state.roster[node]?.priceMicroPerCPUSecond ?? 0,
      expiresMilliseconds: context.wall + Int64(dispatch.offerMilliseconds),
      leaseMilliseconds: state.leaseMilliseconds(of: task.submission),
      plan: plan, term: state.term, trace: task.submission.trace)
    let statement = context.statement(offer, in: state.id)
    offers[OfferID(statement.id.digest)] = OutstandingOffer(
      task: task.id, collaboration: state.id, participant: node, offer: offer, signed: nil)
    effects.append(.tell(node, statement, deadlineMilliseconds: offer.expiresMilliseconds))
    effects.notice(
      "offer.made", task: task.id, collaboration: state.id, node: node,
      "offered \(subtasks.count) subtasks to \(context.name(node))")
  }
}
