import ArgumentParser
import Glibc
import Interface
import Model
import SystemPackage
import UnixSignals

struct TasksBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tasks", abstract: "Tasks that run nothing at three participants, and nodes that do nothing.")
  @OptionGroup var common: CommonOptions
  @Option(help: "Subtasks of the task whose throughput is measured.")
  var subtasks = 10_000
  @Option(help: "Tasks in each run whose start is measured.")
  var samples = 100
  @Option(help: "Seconds in each run for which idle nodes are watched.")
  var idleSeconds = 5

  func validate() throws {
    guard (1...50_000).contains(subtasks) else { throw ValidationError("--subtasks takes 1 to 50000") }
    guard (10...10_000).contains(samples) else { throw ValidationError("--samples takes 10 to 10000") }
    guard (1...600).contains(idleSeconds) else { throw ValidationError("--idle-seconds takes 1 to 600") }
  }

  func run() async throws {
    do {
      let findings = try await untilInterrupted { try await measure() }
      print(findings.table(of: TasksRun.figures))
      if let file = common.json { try write(findings.document(of: TasksRun.figures), to: file) }
    } catch {
      say("error: \(BenchmarkFailure.text(of: error))")
      throw ExitCode.failure
    }
  }

  private func measure() async throws -> Findings {
    var findings = Findings()
    for number in 1...common.runs {
      say("run \(number) of \(common.runs)")
      let run = TasksRun(subtasks: subtasks, samples: samples, idle: .seconds(idleSeconds))
      for (figure, value) in try await inFolder({ try await run.measure(in: $0) }) { findings.add(value, to: figure) }
    }
    return findings
  }

  /// Leaves no file, however `body` ends.
  private func inFolder<Value>(_ body: (BenchmarkFolder) async throws -> Value) async throws -> Value {
    let folder = try BenchmarkFolder()
    let result: Result<Value, any Error>
    do {
      result = .success(try await body(folder))
    } catch {
      result = .failure(error)
    }
    try folder.remove()
    return try result.get()
  }

  private func write(_ text: String, to file: String) throws {
    guard let stream = fopen(file, "w") else {
      throw BenchmarkFailure("\(file) cannot be written: \(String(cString: strerror(errno)))")
    }
    let written = fputs(text, stream)
    guard fclose(stream) == 0, written >= 0 else {
      throw BenchmarkFailure("\(file) cannot be written: \(String(cString: strerror(errno)))")
    }
  }
}

/// To a person, not to whoever reads the table.
private func say(_ line: String) {
  // Nobody can be told that standard error is closed.
  _ = try? FileDescriptor.standardError.writeAll(Array("\(line)\n".utf8))
}

/// Runs `body` until it ends or somebody presses Ctrl-C; then it is cancelled and joined.
private func untilInterrupted<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws
  -> Value
{
  let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
  return try await withThrowingTaskGroup(of: Value?.self) { group in
    group.addTask {
      for await signal in signals { throw BenchmarkFailure("interrupted by \(signal); the nodes are stopped") }
      return nil
    }
    group.addTask { try await body() }
    defer { group.cancelAll() }
    while let ended = try await group.next() {
      if let value = ended { return value }
    }
    throw CancellationError()
  }
}
