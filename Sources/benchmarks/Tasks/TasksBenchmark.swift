import ArgumentParser

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
      if let file = common.json { try findings.write(TasksRun.figures, to: file) }
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
      let found = try await BenchmarkFolder.within { try await run.measure(in: $0) }
      for (figure, value) in found { findings.add(value, to: figure) }
    }
    return findings
  }
}
