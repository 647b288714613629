internal import Consensus
internal import Contract
internal import Coordination
internal import EventQueue
internal import Model
internal import Overlay

/// What a member asked of a ledger, until that has it.
struct PendingRequest: Sendable {
  let signed: SignedStatement
  let kind: EventKind
  let collaboration: CollaborationID
  /// Uptime: when it came here first, and last; and when it was passed on last.
  let since: Duration
  var saidAt: Duration
  var relayedAt: Duration?
}

// A coordinator cannot leave one member's requests undecided and keep its office: voters who hear of one pass it on to
// it, and time it from then on.
extension NodeEngine {
  /// How long a request is timed after it was said last: its author says so again while it waits.
  static let requestTime = Duration.seconds(30)
  static let requestLimit = 1_024
  /// Of one author: nobody's requests take the room of all.
  static let submissionsPerAuthor = 64
  static let petitionsPerAuthor = 16
  /// Relayed requests that are looked at between two ticks of consensus.
  static let relaysPerTick = 32

  /// Notes that a request waits; its coordinator hears of it, and is replaced when it waits too long.
  mutating func noteRequest(
    _ signed: SignedStatement, _ kind: EventKind, of book: CollaborationState, _ turn: inout Turn
  ) {
    defer { relay(signed.id, in: book, &turn) }
    if pendingRequests[signed.id] != nil {
      pendingRequests[signed.id]?.saidAt = turn.now.uptime
      return
    }
    guard pendingRequests.count < Self.requestLimit, book.made(signed),
      isTaken(signed, kind, in: book, turn.now)
    else { return }
    let ofAuthor = pendingRequests.values.count {
      $0.signed.statement.author == signed.statement.author && ($0.kind == .submit) == (kind == .submit)
    }
    guard ofAuthor < (kind == .submit ? Self.submissionsPerAuthor : Self.petitionsPerAuthor) else { return }
    pendingRequests[signed.id] = PendingRequest(
      signed: signed, kind: kind, collaboration: book.id, since: turn.now.uptime, saidAt: turn.now.uptime)
  }

  /// Passes a request on to who coordinates, which may never have heard of it.
  private mutating func relay(_ id: StatementID, in book: CollaborationState, _ turn: inout Turn) {
    guard let request = pendingRequests[id], book.coordinator != identity.node,
      request.signed.statement.bytes.count <= RequestRelay.requestByteLimit,
      request.relayedAt.map({ turn.now.uptime - $0 >= Self.resubmitInterval }) ?? true
    else { return }
    pendingRequests[id]?.relayedAt = turn.now.uptime
    let body = RequestRelay(request: request.signed)
    sign(context(turn.now).statement(body, in: book.id), for: .information(book.coordinator), &turn)
  }

  /// Another member's request, from a member that heard of it.
  mutating func relayed(_ signed: SignedStatement, _ turn: inout Turn) {
    guard relaysLeft > 0, let id = signed.statement.collaboration, let book = books[id],
      book.roster[signed.statement.author] != nil, consensus.isInOffice(id),
      let request = try? signed.statement.decode(RequestRelay.self).request,
      request.statement.collaboration == id, request.statement.author != identity.node,
      let kind = EventKind(purpose: request.statement.purpose), kind == .submit || Self.entry(for: request, kind) != nil
    else { return journal.count("business: unexpected relay") }
    relaysLeft -= 1
    noteRequest(request, kind, of: book, &turn)
    serveRequests(&turn)
  }

  /// What a member wants of the ledger besides tasks. It is kept until it is decided, in office or not: what was proposed
  /// may be given up with its term, and what the contract refuses now it may take in a moment.
  mutating func petitioned(
    _ event: Event, _ signed: SignedStatement, _ kind: EventKind, _ turn: inout Turn
  ) {
    queues.discard(event.id)
    journal.waiting[event.id] = nil
    turn.write(.removeEvent(id: event.id))
    guard let book = signed.statement.collaboration.flatMap({ books[$0] }) else { return }
    noteRequest(signed, kind, of: book, &turn)
    serveRequests(&turn)
  }

