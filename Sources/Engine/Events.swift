internal import Consensus
internal import Contract
internal import Coordination
internal import EventQueue
internal import Model
internal import Overlay
internal import Sodium

/// What the business plane's events are, and in which queue they stand.
enum EventKind: String, CaseIterable {
  case submit, cancel, answer, signature, offerAnswer, report, call, roster, offer
  /// A node and the coordinator of an open round about its part in it.
  case invitation, join, decline, leave
  /// A member of the network's own collaboration on who belongs to the network.
  case motion, motionVote
  /// A member on who is to coordinate.
  case delegation

  /// - Returns: nil for a purpose that makes no event.
  init?(purpose: Purpose) {
    guard let kind = Self.allCases.first(where: { $0.purpose == purpose }) else { return nil }
    self = kind
  }

  /// Whether only who coordinates the collaboration can handle it.
  var needsOffice: Bool {
    switch self {
    case .submit, .cancel, .offerAnswer, .report, .join, .decline, .leave, .motion, .motionVote, .delegation: true
    case .answer, .signature, .call, .roster, .offer, .invitation: false
    }
  }

  /// Whether it is kept beside the queue until the ledger has it.
  var isPetition: Bool { self == .motion || self == .motionVote || self == .delegation }

  var purpose: Purpose {
    switch self {
    case .submit: Submission.purpose
    case .cancel: Cancellation.purpose
    case .answer: CallAnswer.purpose
    case .signature: RosterSignature.purpose
    case .offerAnswer: OfferAnswer.purpose
    case .report: ResultReport.purpose
    case .call: Call.purpose
    case .roster: RosterProposal.purpose
    case .offer: Offer.purpose
    case .invitation: MemberInvitation.purpose
    case .join: JoinRequest.purpose
    case .decline: InvitationDeclined.purpose
    case .leave: LeaveRequest.purpose
    case .motion: Motion.purpose
    case .motionVote: MotionVote.purpose
    case .delegation: Delegation.purpose
    }
  }

  var lane: Event.Lane {
    switch self {
    case .submit, .cancel, .answer, .signature, .offerAnswer, .report, .join, .decline, .leave, .motion, .motionVote,
      .delegation:
      .production
    case .call, .roster, .offer, .invitation: .consumption
    }
  }

  /// Forming a roster goes before any task; results go before new work, since they free what it needs.
  private var priority: Int {
    switch self {
    case .answer, .signature, .call, .roster, .invitation, .join, .decline, .leave, .motion, .motionVote, .delegation:
      EventQueues.urgentPriority
    case .cancel, .report, .offerAnswer: 200
    case .offer: 100
    case .submit: 0
    }
  }

  /// - Parameter own: the node that takes the event up.
  func event(_ signed: SignedStatement, at now: Moment, own: NodeID) -> Event {
    let body = signed.statement.body
    let trace = body["trace"]?.stringValue.flatMap(TraceID.init(hexadecimal:))
    let taskPriority = self == .submit ? min(max(body["priority"]?.integerValue ?? 0, -100), 100) : 0
    return Event(
      id: signed.id.hexadecimal, lane: lane, kind: purpose.name, priority: priority + Int(taskPriority),
      deadlineMilliseconds: body["expiresMilliseconds"]?.integerValue, arrivalMilliseconds: now.wallMilliseconds,
      trace: trace, author: signed.statement.author == own ? nil : signed.statement.author,
      payload: SignedStatementBytes.encode(signed))
  }
}

/// A signed statement as it stands in an event's row: the signature's 64 bytes, then the statement's.
enum SignedStatementBytes {
  static func encode(_ signed: SignedStatement) -> [UInt8] { signed.signature.bytes + signed.statement.bytes }

  static func decode(_ bytes: [UInt8]) -> SignedStatement? {
    guard bytes.count > 64, let signature = try? Signature(bytes: Array(bytes.prefix(64))),
      let statement = try? Statement(bytes: Array(bytes.dropFirst(64)))
    else { return nil }
    return SignedStatement(statement, signature: signature)
  }
}

extension StoredEvent {
  init(_ event: Event) {
    self.init(
      id: event.id, lane: event.lane.rawValue, kind: event.kind, priority: event.priority,
      deadlineMilliseconds: event.deadlineMilliseconds, arrivalMilliseconds: event.arrivalMilliseconds,
      trace: event.trace, attempts: event.tries, payload: event.payload)
  }
}

