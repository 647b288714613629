/// When the core has something to do of its own accord. One timer serves all duties.
struct Agenda: Sendable {
  /// In the order in which they are done when several are due.
  enum Duty: Int, CaseIterable, Sendable {
    /// Probe the next member.
    case probe
    /// A probe under way has gone without an answer for a while.
    case followUp
    /// Look at who is suspected.
    case judge
    /// Object to accusations that came soon after others.
    case object
    /// Pass rumours on.
    case gossip
    /// Knock at who has failed.
    case revive
    /// Neighbours may be others now.
    case neighbours
    /// Large facts that are announced together.
    case announce
    /// Facts that were announced beside the tree and did not come.
    case fetch
    /// Streams: silence, dials, answers that are long in coming.
    case tend
    /// Compare facts with somebody.
    case compare
    /// Facts that are over.
    case expire
  }

  private var due = [Duration?](repeating: nil, count: Duty.allCases.count)
  private var armedAt: Duration?

  /// Plans a duty, unless it is planned earlier already.
  mutating func plan(_ duty: Duty, at uptime: Duration) {
    if let planned = due[duty.rawValue], planned <= uptime { return }
    due[duty.rawValue] = uptime
  }

  /// Takes a duty off the agenda, if it is due.
  mutating func takeDue(_ duty: Duty, at uptime: Duration) -> Bool {
    guard let planned = due[duty.rawValue], planned <= uptime else { return false }
    due[duty.rawValue] = nil
    return true
  }

  /// - Returns: how late the timer came.
  mutating func timerFired(at uptime: Duration) -> Duration {
    defer { armedAt = nil }
    return armedAt.map { max(.zero, uptime - $0) } ?? .zero
  }

  /// Plans a duty for this moment, whatever was planned.
  mutating func move(_ duty: Duty, to uptime: Duration) { due[duty.rawValue] = uptime }

  /// When the timer is to be set anew, if it is.
  mutating func arm(at uptime: Duration) -> Duration? {
    guard let next = due.lazy.compactMap({ $0 }).min() else { return nil }
    if let armedAt, armedAt <= next { return nil }
    armedAt = next
    return max(.zero, next - uptime)
  }
}
