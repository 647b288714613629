import Model

/// How much was taken of each member in its present minute.
struct MinuteQuotas: Sendable {
  private var counts: [NodeID: (since: Duration, count: Int)] = [:]

  /// Whether there is room for another.
  func allows(_ member: NodeID, at uptime: Duration, perMinute: Int) -> Bool {
    guard let (since, count) = counts[member], uptime - since < .seconds(60) else { return true }
    return count < perMinute
  }

  /// Counts one.
  ///
  /// - Returns: whether there was room for it.
  mutating func admit(_ member: NodeID, at uptime: Duration, perMinute: Int) -> Bool {
    let isAllowed = allows(member, at: uptime, perMinute: perMinute)
    if let (since, count) = counts[member], uptime - since < .seconds(60) {
      counts[member] = (since, count + 1)
    } else {
      counts[member] = (uptime, 1)
    }
    return isAllowed
  }

  /// Forgets the minutes that are over.
  mutating func expire(at uptime: Duration) { counts = counts.filter { uptime - $0.value.since < .seconds(60) } }
}
