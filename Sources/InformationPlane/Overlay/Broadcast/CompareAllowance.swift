/// Comparisons that a peer may still bring about: to say what is held costs more than to ask for it.
struct CompareAllowance: Sendable {
  private var left: Int
  private var since: Duration

  init(at uptime: Duration, _ limits: OverlayLimits) {
    left = limits.compareBurst
    since = uptime
  }

  mutating func takes(at uptime: Duration, _ limits: OverlayLimits) -> Bool {
    let earned = Int((uptime - since) / limits.comparePause)
    let now = min(limits.compareBurst, left + earned)
    since = now == limits.compareBurst ? uptime : since + limits.comparePause * earned
    left = max(0, now - 1)
    return now > 0
  }

  /// Whether it is what a new one would be.
  func isFull(at uptime: Duration, _ limits: OverlayLimits) -> Bool {
    left + Int((uptime - since) / limits.comparePause) >= limits.compareBurst
  }
}
