import Engine
import Glibc
import Interface
import Model
import Node

/// Nodes of the shipped program, each a process of its own on loopback, in one network.
struct BenchmarkNetwork: Sendable {
  /// A node that is to be.
  struct Plan: Sendable {
    let name: String
    /// What `node init` is told beside its name.
    let options: [String]
  }

  /// A node that runs.
  struct Member: Sendable {
    let name: String
    let id: NodeID
    let process: pid_t
    let client: Client
  }

  let processes: ProcessSet
  private let names: [String]
  private let folders: [DataFolder]
  /// One for each node: a socket is known before its node runs.
  private let clients: [Client]
  private let readyLimit: Duration

  var count: Int { names.count }

  /// Its node need not run, but answers only then.
  func client(of node: Int) -> Client { clients[node] }

  func id(of node: Int) throws -> NodeID { try NodeSetup(folders[node]).nodeID() }

  /// Sets a network up and runs `body`, in which its nodes can be started; then stops all of it.
  ///
  /// - Parameter plans: the first one founds the network, and is the seed that all others were told.
  static func running<Value: Sendable>(
    _ plans: [Plan], in folder: BenchmarkFolder,
    _ body: @escaping @Sendable (BenchmarkNetwork) async throws -> Value
  ) async throws -> Value {
    let program = try ChildProgram.shipped()
    let folders = plans.map { DataFolder(at: "\(folder.path)/\($0.name)") }
    let seedAddress = "127.0.0.1:\(try FreePorts.take(1)[0])"
    try await setUp(plans, folders, seedAddress: seedAddress, program)
    let clients = try folders.map { Client(to: .socket(path: try $0.socketPath(), dataFolder: $0.path)) }
    let result: Result<Value, any Error>
    do {
      let value = try await ProcessSet.running(
        slots: plans.count,
        program: { slot, started in
          let address = slot == 0 ? seedAddress : "127.0.0.1:0"
          try await program.run(
            ["node", "run", "--data", folders[slot].path, "--listen", address, "--http", "127.0.0.1:0"],
            logPath: "\(folder.path)/\(plans[slot].name).log", started: started)
        },
        lastWords: { ProcessFigures.text("\(folder.path)/\(plans[$0].name).log") },
        { processes in
          try await body(
            BenchmarkNetwork(
              processes: processes, names: plans.map(\.name), folders: folders, clients: clients,
              readyLimit: .seconds(30 + plans.count)))
        })
      result = .success(value)
    } catch {
      result = .failure(error)
    }
    // What went wrong in the body is the error to tell.
    for client in clients { try? await client.close() }
    return try result.get()
  }

  /// Starts nodes, and waits until all of them listen.
  @discardableResult
  func start(_ nodes: some Sequence<Int> & Sendable) async throws -> [Member] {
    for node in nodes { processes.start(node) }
    var members: [Member] = []
    for node in nodes { members.append(try await member(node)) }
    return members
  }

  /// Waits until a node that was started listens.
  func member(_ node: Int) async throws -> Member {
    let deadline = ContinuousClock.now + readyLimit
    while true {
      if let file = try? EndpointFile.read(in: folders[node]) {
        return Member(
          name: names[node], id: file.node, process: pid_t(file.processID), client: clients[node])
      }
      guard ContinuousClock.now < deadline else { throw BenchmarkFailure("\(names[node]) is not ready") }
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  /// Waits until each of some nodes sees so many alive, itself included. Few are asked at a time, each until it does:
  /// what is measured needs the machine, too.
  ///
  /// - Returns: when the last one was found to.
  func untilEach(
    of nodes: some Sequence<Int>, sees alive: Int, within limit: Duration
  ) async throws -> ContinuousClock.Instant {
    let deadline = ContinuousClock.now + limit
    try await forEach(nodes, atOnce: 4) { node in
      while true {
        let seen = try await clients[node].status().membersAlive
        if seen == alive { return }
        guard ContinuousClock.now < deadline else {
          throw BenchmarkFailure("\(names[node]) sees \(seen) of \(alive) nodes after \(Int(limit.inSeconds)) s")
        }
        try await Task.sleep(for: .milliseconds(20))
      }
    }
    return .now
  }

  /// One invitation serves all: its seed need not run yet.
  private static func setUp(
    _ plans: [Plan], _ folders: [DataFolder], seedAddress: String, _ program: ChildProgram
  ) async throws {
    try await forEach(plans.indices, atOnce: 4) { index in
      let (plan, data) = (plans[index], folders[index].path)
      try await program.output(
        ["node", "init", "--data", data, "--name", plan.name, "--owner", plan.name] + plan.options)
    }
    try await program.output(["network", "create", "--data", folders[0].path, "--name", "benchmark"])
    let invitations = try await program.output(
      [
        "network", "invite", "--data", folders[0].path, "--address", seedAddress, "--expires", "24h", "--nodes",
        "\(max(1, plans.count - 1))",
      ]
    ).split(separator: "\n").map(String.init)
    try await forEach(plans.indices.dropFirst(), atOnce: 4) { index in
      try await program.output(["network", "join", "--data", folders[index].path, invitations[index - 1]])
    }
  }
}
