import Synchronization

/// How often something that strangers bring about is written to the log.
final class LogPace: Sendable {
  private struct Window {
    var start: ContinuousClock.Instant
    var told = 0
    var untold = 0
  }

  private let lines: Int
  private let interval: Duration
  private let window = Mutex<Window?>(nil)

  /// - Parameters:
  ///   - lines: at most so many in each interval.
  init(lines: Int, per interval: Duration) {
    self.lines = lines
    self.interval = interval
  }

  /// - Returns: how many went untold before this one, which is to be told; nil when it is not.
  func admits(at now: ContinuousClock.Instant) -> Int? {
    window.withLock { window in
      var current = window ?? Window(start: now)
      defer { window = current }
      var untold = 0
      if now - current.start >= interval {
        untold = current.untold
        current = Window(start: now)
      }
      guard current.told < lines else {
        current.untold += 1
        return nil
      }
      current.told += 1
      return untold
    }
  }
}
