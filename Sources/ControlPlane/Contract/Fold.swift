public import Model

// One record's effect on a collaboration. Each function checks everything first and changes only then, so that
// a refused record leaves the value as it was.
extension CollaborationState {
  mutating func taskSubmitted(_ record: LedgerRecord) throws(Violation) -> TaskChange {
    let judge = Judge(entry: record.number)
    let body = try judge.body(TaskSubmitted.self, record)
    try judge.require(council == nil, .kind, "the network's own collaboration takes no tasks")
    let submission = try judge.statement(Submission.self, in: body.submission)
    let id = TaskID(body.submission.id.digest)
    let submitter = body.submission.statement.author
    try judge.require(tasks[id] == nil, .duplicate, "task \(id.short) is there already")
    try judge.require(roster[submitter] != nil, .membership, "the submitter \(submitter.short) is no member")
    try judge.require(made(body.submission), .signature, "of the submission by \(submitter.short)")
    let problem = submission.disorder
    try judge.require(problem == nil, .limit, "asked are \(problem ?? "")")
    try judge.require(
      hasRoom(for: submission), .limit, "more than \(Submission.openSubtaskLimit) subtasks of open tasks")
    table.add(
      TaskRecord(id: id, submitter: submitter, submission: submission, timeMilliseconds: record.timeMilliseconds))
    return TaskChange(task: id, extent: .whole)
  }

  mutating func taskPlanned(_ record: LedgerRecord) throws(Violation) -> TaskChange {
    let judge = Judge(entry: record.number)
    let plan = try judge.body(TaskPlanned.self, record)
    try withOpenTask(plan.task, judge) { task, state throws(Violation) in
      try judge.require(
        plan.number == task.planCount + 1 && plan.previous == task.planCount, .order,
        "plan \(plan.number) after \(task.planCount) plans")
      try judge.require(
        Set(plan.choices.map(\.node)).count == plan.choices.count, .duplicate, "one node is chosen twice")
      for choice in plan.choices {
        try judge.require(state.roster[choice.node] != nil, .membership, "\(choice.node.short) is no member")
      }
      try judge.requirePending(plan.choices.flatMap(\.attempts), in: task)
      task.planCount = plan.number
      task.plans.append(TaskRecord.Planned(entry: record.number, plan: plan))
      if task.plans.count > TaskRecord.plansKept { task.plans.removeFirst() }
    }
    return TaskChange(task: plan.task, extent: .attempts([]))
  }

