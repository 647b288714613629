internal import Consensus
internal import Contract
internal import Coordination
internal import EventQueue
internal import Ledger
internal import Model
internal import Overlay

// What a new term means for what is under way: requests and results go to whoever coordinates now.
extension NodeEngine {
  /// How long a submission waits for its coordinator before it is handed over again.
  static let resubmitInterval = Duration.seconds(2)

  /// What is said to whoever is in office.
  private static let forCoordinators: Set<Purpose> = [
    OfferAnswer.purpose, ResultReport.purpose, Submission.purpose, Cancellation.purpose, JoinRequest.purpose,
    LeaveRequest.purpose, Motion.purpose, MotionVote.purpose, Delegation.purpose,
  ]

  /// A term is decided: what was meant for the coordinator before goes to this one.
  mutating func followCoordinator(of id: CollaborationID, _ turn: inout Turn) {
    guard let book = books[id] else { return }
    let stale = outbox.messages.values.flatMap(\.values).filter {
      $0.statement.collaboration == id && $0.destination != book.coordinator
        && Self.forCoordinators.contains($0.statement.purpose)
    }
    for message in stale.sorted(by: { ($0.id, $0.destination) < ($1.id, $1.destination) }) {
      _ = outbox.remove(message.id, to: message.destination)
      turn.write(.removeOutbox(message.id, to: message.destination))
    }
    handedOver = handedOver.filter { task, _ in
      submissions[task]?.collaboration != id && books[id]?.tasks[task] == nil
    }
    coordinate(&turn) { engine, context, _, _ in engine.executor.reportAnew(to: id, at: context.now) }
    handOverSubmissions(&turn)
    handOverCancellations(of: id, &turn)
    petitionTold = petitionTold.filter { $0.value.collaboration != id }
    handOverDepartures(&turn)
    handOverDelegations(&turn)
    if id == council?.id { handOverMotions(&turn) }
  }

  /// Takes submissions that are decided off the list of what waits.
  mutating func settleSubmissions(_ decided: [TaskChange], in id: CollaborationID, _ turn: inout Turn) {
    for change in decided { pendingRequests[StatementID(change.task.digest)] = nil }
    for change in decided {
      guard let held = submissions[change.task] else { continue }
      // Its submitter was told that it had ended: then it must.
      if held.ended != nil { cancellations[change.task] = held.reason }
      submissions[change.task] = nil
      handedOver[change.task] = nil
      turn.write(.document(key: Self.submissionKey(change.task), value: nil))
    }
  }

  /// Hands what was submitted here to its coordinator, again now and then until it is decided: once each by its id.
  mutating func handOverSubmissions(_ turn: inout Turn) {
    for (task, held) in submissions.sorted(by: { $0.key < $1.key }) where held.ended == nil {
      guard let book = books[held.collaboration], broken[held.collaboration] == nil else { continue }
      if let last = handedOver[task], turn.now.uptime - last < Self.resubmitInterval { continue }
      handedOver[task] = turn.now.uptime
      if book.coordinator == identity.node { submitHere(held.signed, to: held.collaboration, &turn) }
      for node in audience(of: held, book, turn.now) {
        tell(
          node, held.signed.statement, turn.now.wallMilliseconds + Self.resubmitInterval.milliseconds * 4, &turn)
      }
    }
  }

  /// The coordinator; later all voters, so that it cannot leave one member's requests undecided and keep its office.
  private func audience(of held: HeldSubmission, _ book: CollaborationState, _ now: Moment) -> [NodeID] {
    let isLate =
      now.wallMilliseconds - held.submittedMilliseconds > Int64(book.contract.election.requestMilliseconds) / 2
    let nodes = isLate ? book.configuration.allVoters.map(\.node) : [book.coordinator]
    return nodes.filter { $0 != identity.node }
  }

  /// Asks the coordinator to end what people here cancelled, again now and then until it is over.
  mutating func handOverCancellations(of id: CollaborationID, _ turn: inout Turn) {
    guard let book = books[id] else { return }
    for (task, reason) in cancellations.sorted(by: { $0.key < $1.key }) {
      guard let record = book.tasks[task] else { continue }
      if record.isOver {
        cancellations[task] = nil
        handedOver[task] = nil
        continue
      }
      if let last = handedOver[task], turn.now.uptime - last < Self.resubmitInterval { continue }
      handedOver[task] = turn.now.uptime
      if book.coordinator == identity.node {
        end(task, in: id, reason, &turn)
      } else {
        let body = Cancellation(task: task, reason: reason)
        tell(
          book.coordinator, context(turn.now).statement(body, in: id),
          turn.now.wallMilliseconds + Self.resubmitInterval.milliseconds * 4, &turn)
      }
    }
  }

  /// Ends a task whose end was asked for, on the ledger that this node coordinates.
  private mutating func end(_ task: TaskID, in id: CollaborationID, _ reason: String, _ turn: inout Turn) {
    guard let record = coordinatedDraft(id)?.tasks[task], !record.isOver else { return }
    append(
      TaskEnded.kind, Self.json(TaskEnded(task: task, outcome: .cancelled, category: "", reason: reason)), to: id, &turn
    )
  }

  mutating func handleCancellation(_ signed: SignedStatement, _ turn: inout Turn) -> Handling {
    guard let id = signed.statement.collaboration, let body = try? signed.statement.decode(Cancellation.self),
      let draft = coordinatedDraft(id)
    else { return .done("not coordinated by this node") }
    guard let task = draft.tasks[body.task], task.submitter == signed.statement.author, draft.made(signed) else {
      return .done("no task of its author")
    }
    guard !task.isOver else { return .done("the task is over") }
    end(body.task, in: id, String(body.reason.prefix(Cancellation.reasonLimit)), &turn)
    return .done("ended")
  }

  /// Puts a submission on the ledger that this node coordinates, unless it is there.
  ///
  /// - Returns: what became of it.
  @discardableResult
  mutating func submitHere(_ signed: SignedStatement, to id: CollaborationID, _ turn: inout Turn) -> Handling {
    guard let draft = coordinatedDraft(id) else { return .done("not coordinated by this node") }
    guard draft.tasks[TaskID(signed.id.digest)] == nil else { return .done("on the ledger of \(id.short) already") }
    guard let submission = try? signed.statement.decode(Submission.self), draft.roster[signed.statement.author] != nil,
      draft.made(signed), submission.disorder == nil
    else { return .done("no submission of a member") }
    guard draft.hasRoom(for: submission) else { return .later(Self.waitsForRoom) }
    append(TaskSubmitted.kind, Self.json(TaskSubmitted(submission: signed)), to: id, &turn)
    return .done("proposed for the ledger of \(id.short)")
  }
}
