import Adapters
import FoundationEssentials
import Glibc
import Model
import Resources
import Testing

/// What an adapter has reported; lets a test wait for a state without asking again and again.
actor Recorder {
  private var reports: [AttemptID: [WorkReport]] = [:]
  private var waiting: [AttemptID: [(wanted: @Sendable (WorkReport) -> Bool, CheckedContinuation<WorkReport, Never>)]] =
    [:]

  func record(_ report: WorkReport) {
    reports[report.attempt, default: []].append(report)
    let (met, open) = (waiting.removeValue(forKey: report.attempt) ?? []).partitioned { $0.wanted(report) }
    waiting[report.attempt] = open
    for (_, continuation) in met { continuation.resume(returning: report) }
  }

  func states(of attempt: AttemptID) -> [WorkState] { reports[attempt, default: []].map(\.state) }

  func first(of attempt: AttemptID, where wanted: @escaping @Sendable (WorkReport) -> Bool) async -> WorkReport {
    if let report = reports[attempt, default: []].first(where: wanted) { return report }
    return await withCheckedContinuation { waiting[attempt, default: []].append((wanted, $0)) }
  }

  func final(of attempt: AttemptID) async -> WorkReport {
    await first(of: attempt) { $0.state.isFinal }
  }
}

extension Array {
  fileprivate func partitioned(by test: (Element) -> Bool) -> (met: [Element], rest: [Element]) {
    (filter(test), filter { !test($0) })
  }
}

/// Runs `body` while the adapter runs; afterwards the adapter is stopped and its events have ended.
func withRunning<Result: Sendable>(
  _ adapter: any Adapter, _ body: @Sendable (Recorder) async throws -> Result
) async throws -> Result {
  let recorder = Recorder()
  return try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { for await report in adapter.events { await recorder.record(report) } }
    return try await withThrowingTaskGroup(of: Void.self) { running in
      running.addTask { await adapter.run() }
      let result = try await body(recorder)
      running.cancelAll()
      return result
    }
  }
}

/// A folder of its own for one test, removed afterwards.
func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
  let path = TemporaryFolder.path + "/jointcloud-adapters-\(UInt64.random(in: 0 ... .max))"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try await body(path)
}

func freeDiskBytes() -> Int? {
  var system = statvfs()
  return statvfs(TemporaryFolder.path, &system) == 0 ? Int(system.f_bavail * system.f_frsize) : nil
}

enum TemporaryFolder {
  static var path: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }
}

enum Make {
  static let amounts = Amounts(cpuMillicores: 500, memoryBytes: 64 << 20)

  static func attempt(_ subtask: Int = 0, number: Int = 1) -> AttemptID {
    AttemptID(task: TaskID(Digest(of: "a task".utf8)), subtask: subtask, number: number)
  }

  static func script(_ text: String, subtask: Int = 0) -> Work {
    work(.script(text), subtask: subtask)
  }

  static func work(
    _ command: Work.Command, subtask: Int = 0, environment: [String: String] = [:], standardInput: [String] = [],
    inputs: [StagedInput] = [], results: [String] = [], amounts: Amounts = amounts, timeout: Duration = .seconds(30),
    outputLimitBytes: Int = 1 << 20
  ) -> Work {
    Work(
      attempt: attempt(subtask), command: command, environment: environment, standardInput: standardInput,
      inputs: inputs, results: results, amounts: amounts, executeTimeout: timeout, outputLimitBytes: outputLimitBytes)
  }

  static func file(_ path: String, _ text: String) throws -> String {
    try Data(text.utf8).write(to: URL(filePath: path))
    return path
  }
}

extension WorkReport {
  /// The text of a result.
  func text(_ path: String) -> String {
    switch outcome?.results.first(where: { $0.path == path })?.content {
    case nil: "(there is no \(path))"
    case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
    case .file(let file):
      content(of: file)
    }
  }
}

func content(of file: String) -> String {
  (try? Data(contentsOf: URL(filePath: file))).map { String(decoding: $0, as: UTF8.self) } ?? "(\(file) is gone)"
}

func names(in folder: String) -> [String] {
  (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? ["(\(folder) is gone)"]
}
