import Engine
import Glibc
import Interface
import Model
import Node

/// Participants and one that asks, each a process of its own on loopback, in one network.
struct BenchmarkNetwork: Sendable {
  struct Member: Sendable {
    let name: String
    let data: DataFolder
    let process: pid_t
    let client: Client
  }

  let asker: Member
  let participants: [Member]
  var all: [Member] { [asker] + participants }

  private static let readyLimit = Duration.seconds(30)

  /// Sets a network up, runs `body` once everybody sees everybody, and stops all of it.
  static func running<Value: Sendable>(
    participants count: Int, in folder: BenchmarkFolder,
    _ body: @escaping @Sendable (BenchmarkNetwork) async throws -> Value
  ) async throws -> Value {
    let program = try ShippedProgram()
    let names = ["asker"] + (1...count).map { "part\($0)" }
    let folders = names.map { DataFolder(at: "\(folder.path)/\($0)") }
    try await setUp(names, folders, program)
    return try await withThrowingTaskGroup(of: Value?.self) { group in
      func start(_ index: Int) {
        let (data, log) = (folders[index].path, "\(folder.path)/\(names[index]).log")
        group.addTask {
          try await program.runNode(data: data, logPath: log)
          return nil
        }
      }
      start(0)
      let deadline = ContinuousClock.now + readyLimit
      _ = try await process(of: folders[0], before: deadline)
      for index in 1..<names.count {
        let invitation = try await program.output(["network", "invite", "--data", folders[0].path])
        try await program.output(["network", "join", "--data", folders[index].path, invitation])
        start(index)
      }
      group.addTask {
        try await withMembers(names, folders, before: deadline) { members in
          let network = BenchmarkNetwork(asker: members[0], participants: Array(members.dropFirst()))
          try await network.meet(before: deadline)
          return try await body(network)
        }
      }
      defer { group.cancelAll() }
      while let ended = try await group.next() {
        if let value = ended { return value }
      }
      throw CancellationError()
    }
  }

  /// Participants offer so much that a task's size, not its needs, is what is measured.
  private static func setUp(_ names: [String], _ folders: [DataFolder], _ program: ShippedProgram) async throws {
    for (index, name) in names.enumerated() {
      var arguments = ["node", "init", "--data", folders[index].path, "--name", name, "--owner", name]
      arguments += index == 0 ? ["--kind", "virtual"] : ["--kind", "public", "--cpu", "1000", "--memory", "1000Gi"]
      try await program.output(arguments)
    }
    try await program.output(["network", "create", "--data", folders[0].path, "--name", "benchmark"])
  }

  private static func process(of folder: DataFolder, before deadline: ContinuousClock.Instant) async throws -> pid_t {
    while true {
      if let file = try? EndpointFile.read(in: folder) { return pid_t(file.processID) }
      guard ContinuousClock.now < deadline else { throw BenchmarkFailure("no node answers in \(folder.path)") }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  private static func withMembers<Value>(
    _ names: [String], _ folders: [DataFolder], before deadline: ContinuousClock.Instant,
    _ body: ([Member]) async throws -> Value
  ) async throws -> Value {
    var members: [Member] = []
    let result: Result<Value, any Error>
    do {
      for (name, folder) in zip(names, folders) {
        let process = try await process(of: folder, before: deadline)
        let socket = try EndpointFile.read(in: folder).socketPath
        let client = Client(to: .socket(path: socket, dataFolder: folder.path))
        members.append(Member(name: name, data: folder, process: process, client: client))
      }
      result = .success(try await body(members))
    } catch {
      result = .failure(error)
    }
    // What went wrong in the body is the error to tell.
    for member in members { try? await member.client.close() }
    return try result.get()
  }

  private func meet(before deadline: ContinuousClock.Instant) async throws {
    for member in all {
      while try await member.client.members().filter({ $0.state == "alive" && !$0.isSelf }).count < all.count - 1 {
        guard ContinuousClock.now < deadline else { throw BenchmarkFailure("\(member.name) does not see all others") }
        try await Task.sleep(for: .milliseconds(20))
      }
    }
  }
}
