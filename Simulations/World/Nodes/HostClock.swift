package import Model

/// What a host's clocks show: its wall clock may be off and may step, its uptime may run fast or slow and never back.
package struct HostClock: Sendable {
  private static let million = 1_000_000

  package private(set) var wallOffsetMilliseconds: Int64 = 0
  /// How much faster than the world's its uptime runs.
  package private(set) var driftPPM = 0
  private var anchor: (world: Duration, host: Duration) = (.zero, .zero)

  package init() {}

  /// The moment that the host sees at a moment of the world.
  package func moment(at world: Moment) -> Moment {
    guard driftPPM != 0 || anchor.world != anchor.host else {
      return Moment(uptime: world.uptime, wallMilliseconds: world.wallMilliseconds + wallOffsetMilliseconds)
    }
    let uptime = anchor.host + (world.uptime - anchor.world) * (Self.million + driftPPM) / Self.million
    let ahead = (uptime - world.uptime).milliseconds
    return Moment(uptime: uptime, wallMilliseconds: world.wallMilliseconds + wallOffsetMilliseconds + ahead)
  }

  /// How long the world waits while the host waits for `wait`; rounded up, since a timer that fires early by a rounding
  /// is set again and again without the time going on.
  package func worldWait(for wait: Duration) -> Duration {
    driftPPM == 0 ? wait : wait * Self.million / (Self.million + driftPPM) + .nanoseconds(1)
  }

  /// The wall clock steps.
  mutating func step(byMilliseconds milliseconds: Int64) { wallOffsetMilliseconds += milliseconds }

  /// From now on the uptime runs faster by so many millionths, or slower.
  mutating func drift(ppm: Int, at world: Moment) {
    precondition(abs(ppm) < Self.million / 2, "a clock that drifts by half is none")
    anchor = (world.uptime, moment(at: world).uptime)
    driftPPM = ppm
  }
}