  mutating func offerAnswered(_ record: LedgerRecord) throws(Violation) -> TaskChange {
    let judge = Judge(entry: record.number)
    let body = try judge.body(OfferAnswered.self, record)
    let offer = try openOffer(body.offer, judge)
    let answer = try judge.statement(OfferAnswer.self, in: body.answer)
    let node = body.answer.statement.author
    try judge.require(
      answer.offer.digest == body.offer.id.digest && answer.task == offer.task, .attempt, "answers another offer")
    try judge.require(made(body.answer), .signature, "of the answer by \(node.short)")
    try judge.require(offer.participant == node, .membership, "\(node.short) was not asked")
    let ranges = answer.accepted + answer.declined.flatMap(\.attempts)
    try judge.require(
      AttemptRange.count(ranges) == AttemptRange.count(offer.attempts), .attempt,
      "the answer is not for exactly what was offered")
    let answered = ranges.flatMap { $0.attempts(of: offer.task) }
    try judge.require(
      answered.sorted() == offer.attempts.flatMap { $0.attempts(of: offer.task) }.sorted(), .attempt,
      "the answer is not for exactly what was offered")
    let member = roster[node]
    try judge.require(member != nil, .membership, "\(node.short) is no member")
    try judge.require(
      answer.accepted.isEmpty || offer.priceMicroPerCPUSecond >= (member?.priceMicroPerCPUSecond ?? 0), .price,
      "accepted below the member's own price")
    try judge.require(
      answer.declined.allSatisfy { !$0.attempts.isEmpty }, .attempt, "\(node.short) declines nothing")
    try judge.require(
      isInTime(answerTo: offer, at: record.timeMilliseconds), .expiry, "\(node.short) answers too late")
    // No time is beyond what canonical JSON can hold.
    let lease = min(record.timeMilliseconds + Int64(offer.leaseMilliseconds), JSON.integerLimit)
    let rules = contract.weights
    try withOpenTask(offer.task, judge) { task, state throws(Violation) in
      try judge.requirePending(offer.attempts, in: task)
      let whole = task.subtasks.count
      let accepted = AttemptRange.count(answer.accepted)
      let taken = answer.accepted.flatMap(\.subtasks).reduce(into: Amounts.zero) {
        $0 += task.submission.needs(ofSubtask: $1)
      }
      try judge.require(
        accepted == 0 || taken.fits(in: state.free(node)), .limit,
        "\(node.short) accepted more than it has free (R40)")
      task.openShare(of: node, weightPPM: state.weights[node]?.ppm ?? 0)
      task.shares[node]?.accepted += accepted
      for index in answer.accepted.flatMap(\.subtasks) {
        task.subtasks[index].state = .assigned(to: node, leaseEndsMilliseconds: lease)
        state.committed[node, default: .zero] += task.submission.needs(ofSubtask: index)
      }
      task.assignedCount += accepted
      task.shares[node]?.running += accepted
      if accepted > 0 {
        if task.firstAssignedMilliseconds == nil { task.firstAssignedMilliseconds = record.timeMilliseconds }
        task.answer(
          .init(
            entry: record.number, node: node, kind: .accepted, code: "", detail: "", retryAfterMilliseconds: nil,
            subtasks: accepted))
        state.weights[node]?.move(
          by: rules.acceptedPPM, part: accepted, of: whole, within: rules, entry: record.number,
          reason: "accepted \(accepted) of \(whole) subtasks")
      }
      for decline in answer.declined {
        let charged = task.decline(decline, by: node, entry: record.number)
        guard charged > 0 else { continue }
        state.weights[node]?.move(
          by: rules.declinedPPM, part: charged, of: whole, within: rules, entry: record.number,
          reason: "declined \(charged) of \(whole) subtasks (\(decline.code.rawValue))")
      }
    }
    return TaskChange(task: offer.task, extent: .attempts(answered))
  }

  mutating func offerExpired(_ record: LedgerRecord) throws(Violation) -> TaskChange {
    let judge = Judge(entry: record.number)
    let body = try judge.body(OfferExpired.self, record)
    let offer = try openOffer(body.offer, judge)
    let node = offer.participant
    try judge.require(roster[node] != nil, .membership, "\(node.short) is no member")
    try judge.require(
      record.timeMilliseconds >= offer.expiresMilliseconds, .expiry, "the offer has not lapsed yet")
    let rules = contract.weights
    try withOpenTask(offer.task, judge) { task, state throws(Violation) in
      try judge.requirePending(offer.attempts, in: task)
      let count = AttemptRange.count(offer.attempts)
      for index in offer.attempts.flatMap(\.subtasks) { task.subtasks[index].attempt += 1 }
      task.openShare(of: node, weightPPM: state.weights[node]?.ppm ?? 0)
      task.shares[node]?.ignored += count
      task.answer(
        .init(
          entry: record.number, node: node, kind: .silent, code: "", detail: "no answer in time",
          retryAfterMilliseconds: nil, subtasks: count))
      state.weights[node]?.move(
        by: rules.ignoredPPM, part: count, of: task.subtasks.count, within: rules, entry: record.number,
        reason: "ignored an offer of \(count) subtasks")
    }
    return TaskChange(task: offer.task, extent: .attempts(offer.attempts.flatMap { $0.attempts(of: offer.task) }))
  }

