internal import Contract
internal import Coordination
internal import EventQueue
internal import Model
internal import Overlay

/// A submission at this node until its ledger has it, and for good when no ledger ever will.
package struct HeldSubmission: Codable, Sendable {
  var signed: SignedStatement
  var collaboration: CollaborationID
  var submittedMilliseconds: Int64
  /// cancelled or unplaced, with the reason; nil while it waits.
  package internal(set) var ended: String?
  var reason: String
  var endedMilliseconds: Int64?
}

// People's commands that change something.
extension NodeEngine {
  static let endedSubmissionsKept = 256

  static func submissionKey(_ id: TaskID) -> String { "submission/\(id.hexadecimal)" }

  mutating func carryOut(_ command: Command, _ id: CommandID, _ turn: inout Turn) {
    switch command {
    case .create(let request):
      switch create(request, trace: TraceID(turn.random.digest()), &turn) {
      case .success(let collaboration): turn.promise(.answer(id, .collaboration(collaboration)))
      case .failure(let refusal): turn.act(.answer(id, .failure(refusal)))
      }
    case .submit(let request): submit(request, id, &turn)
    case .cancel(let task, let reason): cancel(task, reason, id, &turn)
    case .decideOffer(let offer, let accept, let reason): decide(offer, accept: accept, reason, id, &turn)
    case .announce(let text, let lifetime): announce(text, lifetimeMilliseconds: lifetime, id, &turn)
    case .ping(let node): ping(node, id, &turn)
    case .callElection(let collaboration, let person, let reason):
      callElection(collaboration, person: person, reason: reason, id, &turn)
    case .transferOffice(let collaboration, let node, let person):
      transferOffice(collaboration, to: node, person: person, id, &turn)
    case .delegate(let collaboration, let agent, let person, let reason):
      delegate(collaboration, to: agent, person: person, reason: reason, id, &turn)
    case .preferCoordinators(let collaboration, let nodes): prefer(nodes, in: collaboration, id, &turn)
    case .reconstitute(let collaboration, let person, let reason):
      reconstitute(collaboration, person: person, reason: reason, id, &turn)
    case .leaveCollaboration(let collaboration, let reason): leave(collaboration, reason: reason, id, &turn)
    case .joinCollaboration(let collaboration): join(collaboration, id, &turn)
    case .propose(let act, let node, let person, let reason):
      propose(act, node, person: person, reason: reason, id, &turn)
    case .voteOnMotion(let motion, let yes, let person): vote(on: motion, yes: yes, person: person, id, &turn)
    case .leave(let record):
      overlayStep(.leave(record), &turn)
      turn.promise(.answer(id, .done))
    }
  }

  private mutating func create(
    _ request: CollaborationRequest, trace: TraceID, _ turn: inout Turn
  ) -> Result<CollaborationID, Refusal> {
    guard (1...64).contains(request.name.utf8.count) else {
      return .failure(Refusal(.invalid, "a collaboration's name has 1 to 64 bytes", subject: "name"))
    }
    guard (100...600_000).contains(request.replyByMilliseconds) else {
      return .failure(
        Refusal(
          .invalid, "the time to reply to a call is 100 ms to 10 min", subject: "timeouts.negotiate or --reply-by"))
    }
    guard CanonicalJSON.encode(Self.json(request)).count <= 8_192 else {
      return .failure(Refusal(.tooLarge, "name, kind and labels together are over 8 KiB", subject: "labels"))
    }
    let created = coordinate(&turn) { engine, context, effects, turn in
      engine.negotiator.create(
        name: request.name, kind: request.kind, labels: request.labels, needs: request.needs,
        replyMilliseconds: request.replyByMilliseconds,
        priceLimitMicroPerCPUSecond: request.priceLimitMicroPerCPUSecond, under: engine.contract, trace: trace,
        context: context, random: &turn.random, into: &effects)
    }
    guard let created else {
      return .failure(
        Refusal(
          .unavailable, "\(Negotiator.limit) negotiations are under way", next: "jointcloud collaboration list"))
    }
    // A node that is alone has nobody to wait for.
    coordinate(&turn) { engine, context, effects, _ in engine.negotiator.tick(context, into: &effects) }
    return .success(created)
  }

  private mutating func submit(_ request: SubmissionRequest, _ id: CommandID, _ turn: inout Turn) {
    if let refusal = objection(to: request.submission) { return turn.act(.answer(id, .failure(refusal))) }
    let collaboration: CollaborationID
    switch destination(of: request, &turn) {
    case .success(let found): collaboration = found
    case .failure(let refusal): return turn.act(.answer(id, .failure(refusal)))
    }
    do {
      let statement = try Statement(
        request.submission, by: identity.node, epoch: identity.epoch, network: identity.network,
        collaboration: collaboration)
      sign(statement, for: .submission(id, collaboration), &turn)
    } catch {
      turn.act(.answer(id, .failure(Refusal(.tooLarge, "the submission cannot be signed: \(error)"))))
    }
  }

