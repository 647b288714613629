import Synchronization

/// How often something that strangers bring about is written to the log.
final class LogPace: Sendable {
  private struct Window {
    var start: ContinuousClock.Instant
    var told = 0
    var untold = 0
    /// What was told, and when: at most what fits into the pause.
    var subjects: [String: ContinuousClock.Instant] = [:]
  }

  private let lines: Int
  private let interval: Duration
  private let pause: Duration
  private let window = Mutex<Window?>(nil)

  /// - Parameters:
  ///   - lines: at most so many in each interval.
  ///   - pause: for how long the same is not told again.
  init(lines: Int, per interval: Duration, pause: Duration) {
    self.lines = lines
    self.interval = interval
    self.pause = pause
  }

  /// - Parameter subject: what it is about: who knocks on and on is told of once.
  /// - Returns: how many went untold before this one, which is to be told; nil when it is not.
  func admits(_ subject: String, at now: ContinuousClock.Instant) -> Int? {
    window.withLock { window in
      var current = window ?? Window(start: now)
      defer { window = current }
      if now - current.start >= interval { (current.start, current.told) = (now, 0) }
      if let told = current.subjects[subject], now - told < pause {
        current.untold += 1
        return nil
      }
      guard current.told < lines else {
        current.untold += 1
        return nil
      }
      current.told += 1
      current.subjects = current.subjects.filter { now - $0.value < pause }
      current.subjects[subject] = now
      defer { current.untold = 0 }
      return current.untold
    }
  }
}
