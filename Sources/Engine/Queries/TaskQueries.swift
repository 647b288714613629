package import Contract
internal import Coordination
public import Model
internal import Overlay

// What people ask about tasks.
extension NodeEngine {
  /// In order of submission; of one moment, as on their ledger.
  public func taskViews(at now: Moment) -> [TaskView] {
    let held = submissions.keys.compactMap { taskView($0, at: now) }
    let kept = books.sorted { $0.key < $1.key }.flatMap { _, book in
      book.taskOrder.compactMap { taskView($0, at: now) }
    }
    return (held.sorted { $0.task.hexadecimal < $1.task.hexadecimal } + kept).enumerated().sorted {
      ($0.element.submittedMilliseconds, $0.offset) < ($1.element.submittedMilliseconds, $1.offset)
    }.map(\.element)
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
      reason: held.ended == nil ? waitingReason(of: held) : held.reason,
      category: "", subtasks: submission.totalSubtasks, succeeded: 0, running: 0, assigned: 0,
      pending: held.ended == nil ? submission.totalSubtasks : 0,
      submittedMilliseconds: submission.submittedMilliseconds,
      startedMilliseconds: nil,
      endedMilliseconds: held.endedMilliseconds, costMicro: 0, plans: 0)
  }

  private func waitingReason(of held: HeldSubmission) -> String {
    if let book = books[held.collaboration] {
      guard let submission = try? held.signed.statement.decode(Submission.self), !book.hasRoom(for: submission) else {
        let standstill = standstill(of: book)
        return standstill.isEmpty ? "waits for its decision by \(name(of: book.coordinator))" : standstill
      }
      return Self.waitsForRoom
    }
    return collaborationView(held.collaboration)?.reason ?? "waits for its round to open"
  }

  package func book(of task: TaskID) -> CollaborationState? {
    books.values.first { $0.tasks[task] != nil }
  }

  private func view(of task: TaskRecord, in book: CollaborationState) -> TaskView {
    let running =
      task.assignedCount == 0 ? 0 : task.subtasks.indices.count { isRunning($0, task) }
    let pending = task.isOver ? 0 : task.subtasks.count - task.succeededCount - task.assignedCount
    return TaskView(
      task: task.id, name: task.submission.name, collaboration: book.id, submitter: task.submitter,
      trace: task.submission.trace, state: state(of: task), reason: reason(of: task, book),
      category: task.ending?.body.category ?? "", subtasks: task.subtasks.count, succeeded: task.succeededCount,
      running: running, assigned: task.assignedCount, pending: pending,
      submittedMilliseconds: task.submission.submittedMilliseconds, startedMilliseconds: task.firstAssignedMilliseconds,
      endedMilliseconds: task.ending?.timeMilliseconds,
      costMicro: task.shares.values.reduce(0) { $0 + $1.cost.micro }, plans: task.planCount)
  }

  /// As far as this node knows.
  private func isRunning(_ index: Int, _ task: TaskRecord) -> Bool {
    guard task.subtasks[index].assignee != nil else { return false }
    let id = AttemptID(task: task.id, subtask: index, number: task.subtasks[index].attempt)
    if let own = executor.attempts[id] { return own.stage == .running }
    return dispatcher.reportedProgress(of: id)?.state == Executor.Stage.running.rawValue
  }

  private func state(of task: TaskRecord) -> String {
    if let ending = task.ending { return ending.body.outcome.rawValue }
    return task.firstAssignedMilliseconds == nil ? "queued" : "running"
  }

  private func reason(of task: TaskRecord, _ book: CollaborationState) -> String {
    if let ending = task.ending { return ending.body.reason }
    let problem = standstill(of: book)
    if !problem.isEmpty { return problem }
    let waiting = dispatcher.waitingReason(of: task.id)
    if !waiting.isEmpty { return waiting }
    if task.assignedCount > 0 { return "" }
    if book.coordinator != identity.node { return "waits for its coordinator \(name(of: book.coordinator))" }
    let offered = dispatcher.participants(offered: task.id).map(name).sorted()
    if !offered.isEmpty { return "offered to \(offered.joined(separator: ", ")), waits for an answer" }
    return task.planCount == 0 ? "waits for its plan" : "planned, waits for room at its participants"
  }

  /// nil for a task that is not known here.
  public func taskDetail(_ id: TaskID, at now: Moment) -> TaskDetailView? {
    guard let view = taskView(id, at: now) else { return nil }
    guard let book = book(of: id), let task = book.tasks[id] else {
      return TaskDetailView(task: view, subtasks: [], participants: [], results: [])
    }
    let look = look(at: task)
    let subtasks = task.subtasks.indices.map { look.view(of: $0) }
    let results =
      task.submission.reduces ? subtasks.last?.results ?? [] : subtasks.flatMap(\.results)
    return TaskDetailView(
      task: view, subtasks: subtasks, participants: shares(of: task, book),
      results: task.ending?.body.outcome == .succeeded ? results : [])
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

  func view(of plan: TaskPlanned, entry: Int, _ book: CollaborationState) -> PlanView {
    let chosen = Dictionary(uniqueKeysWithValues: plan.choices.map { ($0.node, AttemptRange.count($0.attempts)) })
    return PlanView(
      number: plan.number, previous: plan.previous, cause: plan.cause, entry: entry, strategy: plan.strategy,
      seed: plan.seed.hexadecimal, collaboration: book.id, collaborationName: book.charter.name,
      candidates: plan.candidates.map {
        .init(
          node: $0.node, name: name(of: $0.node), weightPPM: $0.weightPPM, free: $0.free, fits: $0.fits,
          score: $0.score, chosen: chosen[$0.node] ?? 0)
      },
      filtered: plan.filtered.map {
        .init(node: $0.node, name: name(of: $0.node), constraint: $0.constraint, detail: $0.detail)
      })
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
            node: $0.node, name: $0.name, to: .call, answer: $0.answer, code: $0.code, detail: $0.reason,
            retryAfterMilliseconds: nil, subtasks: 0, entry: 0)
        }, plans: [])
    }
    var answers = task.answers.map { answer in
      ExplanationView.Answer(
        node: answer.node, name: name(of: answer.node), to: .task, answer: answer.kind.rawValue, code: answer.code,
        detail: answer.detail, retryAfterMilliseconds: answer.retryAfterMilliseconds, subtasks: answer.subtasks,
        entry: answer.entry)
    }
    for record in book.negotiation where record.answer != .joined {
      answers.append(
        .init(
          node: record.node, name: record.name, to: .call, answer: record.answer.rawValue, code: record.code,
          detail: record.text, retryAfterMilliseconds: nil, subtasks: 0, entry: 1))
    }
    for filtered in task.plans.last?.plan.filtered ?? currentlyFiltered(task, book, now) {
      answers.append(
        .init(
          node: filtered.node, name: name(of: filtered.node), to: .task, answer: "filtered",
          code: filtered.constraint, detail: filtered.detail, retryAfterMilliseconds: nil, subtasks: 0,
          entry: task.plans.last?.entry ?? 0))
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
}