  /// Takes up what others asked for where this node coordinates now, and forgets what is said no more.
  mutating func serveRequests(_ turn: inout Turn) {
    for (id, request) in pendingRequests.sorted(by: { $0.key < $1.key }) {
      if turn.now.uptime - request.saidAt > Self.requestTime || books[request.collaboration] == nil {
        pendingRequests[id] = nil
      } else if let draft = coordinatedDraft(request.collaboration) {
        if request.kind == .submit {
          submitHere(request.signed, to: request.collaboration, &turn)
        } else if isOpen(request.signed, request.kind, in: draft, turn.now) {
          guard isTaken(request.signed, request.kind, in: draft, turn.now),
            let (kind, body) = Self.entry(for: request.signed, request.kind)
          else {
            // Its author says it again, and then it is looked at anew.
            pendingRequests[id] = nil
            continue
          }
          append(kind, body, to: request.collaboration, &turn)
        }
      }
    }
  }

  /// Forgets what the ledger has answered, or would take no more.
  mutating func settleRequests(in id: CollaborationID, _ now: Moment) {
    guard let book = books[id], pendingRequests.contains(where: { $0.value.collaboration == id }) else { return }
    pendingRequests = pendingRequests.filter { _, request in
      request.collaboration != id || request.kind == .submit || isOpen(request.signed, request.kind, in: book, now)
    }
  }

  /// Whether a ledger has not answered a request yet; no signature is looked at.
  private func isOpen(_ signed: SignedStatement, _ kind: EventKind, in book: CollaborationState, _ now: Moment) -> Bool
  {
    let author = signed.statement.author
    switch kind {
    case .leave: return book.roster[author] != nil && !book.leaving.contains(author)
    case .motion:
      let left = (try? signed.statement.decode(Motion.self))?.expiresMilliseconds ?? 0
      return book.council?[signed.id] == nil && left > now.wallMilliseconds
    case .motionVote:
      let motion = (try? signed.statement.decode(MotionVote.self)).flatMap { book.council?[$0.motion] }
      return motion.map { motion in
        motion.outcome == .open && motion.motion.expiresMilliseconds > now.wallMilliseconds
          && !motion.ballots.contains { $0.node == author }
      } ?? false
    case .delegation:
      let after = (try? signed.statement.decode(Delegation.self))?.after ?? -1
      return after >= book.delegations[author]?.entry ?? 0
    default: return false
    }
  }

  /// Whether the contract would take a request now.
  private func isTaken(
    _ signed: SignedStatement, _ kind: EventKind, in book: CollaborationState, _ now: Moment
  ) -> Bool {
    if kind == .submit {
      // What this node submitted is timed from when people here did so.
      guard signed.statement.author != identity.node, book.tasks[TaskID(signed.id.digest)] == nil,
        let submission = try? signed.statement.decode(Submission.self), submission.disorder == nil
      else { return false }
      return book.hasRoom(for: submission)
    }
    guard let (kind, body) = Self.entry(for: signed, kind) else { return false }
    var next = book
    let record = LedgerRecord(
      number: book.lastEntry + 1, term: book.term, timeMilliseconds: now.wallMilliseconds, kind: kind, body: body)
    do throws(Violation) {
      try next.apply(record)
      return true
    } catch {
      return false
    }
  }

  /// The entry that a member's request asks for; nil for what asks for none.
  static func entry(for signed: SignedStatement, _ kind: EventKind) -> (kind: String, body: JSON)? {
    switch kind {
    case .leave: (MemberLeaving.kind, json(MemberLeaving(node: signed.statement.author, request: signed)))
    case .motion: (MotionProposed.kind, json(MotionProposed(proposal: signed)))
    case .motionVote: (MotionVoted.kind, json(MotionVoted(vote: signed)))
    case .delegation: (CoordinationDelegated.kind, json(CoordinationDelegated(delegation: signed)))
    default: nil
    }
  }
}
