import Model

/// What one step has at hand: the moment, randomness, and the effects so far.
struct Turn {
  let now: Moment
  var random: Random
  var effects: [OverlayEffect] = []

  var uptime: Duration { now.uptime }
  var wallMilliseconds: Int64 { now.wallMilliseconds }

  mutating func emit(_ effect: OverlayEffect) { effects.append(effect) }

  /// `duration` give or take a quarter.
  mutating func jittered(_ duration: Duration) -> Duration {
    let milliseconds = max(4, duration.milliseconds)
    return .milliseconds(Int64.random(in: (milliseconds * 3 / 4)...(milliseconds * 5 / 4), using: &random))
  }
}
