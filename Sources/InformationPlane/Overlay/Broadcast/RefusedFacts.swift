import Model

/// Facts that were not taken for what they are: their time, their author's quota or the room here was against them.
/// Others hold them, and comparing with each of them would bring them again; so each is fetched again after a pause
/// only, twice as long each time where the reason will not pass by itself.
struct RefusedFacts: Sendable {
  private struct Refusal: Sendable {
    let until: Duration
    let pause: Duration
    let peer: NodeID
    let unknownAuthor: NodeID?
  }

  private var refusals: [StatementID: Refusal] = [:]
  /// Whose pause is over: how long it was, and until when (uptime) that is remembered.
  private var before: [StatementID: (pause: Duration, until: Duration)] = [:]
  private var byPeer: [NodeID: Int] = [:]
  /// Those whose authors are not known, or not by the key of their epoch.
  private var byUnknownAuthor: [NodeID: Set<StatementID>] = [:]

  func contains(_ id: StatementID) -> Bool { refusals[id] != nil }

  /// - Parameters:
  ///   - peer: who brought it. Ids cost nothing to make, so nobody has more than what is left.
  ///   - isPassing: it may be taken soon: a clock is set right, room is made.
  ///   - unknownAuthor: it may be taken as soon as this one's record comes.
  mutating func insert(
    _ id: StatementID, from peer: NodeID, isPassing: Bool, unknownAuthor: NodeID? = nil, at uptime: Duration,
    _ limits: OverlayLimits
  ) {
    guard refusals[id] == nil else { return }
    guard byPeer[peer, default: 0] < limits.refusedFacts - refusals.count else { return }
    let earlier = isPassing ? nil : before.removeValue(forKey: id)?.pause
    let pause = earlier.map { min($0 * 2, limits.refusalMemoryMost) } ?? limits.refusalMemory
    refusals[id] = Refusal(until: uptime + pause, pause: pause, peer: peer, unknownAuthor: unknownAuthor)
    byPeer[peer, default: 0] += 1
    if let unknownAuthor { byUnknownAuthor[unknownAuthor, default: []].insert(id) }
  }

  /// An author's record came.
  mutating func becameKnown(_ author: NodeID) {
    for id in byUnknownAuthor[author] ?? [] {
      remove(id)
      before[id] = nil
    }
  }

  private mutating func remove(_ id: StatementID) {
    guard let refusal = refusals.removeValue(forKey: id) else { return }
    let left = byPeer[refusal.peer, default: 1] - 1
    byPeer[refusal.peer] = left == 0 ? nil : left
    if let author = refusal.unknownAuthor {
      byUnknownAuthor[author]?.remove(id)
      if byUnknownAuthor[author]?.isEmpty == true { byUnknownAuthor[author] = nil }
    }
  }

  mutating func expire(at uptime: Duration) {
    before = before.filter { $0.value.until > uptime }
    for (id, refusal) in refusals where refusal.until <= uptime {
      remove(id)
      // As long again: whoever has it compares within that time.
      before[id] = (refusal.pause, uptime + refusal.pause)
    }
  }
}
