/// Members that came of late. Where many come at once, they and this node are busy with each other, and answers are late
/// that come all the same.
struct Arrivals: Sendable {
  private var level = 0.0
  private var countedAt = Duration.zero

  mutating func note(at uptime: Duration, _ limits: OverlayLimits) {
    level = min(rest(at: uptime, limits) + 1, Double(limits.arrivalsPerPatience * limits.localHealthMost))
    countedAt = uptime
  }

  /// By how much more time answers have, in units of the usual time: 0 where few came, up to `localHealthMost`.
  func patience(at uptime: Duration, _ limits: OverlayLimits) -> Int {
    Int(rest(at: uptime, limits)) / limits.arrivalsPerPatience
  }

  private func rest(at uptime: Duration, _ limits: OverlayLimits) -> Double {
    max(0, level - (uptime - countedAt) / .seconds(1) * limits.arrivalsForgottenPerSecond)
  }
}
