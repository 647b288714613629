public import Contract
internal import Coordination
public import Model
internal import Overlay

// What people ask about tasks.
extension NodeEngine {
  /// In order of submission.
  public func taskViews(at now: Moment) -> [TaskView] {
    let held = submissions.keys.compactMap { taskView($0, at: now) }
    let kept = books.values.flatMap { book in book.taskOrder.compactMap { taskView($0, at: now) } }
    return (held + kept).sorted {
      ($0.submittedMilliseconds, $0.task.hexadecimal) < ($1.submittedMilliseconds, $1.task.hexadecimal)
    }
  }

  /// nil for one that is not known here.
  public func taskView(_ id: TaskID, at now: Moment) -> TaskView? {
    if let book = book(of: id), let task = book.tasks[id] { return view(of: task, in: book) }
    guard let held = submissions[id], let submission = try? held.signed.statement.decode(Submission.self) else {
      return nil
    }
    let negotiation = negotiator.negotiations[held.collaboration]
    return TaskView(
      task: id, name: submission.name, collaboration: held.collaboration, submitter: held.signed.statement.author,
      trace: submission.trace,
      state: held.ended ?? (negotiation?.records.isEmpty == false ? "negotiating" : "announced"),
      reason: held.ended == nil
        ? collaborationView(held.collaboration)?.reason ?? "waits for its round to open" : held.reason,
      category: "", subtasks: submission.totalSubtasks, succeeded: 0, running: 0, assigned: 0,
      pending: submission.totalSubtasks, submittedMilliseconds: held.submittedMilliseconds, startedMilliseconds: nil,
      endedMilliseconds: held.endedMilliseconds, costMicro: 0, plans: 0)
  }

  package func book(of task: TaskID) -> CollaborationState? {
    books.values.first { $0.tasks[task] != nil }
  }

  private func view(of task: TaskRecord, in book: CollaborationState) -> TaskView {
    let running = task.subtasks.indices.count { index in
      task.subtasks[index].assignee != nil && stage(of: index, task, book).state == Executor.Stage.running.rawValue
    }
    return TaskView(
      task: task.id, name: task.submission.name, collaboration: book.id, submitter: task.submitter,
      trace: task.submission.trace, state: state(of: task), reason: reason(of: task, book),
      category: task.ending?.body.category ?? "", subtasks: task.subtasks.count, succeeded: task.succeededCount,
      running: running, assigned: task.assignedCount,
      pending: task.subtasks.count - task.succeededCount - task.assignedCount,
      submittedMilliseconds: task.submittedMilliseconds, startedMilliseconds: task.firstAssignedMilliseconds,
      endedMilliseconds: task.ending?.timeMilliseconds,
      costMicro: task.shares.values.reduce(0) { $0 + $1.cost.micro }, plans: task.planCount)
  }

  private func state(of task: TaskRecord) -> String {
    if let ending = task.ending { return ending.body.outcome.rawValue }
    return task.firstAssignedMilliseconds == nil ? "queued" : "running"
  }

  private func reason(of task: TaskRecord, _ book: CollaborationState) -> String {
    if let ending = task.ending { return ending.body.reason }
    let problem = coordinatorProblem(book)
    if !problem.isEmpty { return problem }
    let waiting = dispatcher.waitingReason(of: task.id)
    if !waiting.isEmpty { return waiting }
    if task.firstAssignedMilliseconds == nil { return "offered, waits for acceptance" }
    return ""
  }

