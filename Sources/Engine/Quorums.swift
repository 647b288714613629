internal import Consensus
internal import Contract
internal import Coordination
internal import EventQueue
internal import Ledger
internal import Model
internal import Overlay

/// Whether enough voters of a collaboration are in reach of this node (R17).
struct QuorumLook: Sendable {
  var alive: [NodeID]
  var away: [NodeID]
  /// How many more must be in reach before anything is decided.
  var missing: Int
}

/// Since when this node waits for a quorum's answers, while the overlay holds enough voters for alive.
struct UnansweredSpan: Sendable {
  enum Waiting: Sendable, Equatable {
    /// As the coordinator, for the decision of what it proposed after the last decided entry.
    case decision(after: Int)
    /// For signs of life of who coordinates, or for the outcome of an election.
    case coordinator
  }

  var waiting: Waiting
  var since: Moment
  /// Longer than a valid request may wait.
  var isOverdue: Bool
}

extension NodeEngine {
  func quorum(of book: CollaborationState) -> QuorumLook {
    let voters = book.configuration.allVoters.map(\.node)
    let alive = voters.filter { node in
      node == identity.node
        || overlay.member(node).map { $0.state == .alive || $0.state == .suspected } ?? false
          && unanswering[book.id]?.contains(node) != true
    }
    return QuorumLook(
      alive: alive, away: voters.filter { !alive.contains($0) },
      missing: book.configuration.missing(from: Set(alive)))
  }

  /// Notes since when a side decides nothing.
  mutating func watchQuorums(_ turn: inout Turn) {
    for (id, book) in books.sorted(by: { $0.key < $1.key }) where broken[id] == nil {
      watchAnswers(of: book, turn.now)
      let look = quorum(of: book)
      if look.missing == 0 {
        if noQuorumSince.removeValue(forKey: id) != nil {
          notice("control", "quorum.back", collaboration: id, "enough voters are in reach again", &turn)
        }
      } else if noQuorumSince[id] == nil {
        noQuorumSince[id] = turn.now
        notice("control", "quorum.lost", collaboration: id, quorumProblem(book, look), &turn)
      }
    }
  }

  /// Who is cut off with too few to accuse the others holds them for suspected, or for alive where it is heard by none
  /// of them: so it goes by answers, and gives them as long as a valid request may wait.
  private mutating func watchAnswers(of book: CollaborationState, _ now: Moment) {
    let patience = Duration.milliseconds(book.contract.election.requestMilliseconds)
    let silent = book.configuration.allVoters.map(\.node).filter { node in
      overlay.member(node).map { $0.state == .suspected && now.uptime - $0.since.uptime > patience } ?? false
    }
    unanswering[book.id] = silent.isEmpty ? nil : Set(silent)
    unanswered[book.id] = unansweredSpan(of: book, now, patience)
  }

  private func unansweredSpan(of book: CollaborationState, _ now: Moment, _ patience: Duration) -> UnansweredSpan? {
    if let head = consensus.head(of: book.id), head.number > book.lastEntry, consensus.isInOffice(book.id) {
      let waiting = UnansweredSpan.Waiting.decision(after: book.lastEntry)
      let since = unanswered[book.id].flatMap { $0.waiting == waiting ? $0.since : nil } ?? now
      return UnansweredSpan(waiting: waiting, since: since, isOverdue: now.uptime - since.uptime > patience)
    }
    // An election that others answer goes on, however long it takes.
    guard let since = consensus.leaderlessSince(book.id, at: now),
      !consensus.hearsQuorum(of: book.id, since: now.uptime - patience)
    else { return nil }
    return UnansweredSpan(waiting: .coordinator, since: since, isOverdue: now.uptime - since.uptime > patience)
  }

  /// Says clearly what a lost quorum means, and what to do.
  private func quorumProblem(_ book: CollaborationState, _ look: QuorumLook) -> String {
    let away = look.away.map { "\(name(of: $0)) (\(state(of: $0)))" }.joined(separator: ", ")
    let voters = book.configuration.allVoters.count
    return "no quorum: \(look.alive.count) of \(voters) voters in reach, \(look.missing) more needed; away: \(away). "
      + "Nothing is decided, running work goes on"
  }

  /// Why nothing moves in a collaboration: no quorum, no coordinator, or a ledger that has come to its end here; empty
  /// while decisions come.
  func standstill(of book: CollaborationState) -> String {
    if let why = broken[book.id] { return "this node follows its ledger no further: \(why)" }
    let look = quorum(of: book)
    if look.missing > 0 { return quorumProblem(book, look) }
    if let waking = wakingProblem(of: book.id) { return waking }
    if let span = unanswered[book.id], span.isOverdue {
      let what =
        switch span.waiting {
        case .decision: "what this node proposes stays undecided"
        case .coordinator: "nobody is heard who coordinates, and too few voters to elect another"
        }
      return "no quorum answers: \(what). Nothing is decided, running work goes on"
    }
    if let office = consensus.office(of: book.id), office.promised > office.term {
      return "term \(office.promised) has no coordinator yet: an election runs"
    }
    guard book.coordinator != identity.node, let member = overlay.member(book.coordinator),
      member.state == .failed || member.state == .left
    else { return "" }
    return "its coordinator \(name(of: book.coordinator)) is gone: another is being elected"
  }
}
