/// What a peer may still have this node do: so much at once, and one more each pause, on however many streams.
struct PeerAllowance: Sendable {
  private let burst: Int
  private let pause: Duration
  private var left: Int
  private var since: Duration

  init(burst: Int, pause: Duration, at uptime: Duration) {
    self.burst = burst
    self.pause = pause
    left = burst
    since = uptime
  }

  /// - Returns: whether so much was left; if not, nothing is taken.
  mutating func takes(_ count: Int = 1, at uptime: Duration) -> Bool {
    let earned = Int((uptime - since) / pause)
    let now = min(burst, left + earned)
    since = now == burst ? uptime : since + pause * earned
    left = now >= count ? now - count : now
    return now >= count
  }

  /// Whether it is what a new one would be.
  func isFull(at uptime: Duration) -> Bool { left + Int((uptime - since) / pause) >= burst }
}