  /// A subtask's state beyond the ledger, as far as this node knows it.
  private func stage(
    of index: Int, _ task: TaskRecord, _ book: CollaborationState
  ) -> (state: String, reason: String, nativeID: String, nativeState: String) {
    let subtask = task.subtasks[index]
    let id = AttemptID(task: task.id, subtask: index, number: subtask.attempt)
    switch subtask.state {
    case .succeeded:
      return ("succeeded", "", subtask.result?.nativeID ?? "", subtask.result?.nativeState ?? "")
    case .assigned:
      if let own = executor.attempts[id] {
        return (own.stage.rawValue, own.reason, own.nativeID, own.nativeState)
      }
      if let told = dispatcher.reportedProgress(of: id) { return (told.state, told.reason, "", "") }
      return ("accepted", "assigned, not begun yet", "", "")
    case .pending:
      if let failure = subtask.lastFailure, task.isOver {
        return (failure.category == "lost" ? "lost" : "failed", failure.detail, "", "")
      }
      if task.isOver { return ("cancelled", task.ending?.body.reason ?? "", "", "") }
      if let node = dispatcher.offeredTo(id) { return ("offered", "offered to \(name(of: node))", "", "") }
      if index == task.submission.subtaskCount, !task.isReadyToReduce {
        return ("pending", "waits for the other subtasks", "", "")
      }
      let waiting = dispatcher.waitingReason(of: task.id)
      return (task.planCount > 0 ? "planned" : "pending", waiting.isEmpty ? "waits for its turn" : waiting, "", "")
    }
  }

  /// nil for a task that is not known here.
  public func taskDetail(_ id: TaskID, at now: Moment) -> TaskDetailView? {
    guard let view = taskView(id, at: now) else { return nil }
    guard let book = book(of: id), let task = book.tasks[id] else {
      return TaskDetailView(task: view, subtasks: [], participants: [], results: [])
    }
    let subtasks = task.subtasks.indices.map { subtaskView($0, task, book) }
    let results =
      task.submission.reduces ? subtasks.last?.results ?? [] : subtasks.flatMap(\.results)
    return TaskDetailView(
      task: view, subtasks: subtasks, participants: shares(of: task, book),
      results: task.ending?.body.outcome == .succeeded ? results : [])
  }

  private func subtaskView(_ index: Int, _ task: TaskRecord, _ book: CollaborationState) -> SubtaskView {
    let subtask = task.subtasks[index]
    let (state, reason, nativeID, nativeState) = stage(of: index, task, book)
    var node = subtask.assignee
    if case .succeeded(let by) = subtask.state { node = by }
    return SubtaskView(
      index: index, stage: index < task.submission.subtaskCount ? "map" : "reduce", state: state, reason: reason,
      attempt: subtask.attempt, node: node, nodeName: node.map(name) ?? "", nativeID: nativeID,
      nativeState: nativeState,
      results: (subtask.result?.files ?? []).map {
        ResultFileView(subtask: index, path: $0.path, digest: $0.content.digest, byteCount: $0.content.byteCount)
      })
  }

  private func shares(of task: TaskRecord, _ book: CollaborationState) -> [TaskParticipantView] {
    task.shares.map { node, share in
      TaskParticipantView(
        node: node, name: name(of: node), accepted: share.accepted, declined: share.declined,
        succeeded: share.succeeded, failed: share.failed, lost: share.lost, running: share.running,
        cpuMilliseconds: share.cpuMilliseconds, costMicro: share.cost.micro,
        weightBeforePPM: share.weightBeforePPM, weightAfterPPM: book.weights[node]?.ppm ?? 0)
    }.sorted { $0.name < $1.name }
  }

  /// Oldest first; nil for a task that is not known here.
  public func planViews(of id: TaskID) -> [PlanView]? {
    guard let book = book(of: id), let task = book.tasks[id] else { return submissions[id] == nil ? nil : [] }
    return task.plans.map { view(of: $0.plan, entry: $0.entry, book) }
  }

  private func view(of plan: TaskPlanned, entry: Int, _ book: CollaborationState) -> PlanView {
    let chosen = Dictionary(uniqueKeysWithValues: plan.choices.map { ($0.node, AttemptRange.count($0.attempts)) })
    return PlanView(
      number: plan.number, previous: plan.previous, cause: plan.cause, entry: entry, strategy: plan.strategy,
      seed: plan.seed.hexadecimal,
      candidates: plan.candidates.map {
        .init(
          node: $0.node, name: name(of: $0.node), weightPPM: $0.weightPPM, free: $0.free, fits: $0.fits,
          score: $0.score, chosen: chosen[$0.node] ?? 0)
      },
      filtered: plan.filtered.map {
        .init(node: $0.node, name: name(of: $0.node), constraint: $0.constraint, detail: $0.detail)
      })
  }

