import Foundation
import Glibc

/// A data folder and, while it runs, the process of its node.
final class TestNode {
  let name: String
  let data: String
  private(set) var process: Process?
  /// The machine in small on which it runs; nil for this one.
  var host: LocalNetwork.Host?

  init(name: String, data: String) {
    self.name = name
    self.data = data
  }

  var logPath: String { data + ".log" }
  var log: String { (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "" }
  var endpointPath: String { data + "/endpoint.json" }
  var databasePath: String { data + "/node.sqlite" }
  var endpoint: JSON? { (try? String(contentsOfFile: endpointPath, encoding: .utf8)).flatMap { try? JSON(text: $0) } }
  var isRunning: Bool { process?.isRunning ?? false }

  /// Starts the process without waiting for anything.
  func launch(environment: [String: String] = [:], arguments: [String] = []) throws {
    try Data().write(to: URL(fileURLWithPath: logPath))
    let process = Process()
    let listen = host.map { ["--listen", $0.address + ":7400"] } ?? []
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments =
      (host?.prefix ?? []) + [Binary.jointcloud, "node", "run", "--data", data] + listen + arguments
    process.environment = ["PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/bin", "TERM": "dumb"]
      .merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    let log = FileHandle(forWritingAtPath: logPath)
    process.standardOutput = log
    process.standardError = log
    try process.run()
    self.process = process
  }

  /// Starts it, until everything listens.
  func start(environment: [String: String] = [:], arguments: [String] = []) throws {
    try launch(environment: environment, arguments: arguments)
    try until("\(name) listens") { () -> Void? in
      if isListening { return () }
      guard isRunning else { throw Missed("\(name) ended at its start: \(log.suffix(2_000))") }
      return nil
    }
  }

  var isListening: Bool {
    guard let process, process.isRunning, let endpoint else { return false }
    return endpoint["processID"].number == Int(process.processIdentifier) && log.contains("ready")
  }

  func signal(_ signal: Int32) {
    if let process, process.isRunning { Glibc.kill(process.processIdentifier, signal) }
  }

  /// Its exit code; a signal is negative.
  @discardableResult
  func ended(seconds: Double = 20) throws -> Int32 {
    guard let process else { return 0 }
    try until("\(name) ends", seconds: seconds) { process.isRunning ? nil : () }
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
  }

  func kill() throws {
    signal(SIGKILL)
    try ended()
  }

  @discardableResult
  func stop() throws -> Int32 {
    signal(SIGTERM)
    return try ended()
  }

  /// Runs a command against this node.
  func run(_ arguments: String..., input: String = "", seconds: Double = 60) throws -> Ended {
    try Binary.run(arguments + ["--data", data], in: folder, input: input, seconds: seconds)
  }

  /// What a command prints as JSON.
  func ask(_ arguments: String...) throws -> JSON {
    let ended = try Binary.run(arguments + ["--data", data, "-o", "json"], in: folder)
    guard ended.status == 0 else { throw Missed("\(name): \(arguments) ended with \(ended.status): \(ended.errors)") }
    return try JSON(text: ended.output)
  }

  /// What `/metrics` says of one series, given as it is spelt there; 0 for one that is not there yet.
  func metric(_ series: String) throws -> Int {
    let line = try metrics().split(whereSeparator: \.isNewline).first { $0.hasPrefix(series + " ") }
    return line.flatMap { Int($0.dropFirst(series.count + 1)) } ?? 0
  }

  /// All that `/metrics` says: on the HTTP address where there is one, which is what a scraper asks, else on the socket.
  func metrics() throws -> String {
    let script = """
      import socket, sys
      host, _, port = sys.argv[2].rpartition(":")
      s = socket.create_connection((host, int(port))) if port else socket.socket(socket.AF_UNIX)
      s.settimeout(30)
      if not port: s.connect(sys.argv[1])
      s.sendall(b"GET /metrics HTTP/1.0\\r\\nHost: node\\r\\nConnection: close\\r\\n\\r\\n")
      while data := s.recv(65536): sys.stdout.buffer.write(data)
      """
    let ended = try Binary.run(
      ["-c", script, endpoint?["socketPath"].text ?? "", endpoint?["httpAddress"].text ?? ""],
      program: "/usr/bin/python3")
    guard ended.status == 0, ended.output.hasPrefix("HTTP/1.1 200"),
      let body = ended.output.range(of: "\r\n\r\n")
    else { throw Missed("\(name): /metrics: \(ended.output.prefix(200)) \(ended.errors)") }
    return String(ended.output[body.upperBound...])
  }

  /// Says something at the port that other nodes use.
  func connectAndSend(_ text: String) throws {
    let script = """
      import socket, sys
      host, _, port = sys.argv[1].rpartition(":")
      s = socket.create_connection((host, int(port)))
      s.settimeout(30)
      s.sendall(sys.argv[2].encode() * 100)
      while s.recv(65536): pass
      """
    _ = try Binary.run(["-c", script, endpoint?["listenAddress"].text ?? "", text], program: "/usr/bin/python3")
  }

  private var folder: String { URL(fileURLWithPath: data).deletingLastPathComponent().path }

  /// Submits a file of the network's folder; the task's id.
  func submit(_ file: String, _ options: String...) throws -> String {
    let ended = try Binary.run(["submit", file, "--data", data] + options, in: folder)
    guard ended.status == 0 else { throw Missed("\(name): submit ended with \(ended.status): \(ended.errors)") }
    return ended.text
  }

  /// Replaces the line of node.yaml that begins with KEY:.
  func configure(_ key: String, _ value: String) throws {
    let path = data + "/node.yaml"
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(
      separator: "\n", omittingEmptySubsequences: false)
    let text = lines.map { $0.hasPrefix("\(key):") ? "\(key): \(value)" : String($0) }.joined(separator: "\n")
    try text.write(toFile: path, atomically: true, encoding: .utf8)
  }

  func state(of task: String) throws -> String { try ask("task", "show", task)["task"]["state"].text }

  /// Waits for a task's last state.
  func finish(_ task: String, seconds: Double = 60) throws -> JSON {
    try until("task \(task.prefix(8)) ends at \(name)", seconds: seconds) {
      let detail = try ask("task", "show", task)
      let isOver = ["succeeded", "failed", "cancelled", "unplaced"].contains(detail["task"]["state"].text)
      return isOver ? detail : nil
    }
  }

  /// Entries and head of the only ledger, or of the one named.
  func head(_ collaboration: String) throws -> String? {
    try ask("ledger", "list").list.first { $0["collaboration"].text == collaboration }?["head"].text
  }
}