  mutating func resultsReported(_ record: LedgerRecord) throws(Violation) -> TaskChange {
    let judge = Judge(entry: record.number)
    let body = try judge.body(ResultsReported.self, record)
    let report = try judge.statement(ResultReport.self, in: body.report)
    let node = body.report.statement.author
    try judge.require(made(body.report), .signature, "of the report by \(node.short)")
    try judge.require(
      (1...ResultReport.countLimit).contains(report.results.count), .limit, "\(report.results.count) results")
    let problem = report.results.lazy.compactMap(\.disorder).first
    try judge.require(problem == nil, .limit, "\(problem ?? "") is out of range")
    try judge.require(
      Set(report.results.map(\.subtask)).count == report.results.count, .attempt, "a subtask stands twice")
    let price = roster[node]?.priceMicroPerCPUSecond ?? 0
    var counted: [AttemptResult] = []
    try withOpenTask(report.task, judge) { task, state throws(Violation) in
      // The rest was taken from its reporter before: it is fenced by its attempt's number.
      counted = report.results.filter { task.isAssigned($0.subtask, number: $0.number, to: node) }
      try judge.require(!counted.isEmpty, .attempt, "nothing in it is assigned to \(node.short)")
      for result in counted {
        let cpuMilliseconds = min(
          result.usage.cpuMilliseconds,
          state.mostCPUMilliseconds(of: result.subtask, in: task, at: node, until: record.timeMilliseconds))
        state.release(result.subtask, of: &task, from: node)
        task.shares[node]?.add(cpuMilliseconds: cpuMilliseconds)
        if let failure = result.failure {
          task.fail(result.subtask, at: node, failure, files: result.files)
          task.shares[node]?.failed += 1
          task.answer(
            .init(
              entry: record.number, node: node, kind: .failed, code: failure.category, detail: failure.detail,
              retryAfterMilliseconds: nil, subtasks: 1))
        } else {
          task.subtasks[result.subtask].state = .succeeded(by: node)
          task.subtasks[result.subtask].result = result
          task.succeededCount += 1
          task.shares[node]?.succeeded += 1
          task.shares[node]?.cost.add(microUpToMost: cpuMilliseconds * price / 1_000)
        }
      }
      let failed = counted.count { $0.failure != nil }
      state.settle(
        node, succeeded: counted.count - failed, failed: failed, of: task.subtasks.count, entry: record.number)
    }
    return TaskChange(
      task: report.task,
      extent: .attempts(counted.map { AttemptID(task: report.task, subtask: $0.subtask, number: $0.number) }))
  }

  mutating func attemptsLost(_ record: LedgerRecord) throws(Violation) -> TaskChange {
    let judge = Judge(entry: record.number)
    let body = try judge.body(AttemptsLost.self, record)
    let node = body.participant
    try withOpenTask(body.task, judge) { task, state throws(Violation) in
      try judge.require(
        AttemptRange.count(body.attempts) <= task.assignedCount, .attempt, "more than is assigned")
      let attempts = body.attempts.flatMap { $0.attempts(of: body.task) }
      try judge.requireAssigned(attempts.map { ($0.subtask, $0.number) }, in: task, to: node)
      for attempt in attempts {
        guard body.cause == .leaseExpired, case .assigned(_, let lease) = task.subtasks[attempt.subtask].state else {
          continue
        }
        try judge.require(
          record.timeMilliseconds >= lease, .expiry, "the lease of subtask \(attempt.subtask) is not over")
      }
      for attempt in attempts {
        state.release(attempt.subtask, of: &task, from: node)
        task.fail(attempt.subtask, at: node, AttemptFailure(category: "lost", detail: body.cause.rawValue))
        task.shares[node]?.lost += 1
      }
      let count = AttemptRange.count(body.attempts)
      task.answer(
        .init(
          entry: record.number, node: node, kind: .lost, code: body.cause.rawValue, detail: "",
          retryAfterMilliseconds: nil, subtasks: count))
      state.settle(node, succeeded: 0, failed: count, of: task.subtasks.count, entry: record.number)
    }
    return TaskChange(task: body.task, extent: .attempts(body.attempts.flatMap { $0.attempts(of: body.task) }))
  }

