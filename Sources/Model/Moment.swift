/// A point in time as a node sees it: a monotonic reading for its own deadlines, a wall reading for what
/// others read. Cores are handed moments; they never ask a clock.
public struct Moment: Hashable, Sendable {
  /// Since an arbitrary start of this process; never steps back.
  public var uptime: Duration
  /// Milliseconds since 1970-01-01T00:00:00Z; may step.
  public var wallMilliseconds: Int64

  public init(uptime: Duration, wallMilliseconds: Int64) {
    self.uptime = uptime
    self.wallMilliseconds = wallMilliseconds
  }

  public func advanced(by duration: Duration) -> Moment {
    Moment(uptime: uptime + duration, wallMilliseconds: wallMilliseconds + duration.milliseconds)
  }
}

extension Duration {
  /// Whole milliseconds, rounded towards zero.
  public var milliseconds: Int64 {
    components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
  }
}
