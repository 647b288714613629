import Contract
import Engine
import Interface
import Model
import Node
import Synchronization

/// The demo from its first step to its last.
struct DemoPlay: Sendable {
  let folder: DemoFolder
  let processes: NodeProcesses
  let report: DemoReport
  /// By name; a node that was started again has the new one.
  private(set) var running: [String: NodeProcess] = [:]
  /// In which the word count ran, once it has.
  var collaboration: CollaborationID?

  var screen: DemoScreen { report.screen }

  init(folder: DemoFolder, processes: NodeProcesses, report: DemoReport) throws {
    self.folder = folder
    self.processes = processes
    self.report = report
  }

  mutating func run(keep: Bool) async throws {
    try await check()
    try await setUp()
    try await startAll()
    try await meet()
    let words = try await makeTexts()
    try await countWords(words)
    try await estimatePi()
    try await verifyLedgers()
    try await forge()
    if keep {
      sayWhatNext()
    } else {
      try await stopAll()
    }
  }

  // MARK: Processes

  mutating func start(_ name: String) {
    let data = folder.data(of: name).path
    let process = NodeProcess(
      name: name,
      arguments: ["node", "run", "--data", data, "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"],
      logPath: "\(folder.logs)/\(name).log")
    running[name] = process
    processes.start(process)
  }

  /// Waits until a node that was just started answers.
  func ready(_ name: String) async throws {
    _ = try await until("node \(name) answers", atMost: .seconds(20)) { () -> NodeStatusView? in
      guard let process = running[name]?.process,
        let file = try? EndpointFile.read(in: folder.data(of: name)), file.processID == Int(process)
      else { return nil }
      return try await answer(of: name) { try await $0.status() }
    }
  }

  func endpoint(_ name: String) throws -> Endpoint {
    let data = folder.data(of: name)
    return .socket(path: try EndpointFile.read(in: data).socketPath, dataFolder: data.path)
  }

  /// Asks a node.
  func ask<Answer: Sendable>(_ name: String, _ question: @Sendable (Client) async throws -> Answer) async throws
    -> Answer
  {
    try await Client.withClient(to: try endpoint(name), question)
  }

  /// As `ask`, but nil while nobody answers there.
  private func answer<Answer: Sendable>(
    of name: String, _ question: @Sendable (Client) async throws -> Answer
  ) async throws -> Answer? {
    do {
      return try await ask(name, question)
    } catch ClientError.notRunning, ClientError.broken {
      return nil
    }
  }

  // MARK: Waiting

  /// Asks again and again until there is an answer; a node that dies meanwhile is an error at once.
  ///
  /// - Parameter dying: a node that may end.
  func until<Answer>(
    _ what: String, atMost limit: Duration, every pause: Duration = .milliseconds(50), dying: String? = nil,
    _ check: () async throws -> Answer?
  ) async throws -> Answer {
    let deadline = ContinuousClock.now + limit
    while true {
      if let answer = try await check() { return answer }
      for (name, process) in running.sorted(by: { $0.key < $1.key }) where process.hasEnded && name != dying {
        throw Failure(.error, "node \(name) ended by itself", next: "tail \(process.logPath)")
      }
      guard ContinuousClock.now < deadline else {
        throw Failure(step: .timedOut, "after \(limit.milliseconds / 1_000) s it is still not so that \(what)")
      }
      try await Task.sleep(for: pause)
    }
  }
}