  private func objection(to submission: Submission) -> Refusal? {
    guard objects.contains(submission.specification.digest) else {
      return Refusal(.invalid, "the specification is not in this node's object store", subject: "specification")
    }
    if let problem = submission.disorder {
      return Refusal(.invalid, "a task may ask for \(problem)", subject: "submission")
    }
    guard CanonicalJSON.encode(Self.json(submission)).count <= Submission.byteLimit else {
      return Refusal(
        .tooLarge, "name, labels and the rest are over \(Submission.byteLimit) bytes together", subject: "submission")
    }
    return nil
  }

  /// Where a submission goes: where it says, else to the collaboration here that suits it best, else to a new one.
  private mutating func destination(
    of request: SubmissionRequest, _ turn: inout Turn
  ) -> Result<CollaborationID, Refusal> {
    let submission = request.submission
    if let id = request.collaboration {
      if let why = broken[id] {
        return .failure(
          Refusal(
            .conflict, haltedText(id, why), subject: "collaboration",
            next: successor(of: id).map { "jointcloud submit FILE --collaboration \($0.short)" }
              ?? "jointcloud collaboration list"))
      }
      if let book = books[id] {
        guard book.roster[identity.node] != nil else {
          return .failure(
            Refusal(
              .notPermitted, "this node is no member of collaboration \(id.short)", subject: "collaboration",
              next: "submit at one of its members"))
        }
        return .success(id)
      }
      guard let negotiation = negotiator.negotiations[id], negotiation.phase != .failed else {
        return .failure(
          Refusal(
            .notFound, "no such collaboration is open here", subject: id.short, next: "jointcloud collaboration list"))
      }
      return .success(id)
    }
    if !request.opensCollaboration, let id = suitableCollaboration(for: submission, context(turn.now)) {
      return .success(id)
    }
    return create(
      CollaborationRequest(
        name: String(submission.name.prefix(64)), kind: submission.kind, labels: submission.labels,
        needs: submission.needs, replyByMilliseconds: submission.timeouts.negotiateMilliseconds,
        priceLimitMicroPerCPUSecond: submission.priceLimitMicroPerCPUSecond),
      trace: submission.trace, &turn)
  }

  /// The submission has its signature: it is an event of the production queue from here on.
  mutating func submitted(
    _ signed: SignedStatement, to collaboration: CollaborationID, _ command: CommandID, _ turn: inout Turn
  ) {
    let task = TaskID(signed.id.digest)
    let known = submissions[task] != nil || books[collaboration]?.tasks[task] != nil
    if !known {
      switch enqueue(EventKind.submit.event(signed, at: turn.now, own: identity.node), &turn) {
      case .full:
        return turn.act(
          .answer(command, .failure(Refusal(.unavailable, "the queue is full", next: "jointcloud event list"))))
      case .known: break
      case .queued:
        keep(
          HeldSubmission(
            signed: signed, collaboration: collaboration, submittedMilliseconds: turn.now.wallMilliseconds,
            ended: nil, reason: "", endedMilliseconds: nil), &turn)
        holdInputs(of: task, signed, &turn)
        notice("business", "task.submitted", task: task, collaboration: collaboration, "submitted", &turn)
      }
    }
    turn.promise(.answer(command, .task(task)))
  }

  /// The objects of a submission that no ledger has yet; those of a task on a ledger are kept by its changes.
  func holdInputs(of task: TaskID, _ signed: SignedStatement, _ turn: inout Turn) {
    guard let submission = try? signed.statement.decode(Submission.self) else { return }
    turn.act(.hold(task, [submission.specification], inputs: true))
  }

  mutating func keep(_ held: HeldSubmission, _ turn: inout Turn) {
    let id = TaskID(held.signed.id.digest)
    submissions[id] = held
    turn.write(.document(key: Self.submissionKey(id), value: CanonicalJSON.encode(Self.json(held))))
  }

  /// The event of a submission: to its coordinator as soon as the round is open. It waits in `submissions` until it is
  /// decided.
  mutating func handleSubmission(_ signed: SignedStatement, _ turn: inout Turn) -> Handling {
    guard signed.statement.author == identity.node else {
      guard let id = signed.statement.collaboration else { return .done("for no collaboration") }
      return submitHere(signed, to: id, &turn)
    }
    guard let held = submissions[TaskID(signed.id.digest)], held.ended == nil else { return .done("no longer wanted") }
    guard let book = books[held.collaboration] else { return .parked(held.collaboration) }
    handOverSubmissions(&turn)
    return .done("handed to \(name(of: book.coordinator))")
  }

