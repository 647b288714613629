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

/// Since when what this node proposed as the coordinator waits for its decision.
struct UndecidedSpan: Sendable {
  /// The last entry that was decided then.
  var decided: Int
  var since: Moment
  /// Longer than a valid request may wait.
  var isOverdue = false
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
    guard consensus.isInOffice(book.id), let head = consensus.head(of: book.id), head.number > book.lastEntry else {
      undecided[book.id] = nil
      return
    }
    var span = undecided[book.id] ?? UndecidedSpan(decided: book.lastEntry, since: now)
    if span.decided != book.lastEntry { span = UndecidedSpan(decided: book.lastEntry, since: now) }
    span.isOverdue = now.uptime - span.since.uptime > patience
    undecided[book.id] = span
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
    if let office = consensus.office(of: book.id), office.promised > office.term {
      return "term \(office.promised) has no coordinator yet: an election runs"
    }
    if undecided[book.id]?.isOverdue == true {
      return "no quorum answers: what this node proposes stays undecided. Nothing is decided, running work goes on"
    }
    guard book.coordinator != identity.node, let member = overlay.member(book.coordinator),
      member.state == .failed || member.state == .left
    else { return "" }
    return "its coordinator \(name(of: book.coordinator)) is gone: another is being elected"
  }
}
