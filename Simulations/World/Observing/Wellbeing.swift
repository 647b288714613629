/// What ails a host while it lasts: what others hold it for meanwhile, and it others, is no error.
enum Ailment: Hashable, Sendable {
  /// Its process is not there, or is saying goodbye.
  case down
  case paused
  /// Nothing passes between it and all others, or half of them.
  case isolated, parted
  /// It breaks the rules.
  case hostile
}

/// Which hosts are well, so that nobody may hold them for failed, and what they say of others counts.
struct Wellbeing: Sendable {
  /// After a fault others may hold old opinions for so long.
  static let recovery = Duration.seconds(10)

  private var ailments: [Int: Set<Ailment>] = [:]
  /// Uptime.
  private var recoveredAt: [Int: Duration] = [:]

  mutating func struck(_ host: Int, by ailment: Ailment) { ailments[host, default: []].insert(ailment) }

  mutating func recovered(_ host: Int, from ailment: Ailment, at uptime: Duration) {
    guard ailments[host]?.remove(ailment) != nil else { return }
    if ailments[host]?.isEmpty == true { ailments[host] = nil }
    recoveredAt[host] = uptime
  }

  mutating func allRecovered(from ailment: Ailment, at uptime: Duration) {
    for host in ailments.keys.sorted() { recovered(host, from: ailment, at: uptime) }
  }

  /// Nothing ails the host, and nothing did of late.
  func isWell(_ host: Int, at uptime: Duration) -> Bool {
    ailments[host] == nil && (recoveredAt[host].map { uptime - $0 >= Self.recovery } ?? true)
  }
}
