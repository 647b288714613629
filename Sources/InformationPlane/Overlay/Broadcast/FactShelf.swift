import Model

/// The facts that are still valid, and the ids of those that were seen.
struct FactShelf: Sendable {
  struct Fact: Sendable {
    let signed: SignedStatement
    let expiresMilliseconds: Int64
    /// Links that it passed on its way here.
    let hops: Int
  }

  /// Waits for its author's record, which is being verified.
  struct Parked: Sendable {
    let signed: SignedStatement
    let hops: Int
    let link: LinkID
  }

  struct Quota: Sendable {
    var windowStart: Duration
    var count = 0
  }

  private(set) var facts: [StatementID: Fact] = [:]
  /// Ids past their facts' expiry, with the wall time until which they are remembered.
  private(set) var remembered: [StatementID: Int64] = [:]
  /// Ids of facts that this node did not take, and until when (uptime) they are not fetched again.
  private(set) var refused: [StatementID: Duration] = [:]
  /// How many facts of an author are held.
  private(set) var held: [NodeID: Int] = [:]
  private var quotas: [NodeID: Quota] = [:]
  private var recordQuotas: [NodeID: Quota] = [:]
  /// Being verified, with the streams that pushed the same meanwhile.
  var pending: [StatementID: [LinkID]] = [:]
  /// How many records of a node are being verified.
  var pendingRecords: [NodeID: Int] = [:]
  var parked: [NodeID: [Parked]] = [:]
  var parkedCount = 0
  /// How many came since facts were compared because of it last.
  var newLately = 0

  var count: Int { facts.count }
  var ids: [StatementID] { facts.keys.sorted() }

  func contains(_ id: StatementID) -> Bool {
    facts[id] != nil || remembered[id] != nil || pending[id] != nil || refused[id] != nil
  }

  func isRefused(_ id: StatementID) -> Bool { refused[id] != nil }

  /// Its time, its author's quota or the room here is against a fact: others hold it, and comparing with each of them
  /// would bring it again.
  mutating func refuse(_ id: StatementID, until: Duration, limit: Int) {
    if refused.count < limit { refused[id] = until }
  }

  /// - Returns: whether it was not here.
  mutating func insert(_ fact: Fact) -> Bool {
    let signed = fact.signed
    guard facts[signed.id] == nil else { return false }
    facts[signed.id] = fact
    held[signed.statement.author, default: 0] += 1
    return true
  }

  private mutating func remove(_ id: StatementID) -> Fact? {
    guard let fact = facts.removeValue(forKey: id) else { return nil }
    let author = fact.signed.statement.author
    held[author, default: 1] -= 1
    if held[author] == 0 { held[author] = nil }
    return fact
  }

  /// Whether there is room for another fact of an author: nobody holds more than what is left, so it takes many
  /// together to fill it.
  func hasRoom(for author: NodeID, _ limits: OverlayLimits) -> Bool {
    held[author, default: 0] < min(limits.factsPerAuthor, limits.facts - facts.count)
  }

  /// Takes out what has expired, and forgets ids whose memory is over or that are too many.
  ///
  /// - Returns: the expired facts' ids, sorted.
  mutating func expire(nowMilliseconds: Int64, memory: Duration, limit: Int) -> [StatementID] {
    let expired = facts.filter { $0.value.expiresMilliseconds <= nowMilliseconds }.map(\.key).sorted()
    for id in expired {
      guard let fact = remove(id) else { continue }
      remembered[id] = fact.expiresMilliseconds + memory.milliseconds
    }
    remembered = remembered.filter { $0.value > nowMilliseconds }
    if remembered.count > limit {
      let byAge = remembered.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
      for (id, _) in byAge.prefix(remembered.count - limit) { remembered[id] = nil }
    }
    return expired
  }

  /// Whether an author's quota allows another fact.
  func allows(_ author: NodeID, now: Duration, perMinute: Int) -> Bool {
    guard let quota = quotas[author], now - quota.windowStart < .seconds(60) else { return true }
    return quota.count < perMinute
  }

  /// Counts a fact that its author made against the author's quota.
  ///
  /// - Returns: whether it is within it.
  mutating func admit(_ author: NodeID, now: Duration, perMinute: Int) -> Bool {
    Self.count(author, in: &quotas, now: now) <= perMinute
  }

  /// The same for a member's records.
  mutating func admitRecord(of member: NodeID, now: Duration, perMinute: Int) -> Bool {
    Self.count(member, in: &recordQuotas, now: now) <= perMinute
  }

  private static func count(_ author: NodeID, in quotas: inout [NodeID: Quota], now: Duration) -> Int {
    var quota = quotas[author] ?? Quota(windowStart: now)
    if now - quota.windowStart >= .seconds(60) { quota = Quota(windowStart: now) }
    quota.count += 1
    quotas[author] = quota
    return quota.count
  }

  /// Forgets quotas whose minute is over, and what was refused long enough ago.
  mutating func expireQuotasAndRefusals(now: Duration) {
    refused = refused.filter { $0.value > now }
    quotas = quotas.filter { now - $0.value.windowStart < .seconds(60) }
    recordQuotas = recordQuotas.filter { now - $0.value.windowStart < .seconds(60) }
  }
}