  mutating func taskEnded(_ record: LedgerRecord) throws(Violation) -> TaskChange {
    let judge = Judge(entry: record.number)
    let body = try judge.body(TaskEnded.self, record)
    try withOpenTask(body.task, judge) { task, state throws(Violation) in
      if body.outcome == .succeeded {
        try judge.require(
          task.succeededCount == task.subtasks.count, .attempt,
          "\(task.succeededCount) of \(task.subtasks.count) subtasks have succeeded")
      }
      for index in task.subtasks.indices {
        guard let node = task.subtasks[index].assignee else { continue }
        state.release(index, of: &task, from: node)
        task.subtasks[index].state = .pending
      }
      task.dropInlineContents()
      // Nothing of it is offered any more.
      for node in Array(task.shares.keys) { task.shares[node]?.charged = [] }
      state.table.close(body.task)
      task.ending = TaskRecord.Ending(entry: record.number, timeMilliseconds: record.timeMilliseconds, body: body)
    }
    return TaskChange(task: body.task, extent: .whole)
  }

  /// What a member can have computed for a subtask since it was assigned, on all that it offers: more is not paid, whatever
  /// it reports.
  private func mostCPUMilliseconds(of index: Int, in task: TaskRecord, at node: NodeID, until now: Int64) -> Int {
    guard case .assigned(_, let leaseEnds) = task.subtasks[index].state else { return 0 }
    let since = leaseEnds - Int64(leaseMilliseconds(of: task.submission))
    // Whole seconds, and one for the clocks: no product overflows.
    let seconds = Int(max(0, min(now - since, 1 << 40)) / 1_000) + 1
    return seconds * max(1_000, roster[node]?.total.cpuMillicores ?? 0)
  }

  /// How long an accepted attempt may take from its assignment on.
  public func leaseMilliseconds(of submission: Submission) -> Int {
    submission.timeouts.executeMilliseconds + contract.dispatch.leaseMarginMilliseconds
  }

  /// Whether an answer can still come onto the ledger: who accepted holds room for it no longer than this.
  public func isInTime(answerTo offer: Offer, at milliseconds: Int64) -> Bool {
    milliseconds - Int64(contract.dispatch.leaseMarginMilliseconds) <= offer.expiresMilliseconds
  }

  /// The offer in a statement of the coordinator.
  private func openOffer(_ signed: SignedStatement, _ judge: Judge) throws(Violation) -> Offer {
    let offer = try judge.statement(Offer.self, in: signed)
    try judge.require(
      signed.statement.author == coordinator && made(signed), .signature, "of the offer by the coordinator")
    try judge.require(offer.term == term, .order, "an offer of term \(offer.term) in term \(term)")
    try judge.require(
      (1...contract.dispatch.offerSubtasks).contains(AttemptRange.count(offer.attempts)), .limit,
      "\(AttemptRange.count(offer.attempts)) subtasks in one offer")
    if let submission = tasks[offer.task]?.submission {
      try judge.require(offer.leaseMilliseconds == leaseMilliseconds(of: submission), .limit, "the lease")
    }
    return offer
  }

  private mutating func withOpenTask(
    _ id: TaskID, _ judge: Judge,
    _ change: (inout TaskRecord, inout CollaborationState) throws(Violation) -> Void
  ) throws(Violation) {
    // Taken out while it changes, so that its subtasks are not copied.
    guard var task = table.take(id) else { throw judge.violation(.unknownTask, id.short) }
    do throws(Violation) {
      try judge.require(!task.isOver, .taskEnded, "task \(id.short) is over")
      try change(&task, &self)
    } catch {
      table.putBack(task)
      throw error
    }
    table.put(task)
  }

  /// Takes an assigned subtask's needs off its participant.
  private mutating func release(_ index: Int, of task: inout TaskRecord, from node: NodeID) {
    committed[node, default: .zero] -= task.submission.needs(ofSubtask: index)
    task.assignedCount -= 1
    task.shares[node]?.running -= 1
  }

