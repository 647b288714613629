import Model

/// The facts that are still valid, and the ids of those that were seen.
struct FactShelf: Sendable {
  struct Fact: Sendable {
    let signed: SignedStatement
    let expiresMilliseconds: Int64
    /// Links that it passed on its way here.
    let hops: Int
    /// A copy came along the tree, or it is this node's own: who pushes it after that is not needed for it.
    var cameAlongTree: Bool
    /// Its id is remembered until then (uptime) at least, whatever the wall clock says meanwhile.
    let rememberedUntil: Duration
  }

  /// A copy that is being checked, and what came meanwhile.
  struct Check: Sendable {
    /// Who brought it.
    let peer: NodeID
    /// This copy did: it was pushed by a neighbour, and nobody had fetched it on its way.
    var cameAlongTree = false
    /// Streams of others on which it came along the tree: of all that did, the first alone is needed.
    var alongTree: [LinkID] = []
    /// Streams of others on which it came otherwise.
    var otherwise: [LinkID] = []
  }

  /// Waits for its author's record, which is being verified.
  struct Parked: Sendable {
    let signed: SignedStatement
    let hops: Int
    let link: LinkID
    let peer: NodeID
  }

  private(set) var facts: [StatementID: Fact] = [:]
  /// Ids past their facts' expiry, with the wall time and the uptime until which they are remembered: both are over
  /// before they are forgotten, so a clock that jumps and jumps back makes nothing new.
  private(set) var remembered: [StatementID: (milliseconds: Int64, uptime: Duration)] = [:]
  var refused = RefusedFacts()
  /// How many facts of an author are held, and their bytes; and the bytes of all.
  private var held: [NodeID: (count: Int, bytes: Int)] = [:]
  private var byteCount = 0
  /// Of facts by author, and of members' records.
  var quotas = MinuteQuotas()
  var recordQuotas = MinuteQuotas()
  /// Being verified.
  var pending: [StatementID: Check] = [:]
  /// How many records of a node are being verified.
  var pendingRecords: [NodeID: Int] = [:]
  private var parked: [NodeID: [Parked]] = [:]
  private var parkedIDs: [StatementID: Int] = [:]
  private var parkedByPeer: [NodeID: Int] = [:]
  /// How many came since facts were compared because of it last.
  var newLately = 0

  var count: Int { facts.count }
  var ids: [StatementID] { facts.keys.sorted() }

  func contains(_ id: StatementID) -> Bool {
    facts[id] != nil || remembered[id] != nil || pending[id] != nil || refused.contains(id)
  }

  /// Whether a copy is under check, or waits for that.
  func isInHand(_ id: StatementID) -> Bool { pending[id] != nil || parkedIDs[id] != nil }

  /// - Returns: false where there is no room: nobody has more than what is left.
  mutating func park(_ fact: Parked, limit: Int) -> Bool {
    let count = parkedByPeer.values.reduce(0, +)
    guard parkedByPeer[fact.peer, default: 0] < limit - count else { return false }
    parked[fact.signed.statement.author, default: []].append(fact)
    parkedIDs[fact.signed.id, default: 0] += 1
    parkedByPeer[fact.peer, default: 0] += 1
    return true
  }

  /// Takes out what waits for an author's record.
  mutating func takeParked(by author: NodeID) -> [Parked] {
    let taken = parked.removeValue(forKey: author) ?? []
    for fact in taken {
      let copies = parkedIDs[fact.signed.id, default: 1] - 1
      parkedIDs[fact.signed.id] = copies == 0 ? nil : copies
      let left = parkedByPeer[fact.peer, default: 1] - 1
      parkedByPeer[fact.peer] = left == 0 ? nil : left
    }
    return taken
  }

  /// A copy came along the tree of what is not under check.
  ///
  /// - Returns: whether none had.
  mutating func noteAlongTree(_ id: StatementID) -> Bool {
    guard let fact = facts[id] else { return false }
    facts[id]?.cameAlongTree = true
    return !fact.cameAlongTree
  }

  /// - Returns: whether it was not here.
  mutating func insert(_ fact: Fact) -> Bool {
    let signed = fact.signed
    guard facts[signed.id] == nil else { return false }
    facts[signed.id] = fact
    count(signed.statement, as: 1)
    return true
  }

  private mutating func remove(_ id: StatementID) -> Fact? {
    guard let fact = facts.removeValue(forKey: id) else { return nil }
    count(fact.signed.statement, as: -1)
    return fact
  }

  /// Counts a fact in (1) or out (-1).
  private mutating func count(_ statement: Statement, as sign: Int) {
    var own = held[statement.author] ?? (0, 0)
    own.count += sign
    own.bytes += sign * statement.bytes.count
    byteCount += sign * statement.bytes.count
    held[statement.author] = own.count == 0 ? nil : own
  }

  /// Why there is no room for another fact of its author, if so: its own share is full, or nobody may hold more than
  /// what is left, so that it takes many together to fill the shelf.
  func obstacle(to statement: Statement, _ limits: OverlayLimits) -> DropReason? {
    let own = held[statement.author] ?? (0, 0)
    let bytes = own.bytes + statement.bytes.count
    if own.count >= limits.factsPerAuthor || bytes > limits.factBytesPerAuthor { return .authorQuota }
    return own.count >= limits.facts - facts.count || bytes > limits.factBytes - byteCount ? .busy : nil
  }

  /// Takes out what an author signed, which is remembered as what has expired is.
  ///
  /// - Returns: the ids, sorted.
  mutating func takeAll(by author: NodeID, memory: Duration) -> [StatementID] {
    let ids = facts.filter { $0.value.signed.statement.author == author }.map(\.key).sorted()
    for id in ids { end(id, memory: memory) }
    return ids
  }

  private mutating func end(_ id: StatementID, memory: Duration) {
    guard let fact = remove(id) else { return }
    remembered[id] = (fact.expiresMilliseconds + memory.milliseconds, fact.rememberedUntil)
  }

  /// Takes out what has expired, and forgets ids whose memory is over or that are too many.
  ///
  /// - Returns: the expired facts' ids, sorted.
  mutating func expire(at now: Moment, memory: Duration, limit: Int) -> [StatementID] {
    let expired = facts.filter { $0.value.expiresMilliseconds <= now.wallMilliseconds }.map(\.key).sorted()
    for id in expired { end(id, memory: memory) }
    remembered = remembered.filter { $0.value.milliseconds > now.wallMilliseconds || $0.value.uptime > now.uptime }
    if remembered.count > limit {
      let byAge = remembered.sorted { ($0.value.uptime, $0.key) < ($1.value.uptime, $1.key) }
      for (id, _) in byAge.prefix(remembered.count - limit) { remembered[id] = nil }
    }
    return expired
  }

  /// Forgets quotas whose minute is over, and what was refused long enough ago.
  mutating func expireQuotasAndRefusals(now: Duration) {
    refused.expire(at: now)
    quotas.expire(at: now)
    recordQuotas.expire(at: now)
  }
}