  static let waitsForRoom =
    "the collaboration's open tasks have \(Submission.openSubtaskLimit) subtasks already, or nearly; it waits for an end"

  /// Submissions whose round will not open any more, or whose queue time is over, end here, with the reason.
  mutating func expireSubmissions(_ turn: inout Turn) {
    for (id, held) in submissions.sorted(by: { $0.key < $1.key }) where held.ended == nil {
      if let book = books[held.collaboration] {
        guard let submission = try? held.signed.statement.decode(Submission.self),
          turn.now.wallMilliseconds - held.submittedMilliseconds > Int64(submission.timeouts.queueMilliseconds)
        else { continue }
        end(id, "unplaced", undecidedReason(submission, book), &turn)
      } else if let negotiation = negotiator.negotiations[held.collaboration], negotiation.phase == .failed {
        end(id, "unplaced", negotiation.reason, &turn)
      }
    }
  }

  /// Why a submission was not decided within its queue time.
  private func undecidedReason(_ submission: Submission, _ book: CollaborationState) -> String {
    if !book.hasRoom(for: submission) { return Self.waitsForRoom }
    let standstill = standstill(of: book)
    return standstill.isEmpty
      ? "its coordinator \(name(of: book.coordinator)) did not put it on the ledger" : standstill
  }

  private mutating func end(_ id: TaskID, _ state: String, _ reason: String, _ turn: inout Turn) {
    guard var held = submissions[id] else { return }
    held.ended = state
    held.reason = reason
    held.endedMilliseconds = turn.now.wallMilliseconds
    keep(held, &turn)
    forgetOldestSubmission(&turn)
    turn.act(.letGo(id))
    notice("control", "task.\(state)", task: id, collaboration: held.collaboration, reason, &turn)
    releaseParked(held.collaboration, &turn)
  }

  /// Submissions that never came onto a ledger are kept for people; the oldest are forgotten.
  private mutating func forgetOldestSubmission(_ turn: inout Turn) {
    let over = submissions.filter { $0.value.ended != nil }
    guard over.count > Self.endedSubmissionsKept,
      let oldest = over.min(by: { ($0.value.submittedMilliseconds, $0.key) < ($1.value.submittedMilliseconds, $1.key) })
    else { return }
    submissions[oldest.key] = nil
    turn.write(.document(key: Self.submissionKey(oldest.key), value: nil))
  }

  private mutating func cancel(_ id: TaskID, _ reason: String, _ command: CommandID, _ turn: inout Turn) {
    let reason = reason.isEmpty ? "cancelled by its submitter" : String(reason.prefix(500))
    if let held = submissions[id] {
      guard held.ended == nil else { return refuse(command, over: id, &turn) }
      end(id, "cancelled", reason, &turn)
      return turn.promise(.answer(command, .task(id)))
    }
    guard let book = books.values.first(where: { $0.tasks[id] != nil }), let task = book.tasks[id] else {
      return turn.act(
        .answer(
          command, .failure(Refusal(.notFound, "no such task here", subject: id.short, next: "jointcloud task list"))))
    }
    guard !task.isOver else { return refuse(command, over: id, &turn) }
    guard task.submitter == identity.node || book.coordinator == identity.node else {
      return turn.act(
        .answer(
          command,
          .failure(
            Refusal(
              .notPermitted, "only its submitter and its coordinator end a task", subject: id.short,
              next: "cancel it where it was submitted"))))
    }
    cancellations[id] = reason
    handOverCancellations(of: book.id, &turn)
    turn.promise(.answer(command, .task(id)))
  }

  private func refuse(_ command: CommandID, over id: TaskID, _ turn: inout Turn) {
    turn.act(
      .answer(
        command,
        .failure(Refusal(.conflict, "the task is over", subject: id.short, next: "jointcloud task show \(id.short)"))))
  }

  private mutating func decide(
    _ id: OfferID, accept: Bool, _ reason: String, _ command: CommandID, _ turn: inout Turn
  ) {
    let known = assessor.offers[id]
    guard known?.state == .waiting else {
      let refusal =
        known == nil
        ? Refusal(.notFound, "no such offer here", subject: id.short, next: "jointcloud offer list")
        : Refusal(.conflict, "the offer is \(known?.state.rawValue ?? "") already", subject: id.short)
      return turn.act(.answer(command, .failure(refusal)))
    }
    let decided = coordinate(&turn) { engine, context, effects, _ in
      engine.assessor.decide(id, accept: accept, reason: reason, context: context, into: &effects)
    }
    if decided?.state == .expired {
      turn.act(.answer(command, .failure(Refusal(.conflict, "the offer has lapsed", subject: id.short))))
    } else {
      turn.promise(.answer(command, .offer(id)))
    }
  }
}