  private mutating func settle(_ node: NodeID, succeeded: Int, failed: Int, of whole: Int, entry: Int) {
    let rules = contract.weights
    if succeeded > 0 {
      weights[node]?.move(
        by: rules.completedPPM, part: succeeded, of: whole, within: rules, entry: entry,
        reason: "completed \(succeeded) of \(whole) subtasks")
    }
    if failed > 0 {
      weights[node]?.move(
        by: rules.failedPPM, part: failed, of: whole, within: rules, entry: entry,
        reason: "failed \(failed) of \(whole) subtasks after accepting")
    }
  }
}

extension Judge {
  fileprivate func requirePending(_ attempts: [AttemptRange], in task: TaskRecord) throws(Violation) {
    try require(AttemptRange.count(attempts) <= task.subtasks.count, .attempt, "more subtasks than there are")
    for range in attempts {
      try require(
        range.first + range.count <= task.subtasks.count
          && range.subtasks.allSatisfy { task.subtasks[$0].isPending && task.subtasks[$0].attempt == range.number },
        .attempt, "subtasks \(range.first)... do not wait for attempt \(range.number)")
    }
    try require(
      Set(attempts.flatMap(\.subtasks)).count == AttemptRange.count(attempts), .attempt, "a subtask stands twice")
  }

  fileprivate func requireAssigned(
    _ attempts: [(subtask: Int, number: Int)], in task: TaskRecord, to node: NodeID
  ) throws(Violation) {
    for (subtask, number) in attempts {
      try require(
        task.isAssigned(subtask, number: number, to: node), .attempt,
        "subtask \(subtask) attempt \(number) is not assigned to \(node.short)")
    }
    try require(Set(attempts.map(\.subtask)).count == attempts.count, .attempt, "a subtask stands twice")
  }
}

extension TaskShare {
  /// Sums stop at what canonical JSON can hold.
  fileprivate mutating func add(cpuMilliseconds: Int) {
    self.cpuMilliseconds = min(Credits.most, self.cpuMilliseconds + cpuMilliseconds)
  }
}

extension TaskRecord {
  /// Whether this very attempt is what the subtask waits for.
  public func isAssigned(_ subtask: Int, number: Int, to node: NodeID) -> Bool {
    subtasks.indices.contains(subtask) && subtasks[subtask].assignee == node && subtasks[subtask].attempt == number
  }

  /// Whether this very result is the one that counted.
  public func hasCounted(_ result: AttemptResult, by node: NodeID) -> Bool {
    subtasks.indices.contains(result.subtask) && subtasks[result.subtask].state == .succeeded(by: node)
      && subtasks[result.subtask].result == result
  }

  fileprivate mutating func openShare(of node: NodeID, weightPPM: Int) {
    guard shares[node] == nil else { return }
    shares[node] = TaskShare()
    shares[node]?.weightBeforePPM = weightPPM
  }

  /// - Returns: for how many subtasks it costs weight: those that this node has not declined before.
  fileprivate mutating func decline(_ decline: OfferAnswer.Decline, by node: NodeID, entry: Int) -> Int {
    let count = AttemptRange.count(decline.attempts)
    var charged = 0
    for index in decline.attempts.flatMap(\.subtasks) {
      subtasks[index].attempt += 1
      if shares[node]?.charged.insert(index).inserted == true { charged += 1 }
    }
    shares[node]?.declined += count
    let said = TaskAnswer(
      entry: entry, node: node, kind: .declined, code: decline.code.rawValue, detail: decline.text,
      retryAfterMilliseconds: decline.retryAfterMilliseconds, subtasks: count)
    answer(said)
    if decline.code.isFinal { refusals[node] = said }
    return charged
  }

  fileprivate mutating func fail(
    _ index: Int, at node: NodeID, _ failure: AttemptFailure, files: [ResultObject] = []
  ) {
    subtasks[index].failed.append(
      FailedAttempt(number: subtasks[index].attempt, node: node, failure: failure, files: files))
    subtasks[index].state = .pending
    subtasks[index].attempt += 1
  }
}