// The control plane handles one event a step and stores what came of it with the event (R29).
extension NodeEngine {
  mutating func handleNextEvent(_ turn: inout Turn) {
    guard let event = queues.next(at: turn.now) else { return }
    guard let signed = SignedStatementBytes.decode(event.payload),
      let kind = EventKind(purpose: signed.statement.purpose)
    else { return finish(event, .dead, "its statement cannot be read", &turn) }
    if kind.isPetition { return petitioned(event, signed, kind, &turn) }
    if kind.needsOffice, let id = signed.statement.collaboration, let book = books[id],
      signed.statement.author != identity.node || kind != .submit, coordinatedDraft(id) == nil
    {
      return withoutOffice(event, signed, kind, book, &turn)
    }
    let handling = coordinate(&turn) { engine, context, effects, turn in
      switch kind {
      case .submit: engine.handleSubmission(signed, &turn)
      case .cancel: engine.handleCancellation(signed, &turn)
      case .answer: engine.negotiator.answered(signed, context: context, into: &effects)
      case .signature: engine.negotiator.signedRoster(signed, context: context, into: &effects)
      case .offerAnswer: engine.dispatcher.answered(signed, context: context, into: &effects)
      case .report: engine.dispatcher.reported(signed, context: context, into: &effects)
      case .call: engine.assessor.called(signed, context: context, into: &effects)
      case .roster: engine.assessor.proposed(signed, context: context, into: &effects)
      case .offer: engine.assessor.offered(signed, context: context, into: &effects)
      case .invitation: engine.assessor.invited(signed, context: context, into: &effects)
      case .join: engine.recruiter.joins(signed, context: context, into: &effects)
      case .decline: engine.recruiter.declined(signed, context: context)
      case .leave: engine.recruiter.leaves(signed, context: context, into: &effects)
      case .motion, .motionVote, .delegation: preconditionFailure("petitions have a way of their own")
      }
    }
    switch handling {
    case .done(let result): finish(event, .handled, result, &turn)
    case .parked(let id): parked[id, default: []].append(event.id)
    case .later(let what):
      switch queues.postpone(event.id, at: turn.now) {
      case .again: journal.waiting[event.id] = what
      case .dead: finish(event, .dead, "waited too long for \(what)", &turn)
      }
    }
    if kind == .offerAnswer || kind == .report, let id = signed.statement.collaboration, books[id] != nil {
      changed.insert(id)
    }
  }

  /// What only a coordinator can handle came to a node that is none now. Where it may be one in a moment it waits;
  /// otherwise it is not taken for handled, since its sender will say the same again to whoever is elected.
  private mutating func withoutOffice(
    _ event: Event, _ signed: SignedStatement, _ kind: EventKind, _ book: CollaborationState, _ turn: inout Turn
  ) {
    if kind == .submit || Self.entry(for: signed, kind) != nil { noteRequest(signed, kind, of: book, &turn) }
    let office = consensus.office(of: book.id)
    let isComing = office.map { $0.promised > $0.term || $0.coordinator == identity.node } ?? false
    if isComing, case .again = queues.postpone(event.id, at: turn.now) {
      journal.waiting[event.id] = "an election"
      return
    }
    queues.discard(event.id)
    journal.waiting[event.id] = nil
    turn.write(.removeEvent(id: event.id))
  }

  private mutating func finish(_ event: Event, _ state: StoredEvent.State, _ result: String, _ turn: inout Turn) {
    queues.finish(event.id)
    journal.waiting[event.id] = nil
    journal.finished(state)
    forgetOldEvents(&turn)
    turn.write(
      .eventState(id: event.id, state: state, attempts: event.tries, result: Array(result.utf8.prefix(1_000))))
  }

  /// Events that are over are kept for a week, for people and against repeated deliveries.
  private mutating func forgetOldEvents(_ turn: inout Turn) {
    guard journal.handledCount.isMultiple(of: 1_024) else { return }
    let week: Int64 = 7 * 24 * 3_600_000
    turn.write(.forgetEvents(arrivedBeforeMilliseconds: turn.now.wallMilliseconds - week))
  }

  /// A round has opened or failed: what waited for it goes on.
  mutating func releaseParked(_ id: CollaborationID, _ turn: inout Turn) {
    for event in parked.removeValue(forKey: id) ?? [] { queues.resume(event) }
  }
}
