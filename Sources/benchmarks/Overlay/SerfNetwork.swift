import Glibc
import Synchronization

/// Agents of HashiCorp's Serf with their default profile, each a process of its own on loopback.
struct SerfNetwork: MeasuredOverlay {
  let processes: ProcessSet
  let countingDisturbs = true
  private let log: SerfLog
  private let controls: SerfControls
  private let configuration: SerfConfiguration
  private let seedAddress: String

  private static let readyLimit = Duration.seconds(60)

  /// Runs `body`, in which agents can be started; then stops all of them.
  ///
  /// - Parameter joining: whether all but the first join it as soon as they run.
  static func running<Value: Sendable>(
    _ serf: ChildProgram, agents count: Int, joining: Bool, in folder: BenchmarkFolder,
    _ body: @escaping @Sendable (SerfNetwork) async throws -> Value
  ) async throws -> Value {
    let ports = try FreePorts.take(count * 2)
    let seedAddress = "127.0.0.1:\(ports[0])"
    let configuration = SerfConfiguration(path: "\(folder.path)/serf.json")
    try configuration.write(level: "info")
    let log = SerfLog()
    return try await ProcessSet.running(
      slots: count,
      program: { slot, started in
        let join = joining && slot != 0 ? ["-join=\(seedAddress)"] : []
        try await serf.run(
          [
            "agent", "-node=n\(slot)", "-bind=127.0.0.1:\(ports[slot])", "-rpc-addr=127.0.0.1:\(ports[count + slot])",
            "-config-file=\(configuration.path)",
          ] + join, line: { log.take($0, from: slot) }, started: started)
      },
      lastWords: { log.lastLine(of: $0) },
      { processes in
        try await body(
          SerfNetwork(
            processes: processes, log: log, controls: SerfControls(ports: Array(ports[count...])),
            configuration: configuration, seedAddress: seedAddress))
      })
  }

  func gather(_ count: Int) async throws -> ContinuousClock.Instant {
    try await start(0..<count)
    let start = ContinuousClock.now
    for agent in 1..<count { try controls.of(agent).join(seedAddress) }
    return start
  }

  func startAll(_ count: Int) async throws -> ContinuousClock.Instant {
    try await start(0..<1)
    let start = ContinuousClock.now
    for agent in 1..<count { processes.start(agent) }
    return start
  }

  func add(_ node: Int) async throws -> ContinuousClock.Instant {
    try await start(node..<node + 1)
    let start = ContinuousClock.now
    try controls.of(node).join(seedAddress)
    return start
  }

  private func start(_ agents: Range<Int>) async throws {
    for agent in agents { processes.start(agent) }
    let deadline = ContinuousClock.now + Self.readyLimit
    for agent in agents {
      while !log.isRunning(agent) {
        guard ContinuousClock.now < deadline else { throw BenchmarkFailure("Serf agent \(agent) is not ready") }
        try await Task.sleep(for: .milliseconds(5))
      }
      try controls.open(agent)
    }
  }

  func untilEach(of nodes: [Int], sees alive: Int, within limit: Duration) async throws -> ContinuousClock.Instant {
    let deadline = ContinuousClock.now + limit
    while true {
      let views = nodes.map { log.view(of: $0) }
      if views.allSatisfy({ $0.members.count == alive }) { return views.map(\.since).max() ?? .now }
      guard ContinuousClock.now < deadline else {
        let least = views.map(\.members.count).min() ?? 0
        throw BenchmarkFailure("a Serf agent sees \(least) of \(alive) after \(Int(limit.inSeconds)) s")
      }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  func failures(heldBy nodes: [Int]) async throws -> Int {
    let failures = try nodes.map { try log.board.sightings(of: .failed($0), since: log.began).count }
    return failures.reduce(0, +)
  }

  func watching<Value: Sendable>(_ body: @escaping @Sendable (OverlayBoard) async throws -> Value) async throws
    -> Value
  {
    try await body(log.board)
  }

  func broadcast(_ token: String, from node: Int) async throws -> ContinuousClock.Instant {
    let start = ContinuousClock.now
    try controls.of(node).event(token, payload: BroadcastSeries.payload)
    return start
  }

  func counting<Value: Sendable>(
    _ nodes: [Int], _ body: @Sendable () async throws -> Value
  ) async throws -> (Value, copies: Int, hops: Int?) {
    try await setLevel("debug", nodes)
    let before = log.copies
    let value = try await body()
    let copies = log.copies - before
    try await setLevel("info", nodes)
    return (value, copies, nil)
  }

  /// Agents read their configuration again at SIGHUP.
  private func setLevel(_ level: String, _ nodes: [Int]) async throws {
    try configuration.write(level: level)
    for node in nodes { try processes.signal(SIGHUP, node) }
    // They do not tell when they have.
    try await Task.sleep(for: .seconds(1))
  }
}

/// The file that all agents read.
struct SerfConfiguration: Sendable {
  let path: String

  func write(level: String) throws {
    try Findings.write("{\"log_level\": \"\(level)\"}\n", to: path)
  }
}

/// Connections to agents that run.
final class SerfControls: Sendable {
  private let ports: [Int]
  private let open = Mutex<[Int: SerfControl]>([:])

  init(ports: [Int]) { self.ports = ports }

  func open(_ agent: Int) throws {
    let control = try SerfControl(port: ports[agent])
    open.withLock { $0[agent] = control }
  }

  func of(_ agent: Int) throws -> SerfControl {
    guard let control = open.withLock({ $0[agent] }) else { throw BenchmarkFailure("agent \(agent) does not run") }
    return control
  }
}
