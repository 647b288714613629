import Model

/// Facts that this node knows by their id only, and who has them.
struct WantedFacts: Sendable {
  struct Wanted: Sendable {
    /// Links that announced it, the first first.
    var sources: [LinkID]
    /// Whom it was asked of.
    var asked: LinkID?
    /// Announced beside the tree only: it is given this long (uptime) to come along the tree.
    var lazyUntil: Duration?
  }

  static let sourceLimit = 6

  private(set) var wanted: [StatementID: Wanted] = [:]
  /// Of lazily announced ones, in order of their ends.
  private(set) var lazy: [(id: StatementID, until: Duration)] = []

  subscript(id: StatementID) -> Wanted? { wanted[id] }
  var count: Int { wanted.count }

  /// - Returns: whether the link is a new source of it.
  mutating func announced(_ id: StatementID, on link: LinkID, lazyUntil: Duration?, limit: Int) -> Bool {
    if let known = wanted[id] {
      guard !known.sources.contains(link), known.sources.count < Self.sourceLimit else { return false }
      wanted[id]?.sources.append(link)
      // Somebody has it to hand over: there is nothing to wait for.
      if lazyUntil == nil { wanted[id]?.lazyUntil = nil }
      return true
    }
    guard wanted.count < limit else { return false }
    wanted[id] = Wanted(sources: [link], lazyUntil: lazyUntil)
    if let lazyUntil { lazy.append((id, lazyUntil)) }
    return true
  }

  /// Takes the lazily announced facts whose time to come by themselves is over.
  mutating func takeOverdue(at uptime: Duration) -> [StatementID] {
    let due = lazy.prefix { $0.until <= uptime }
    lazy.removeFirst(due.count)
    return due.map(\.id).filter { id in
      guard let known = wanted[id], known.lazyUntil != nil, known.asked == nil else { return false }
      wanted[id]?.lazyUntil = nil
      return true
    }
  }

  mutating func ask(_ id: StatementID, on link: LinkID) { wanted[id]?.asked = link }

  /// It was asked for in vain.
  ///
  /// - Returns: the next who has it; nil when nobody else does, and it is forgotten.
  mutating func giveUp(_ id: StatementID, on link: LinkID, isOpen: (LinkID) -> Bool) -> LinkID? {
    guard var known = wanted[id], known.asked == link else { return nil }
    known.sources.removeAll { $0 == link || !isOpen($0) }
    known.asked = nil
    guard let next = known.sources.first else {
      wanted[id] = nil
      return nil
    }
    wanted[id] = known
    return next
  }

  mutating func remove(_ id: StatementID) { wanted[id] = nil }
}
