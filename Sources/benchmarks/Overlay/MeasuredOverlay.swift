/// What an overlay tells of itself while it is measured; nodes are numbers.
enum Happening: Hashable, Sendable {
  /// A node is held alive again, or for the first time.
  case alive(Int)
  case failed(Int)
  /// A broadcast came, by its token.
  case heard(String)
}

typealias OverlayBoard = SightingBoard<Happening>

/// A network whose overlay is measured: ours or the peer's, by the same steps. Node 0 is its seed.
protocol MeasuredOverlay: Sendable {
  var processes: ProcessSet { get }
  /// Whether counting copies costs so much that nothing else can be measured meanwhile.
  var countingDisturbs: Bool { get }

  /// Starts so many nodes, waits until all are ready, and lets them join at once.
  ///
  /// - Returns: since when they can.
  func gather(_ count: Int) async throws -> ContinuousClock.Instant
  /// Starts a seed, and when it is ready all others at once, each of which joins as soon as it runs.
  ///
  /// - Returns: when the others were started.
  func startAll(_ count: Int) async throws -> ContinuousClock.Instant
  /// Starts one more, and lets it join once it is ready.
  ///
  /// - Returns: since when it can.
  func add(_ node: Int) async throws -> ContinuousClock.Instant
  /// Waits until each of some nodes sees so many alive, itself included.
  ///
  /// - Returns: when the last one did.
  func untilEach(
    of nodes: [Int], sees alive: Int, within limit: Duration
  ) async throws -> ContinuousClock.Instant
  /// How often any of some nodes has held another failed so far.
  func failures(heldBy nodes: [Int]) async throws -> Int
  /// Runs `body` while what nodes tell is taken.
  func watching<Value: Sendable>(_ body: @escaping @Sendable (OverlayBoard) async throws -> Value) async throws
    -> Value
  /// Has a node tell all others something.
  ///
  /// - Parameter token: has no spaces, and nothing else has it.
  /// - Returns: when it was asked to.
  func broadcast(_ token: String, from node: Int) async throws -> ContinuousClock.Instant
  /// Runs `body` and counts the copies of broadcasts that all of some nodes received meanwhile; `hops` are the most
  /// links that any had passed, where that is told.
  func counting<Value: Sendable>(
    _ nodes: [Int], _ body: @Sendable () async throws -> Value
  ) async throws -> (Value, copies: Int, hops: Int?)
}
