internal import Contract
internal import Coordination
internal import EventQueue
internal import Model
internal import Overlay

/// What a member asked for and its coordinator leaves undecided, as its author says.
struct ForeignRequest: Sendable {
  let signed: SignedStatement
  let kind: EventKind
  let collaboration: CollaborationID
  /// Uptime.
  let since: Duration
}

// A coordinator cannot leave one member's requests undecided and keep its office: voters who hear of one time it, too.
extension NodeEngine {
  /// How long a request is timed: its author says so again while it waits.
  static let foreignRequestTime = Duration.seconds(30)
  static let foreignRequestLimit = 1_024

  /// Notes that a request waits, for a time; its coordinator is replaced when it waits too long.
  mutating func noteForeign(_ signed: SignedStatement, _ kind: EventKind, of book: CollaborationState, _ now: Moment) {
    guard foreignRequests.count < Self.foreignRequestLimit, foreignRequests[signed.id] == nil, book.made(signed),
      isOpen(signed, kind, in: book, now)
    else { return }
    // No author's requests take the room of all.
    let ofAuthor = foreignRequests.values.count { $0.signed.statement.author == signed.statement.author }
    guard ofAuthor < Self.foreignRequestLimit / 16 else { return }
    foreignRequests[signed.id] = ForeignRequest(
      signed: signed, kind: kind, collaboration: book.id, since: now.uptime)
  }

  /// Takes up what others asked for where this node coordinates now, and forgets what waited too long.
  mutating func serveForeign(_ turn: inout Turn) {
    for (id, request) in foreignRequests.sorted(by: { $0.key < $1.key }) {
      if turn.now.uptime - request.since > Self.foreignRequestTime || books[request.collaboration] == nil {
        foreignRequests[id] = nil
      } else if let draft = coordinatedDraft(request.collaboration) {
        if request.kind == .submit {
          submitHere(request.signed, to: request.collaboration, &turn)
        } else if isOpen(request.signed, request.kind, in: draft, turn.now),
          let (kind, body) = Self.entry(for: request.signed, request.kind)
        {
          append(kind, body, to: request.collaboration, &turn)
        }
      }
    }
  }

  /// Forgets what the ledger has answered, or would take no more.
  mutating func settleForeign(in id: CollaborationID, _ now: Moment) {
    guard let book = books[id] else { return }
    foreignRequests = foreignRequests.filter { _, request in
      request.collaboration != id || request.kind == .submit || isOpen(request.signed, request.kind, in: book, now)
    }
  }

  /// Whether the contract would take a request now, and has not.
  private func isOpen(
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

  /// What a member wants of the ledger besides tasks, at who coordinates: the contract judges it.
  mutating func handlePetition(_ signed: SignedStatement, _ kind: EventKind, _ turn: inout Turn) -> Handling {
    guard let id = signed.statement.collaboration, let draft = coordinatedDraft(id),
      let (entry, body) = Self.entry(for: signed, kind)
    else { return .done("not coordinated by this node") }
    guard draft.made(signed) else { return .done("not signed by a member") }
    // Said again it is no other.
    if kind == .motion, draft.council?[signed.id] != nil { return .done("on the ledger already") }
    if kind == .delegation, !isOpen(signed, kind, in: draft, turn.now) { return .done("the ledger would not take it") }
    append(entry, body, to: id, &turn)
    return .done("put to the contract")
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