  /// The plan that a submission would get now in the newest collaboration of its kind; refused when there is none.
  public func preview(_ submission: Submission, in collaboration: CollaborationID?, at now: Moment)
    -> Result<PlanView, Refusal>
  {
    let open = books.values.filter { $0.coordinator == identity.node }
    guard
      let book = collaboration.flatMap({ books[$0] })
        ?? open.max(by: { ($0.openedMilliseconds, $0.id) < ($1.openedMilliseconds, $1.id) })
    else {
      return .failure(
        Refusal(
          .unavailable, "no round is open here, so nobody has said what it offers",
          next: "jointcloud collaboration create --name NAME"))
    }
    let context = context(now)
    let candidates = dispatcher.planner.candidates(
      for: submission, refusals: [:], subtaskNeeds: submission.needs, state: book,
      dispatcher.surroundings(of: nil, book, context))
    let plan = dispatcher.planner.preview(submission, candidates: candidates)
    return .success(view(of: plan, entry: 0, book))
  }

  /// nil for a task that is not known here.
  public func explanation(of id: TaskID, at now: Moment) -> ExplanationView? {
    guard let view = taskView(id, at: now) else { return nil }
    guard let book = book(of: id), let task = book.tasks[id] else {
      let records = collaborationView(view.collaboration)?.negotiation ?? []
      return ExplanationView(
        task: view,
        participants: records.map {
          .init(
            node: $0.node, name: $0.name, answer: $0.answer, code: $0.code, detail: $0.reason,
            retryAfterMilliseconds: nil, subtasks: 0, entry: 0)
        }, plans: [])
    }
    var answers = task.answers.map { answer in
      ExplanationView.Answer(
        node: answer.node, name: name(of: answer.node), answer: answer.kind.rawValue, code: answer.code,
        detail: answer.detail, retryAfterMilliseconds: answer.retryAfterMilliseconds, subtasks: answer.subtasks,
        entry: answer.entry)
    }
    for record in book.negotiation where record.answer != .joined {
      answers.append(
        .init(
          node: record.node, name: record.name, answer: record.answer.rawValue, code: record.code,
          detail: record.text, retryAfterMilliseconds: nil, subtasks: 0, entry: 1))
    }
    for filtered in task.plans.last?.plan.filtered ?? currentlyFiltered(task, book, now) {
      answers.append(
        .init(
          node: filtered.node, name: name(of: filtered.node), answer: "filtered", code: filtered.constraint,
          detail: filtered.detail, retryAfterMilliseconds: nil, subtasks: 0, entry: task.plans.last?.entry ?? 0))
    }
    return ExplanationView(
      task: view, participants: answers.sorted { ($0.entry, $0.name) < ($1.entry, $1.name) },
      plans: planViews(of: id) ?? [])
  }

  private func currentlyFiltered(
    _ task: TaskRecord, _ book: CollaborationState, _ now: Moment
  ) -> [TaskPlanned.Filtered] {
    dispatcher.planner.candidates(
      for: task.submission, refusals: task.refusals, subtaskNeeds: task.submission.needs, state: book,
      dispatcher.surroundings(of: task.id, book, context(now))
    ).filtered
  }

  /// Where the log of a subtask is: the attempt, who runs or ran it, and the kept object when it is over.
  public func logSource(of id: TaskID, subtask: Int, stream: String) -> LogSource? {
    guard let book = book(of: id), let task = book.tasks[id], task.subtasks.indices.contains(subtask) else {
      return nil
    }
    let record = task.subtasks[subtask]
    let attempt = AttemptID(task: id, subtask: subtask, number: record.attempt)
    switch record.state {
    case .succeeded:
      let file = record.result?.files.first { $0.path == stream }
      return .kept(attempt, file?.content)
    case .assigned(let node, _): return node == identity.node ? .here(attempt) : .at(attempt, node)
    case .pending: return .none(attempt, stage(of: subtask, task, book).reason)
    }
  }
}

/// Where a log can be read.
public enum LogSource: Sendable {
  case kept(AttemptID, ObjectReference?)
  case here(AttemptID)
  case at(AttemptID, NodeID)
  case none(AttemptID, String)
}
