import Engine
import Interface
import Model

/// Nodes of the shipped program in one network.
struct JointCloudOverlay: MeasuredOverlay {
  let network: BenchmarkNetwork
  let countingDisturbs = false
  var processes: ProcessSet { network.processes }

  static func running<Value: Sendable>(
    nodes count: Int, in folder: BenchmarkFolder,
    _ body: @escaping @Sendable (JointCloudOverlay) async throws -> Value
  ) async throws -> Value {
    let plans = (0..<count).map { BenchmarkNetwork.Plan(name: "n\($0)", options: []) }
    return try await BenchmarkNetwork.running(plans, in: folder) { try await body(JointCloudOverlay(network: $0)) }
  }

  /// Time in which a node that found no seed comes to try again.
  private static let patience = Duration.seconds(2)

  /// All but the seed run, know where it will be, and find nobody there. Then they are stopped, so that they neither
  /// join while the others start nor wait long before they try again; the clock starts when they go on.
  func gather(_ count: Int) async throws -> ContinuousClock.Instant {
    for node in 1..<count { processes.start(node) }
    for node in 1..<count {
      _ = try await network.member(node)
      try processes.pause(node)
    }
    try await network.start(0..<1)
    try await Task.sleep(for: Self.patience)
    let start = ContinuousClock.now
    for node in 1..<count { try processes.resume(node) }
    return start
  }

  func startAll(_ count: Int) async throws -> ContinuousClock.Instant {
    try await network.start(0..<1)
    let start = ContinuousClock.now
    for node in 1..<count { processes.start(node) }
    for node in 1..<count { _ = try await network.member(node) }
    return start
  }

  func add(_ node: Int) async throws -> ContinuousClock.Instant {
    try await network.start(node..<node + 1)
    return .now
  }

  func untilEach(of nodes: [Int], sees alive: Int, within limit: Duration) async throws -> ContinuousClock.Instant {
    try await network.untilEach(of: nodes, sees: alive, within: limit)
  }

  func failures(heldBy nodes: [Int]) async throws -> Int {
    var sum = 0
    for node in nodes { sum += try await network.client(of: node).status().traffic.failures }
    return sum
  }

  func watching<Value: Sendable>(_ body: @escaping @Sendable (OverlayBoard) async throws -> Value) async throws
    -> Value
  {
    let board = OverlayBoard()
    var numbers: [NodeID: Int] = [:]
    // Ids are known before nodes run, so that those that come later have one, too.
    for node in 0..<network.count { numbers[try network.id(of: node)] = node }
    let known = numbers
    return try await network.following(
      { observer, notice in
        if let happening = Self.happening(notice, known) { board.note(happening, by: observer) }
      }, { try await body(board) })
  }

  private static func happening(_ notice: NoticeView, _ numbers: [NodeID: Int]) -> Happening? {
    switch notice.kind {
    case "member.alive": notice.node.flatMap { numbers[$0] }.map { .alive($0) }
    case "member.failed": notice.node.flatMap { numbers[$0] }.map { .failed($0) }
    // The author's name comes first, then what it told.
    case "announcement": notice.text.split(separator: " ").dropFirst().first.map { .heard(String($0)) }
    default: nil
    }
  }

  func broadcast(_ token: String, from node: Int) async throws -> ContinuousClock.Instant {
    let start = ContinuousClock.now
    _ = try await network.client(of: node).announce(
      AnnouncementRequest(text: "\(token) \(BroadcastSeries.payload)", lifetimeMilliseconds: 60_000))
    return start
  }

  func counting<Value: Sendable>(
    _ nodes: [Int], _ body: @Sendable () async throws -> Value
  ) async throws -> (Value, copies: Int, hops: Int?) {
    let before = try await facts(nodes)
    let value = try await body()
    let after = try await facts(nodes)
    return (value, after.copies - before.copies, after.hops)
  }

  private func facts(_ nodes: [Int]) async throws -> (copies: Int, hops: Int) {
    var (copies, hops) = (0, 0)
    for node in nodes {
      let traffic = try await network.client(of: node).status().traffic
      copies += traffic.factBodiesReceived
      hops = max(hops, traffic.factHopsMost)
    }
    return (copies, hops)
  }
}
