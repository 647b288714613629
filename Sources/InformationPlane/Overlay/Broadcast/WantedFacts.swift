import Model

/// Facts that this node knows by their id only, and who has them.
struct WantedFacts: Sendable {
  struct Wanted: Sendable {
    /// Links that announced it, the first first.
    var sources: [LinkID]
    /// Whom it was asked of.
    var asked: LinkID?
    /// Those that were asked in vain: they take no other's place again by telling of it anew.
    var vain: Set<LinkID> = []
    /// How often it was to be asked for again.
    var putBacks = 0
    /// Announced beside the tree, and asked of nobody yet: it is given this long (uptime) to come along the tree.
    var lazyUntil: Duration?
  }

  static let sourceLimit = 6
  /// An answer holds eight of the largest facts, a request names 64, and what was put off comes first; who puts off more
  /// often withholds.
  static let putBackLimit = 16

  /// More than a node has streams in the usual case.
  static let vainLimit = 64

  private(set) var wanted: [StatementID: Wanted] = [:]
  /// What each stream told of, so that it can be taken back when the stream ends.
  private var byLink: [LinkID: Set<StatementID>] = [:]
  /// Of lazily announced ones, in order of their ends.
  private(set) var lazy: [(id: StatementID, until: Duration)] = []

  subscript(id: StatementID) -> Wanted? { wanted[id] }
  var count: Int { wanted.count }

  /// - Parameter lazyUntil: how long a new one may take to come along the tree; nil where it is to be asked for at once.
  ///   Should this one owe other answers first, those who told of it earlier are asked in their time all the same.
  /// - Returns: whether it may be asked for on this link; false where it has sources enough, is asked of this one or
  ///   another that told of it already, or too much is wanted.
  mutating func announced(
    _ id: StatementID, on link: LinkID, lazyUntil: Duration?, _ limits: OverlayLimits
  ) -> Bool {
    // Nobody has more than what is left, so it takes many together to fill it.
    guard (byLink[link]?.count ?? 0) < min(limits.wantedFactsPerLink, limits.wantedFacts - wanted.count) else {
      return false
    }
    if let known = wanted[id] {
      let isSource = known.sources.contains(link)
      guard isSource || known.sources.count < Self.sourceLimit && !known.vain.contains(link) else { return false }
      if isSource { return known.asked == nil }
      wanted[id]?.sources.append(link)
      byLink[link, default: []].insert(id)
      return true
    }
    wanted[id] = Wanted(sources: [link], lazyUntil: lazyUntil)
    byLink[link, default: []].insert(id)
    if let lazyUntil { lazy.append((id, lazyUntil)) }
    return true
  }

  /// This process stood still: what was to come may wait to be read.
  mutating func extend(by late: Duration) {
    for index in lazy.indices { lazy[index].until += late }
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

  mutating func ask(_ id: StatementID, on link: LinkID) {
    wanted[id]?.asked = link
    wanted[id]?.lazyUntil = nil
  }

  /// It was asked for in vain.
  ///
  /// - Returns: whether it is now to be asked for of somebody else; where nobody else has it, it is forgotten.
  mutating func giveUp(_ id: StatementID, on link: LinkID) -> Bool {
    guard let known = wanted[id], known.asked == link else { return false }
    if known.vain.count < Self.vainLimit { wanted[id]?.vain.insert(link) }
    return forget(link, of: id)
  }

  /// It was asked for, and is to be asked for again: of the others who have it first.
  ///
  /// - Returns: whether it is now to be asked for, of this one again if nobody else has it; not when it was put off too
  ///   often and nobody else has it.
  mutating func putBack(_ id: StatementID, on link: LinkID) -> Bool {
    guard let known = wanted[id], known.asked == link else { return false }
    guard known.putBacks < Self.putBackLimit else { return forget(link, of: id) }
    wanted[id]?.putBacks += 1
    wanted[id]?.asked = nil
    wanted[id]?.sources = known.sources.filter { $0 != link } + [link]
    return true
  }

  /// Whether somebody else than this one has it.
  func hasOther(_ id: StatementID, than link: LinkID) -> Bool {
    wanted[id]?.sources.contains { $0 != link } ?? false
  }

  /// A copy came on a link: others are asked only if it is bad, and this one is not asked again.
  mutating func came(_ id: StatementID, on link: LinkID) {
    guard wanted[id] != nil else { return }
    _ = forget(link, of: id)
  }

  /// A stream ended: nobody can be asked on it any more.
  ///
  /// - Returns: what is now to be asked for on other streams, sorted.
  mutating func closed(_ link: LinkID) -> [StatementID] {
    var orphans: [StatementID] = []
    for id in (byLink.removeValue(forKey: link) ?? []).sorted() {
      guard let known = wanted[id] else { continue }
      let isOthers = known.asked.map { $0 != link } ?? (known.lazyUntil != nil)
      if isOthers {
        wanted[id]?.sources.removeAll { $0 == link }
        if wanted[id]?.sources.isEmpty == true { wanted[id] = nil }
      } else if forget(link, of: id) {
        orphans.append(id)
      }
    }
    return orphans
  }

  /// Takes a source off, and lets the next be asked.
  ///
  /// - Returns: whether there is one.
  private mutating func forget(_ link: LinkID, of id: StatementID) -> Bool {
    wanted[id]?.sources.removeAll { $0 == link }
    wanted[id]?.asked = nil
    byLink[link]?.remove(id)
    guard wanted[id]?.sources.isEmpty == true else { return wanted[id] != nil }
    wanted[id] = nil
    return false
  }

  mutating func remove(_ id: StatementID) {
    guard let known = wanted.removeValue(forKey: id) else { return }
    for link in known.sources {
      byLink[link]?.remove(id)
      if byLink[link]?.isEmpty == true { byLink[link] = nil }
    }
  }
}
