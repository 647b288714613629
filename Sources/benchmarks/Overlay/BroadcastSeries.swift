/// Broadcasts from nodes picked at random, one after another, and when each other node had them.
struct BroadcastSeries: Sendable {
  /// One for each broadcast and node that it reached, in milliseconds.
  private(set) var delays: [Double] = []
  /// One for each broadcast that reached all, in milliseconds.
  private(set) var lasts: [Double] = []
  /// Pairs of a broadcast and a node that it did not reach.
  private(set) var missed = 0

  /// What is told beside the token.
  static let payload = String(repeating: "x", count: 64)

  mutating func addMissed(of other: BroadcastSeries) { missed += other.missed }

  /// What has not come by then has not come.
  private static let limit = Duration.seconds(10)
  /// Between two broadcasts, so that each meets idle nodes.
  private static let rest = Duration.milliseconds(200)

  static func measuring(
    _ overlay: some MeasuredOverlay, _ board: OverlayBoard, nodes: [Int], count: Int
  ) async throws -> BroadcastSeries {
    var series = BroadcastSeries()
    for _ in 0..<count {
      guard let origin = nodes.randomElement() else { throw BenchmarkFailure("there is no node to broadcast") }
      let token = "b\(UInt64.random(in: 0 ... .max))"
      let before = ContinuousClock.now
      let start = try await overlay.broadcast(token, from: origin)
      let others = Set(nodes).subtracting([origin])
      let times = try await board.times(of: .heard(token), by: others, since: before, within: limit)
      let delays = times.values.map { ($0 - start).inMilliseconds }
      series.delays += delays
      series.missed += others.count - times.count
      if times.count == others.count, let last = delays.max() { series.lasts.append(last) }
      try await Task.sleep(for: rest)
    }
    return series
  }
}
