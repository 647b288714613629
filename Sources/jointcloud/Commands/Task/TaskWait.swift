import ArgumentParser
import Engine
import Interface
import Model

struct TaskWait: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wait", abstract: "Wait until a task has ended.",
    discussion: "Ends with 0 when it succeeded, 3 when it failed, 4 when time ran out, 5 when nobody took it.")
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var task: TaskArgument
  @Option(help: "Give up after this long, such as 30s.")
  var timeout: String?

  func run() async throws {
    let limit = try timeout.map { try Arguments.milliseconds($0, "--timeout") }
    try await node.withNode { client in
      let end = try await Progress.follow(try await client.taskID(task.task), client, limitMilliseconds: limit)
      try await output.print(name: { $0.task.hexadecimal }, table: { $0.state }) { end }
      try Progress.requireSuccess(end)
    }
  }
}

/// Follows a task to its end, saying on standard error what happens.
enum Progress {
  /// - Throws: `Failure` with `timedOut` when it has not ended within the limit.
  static func follow(_ id: TaskID, _ client: Client, limitMilliseconds: Int?) async throws -> TaskView {
    let deadline = limitMilliseconds.map { ContinuousClock.now + .milliseconds($0) }
    var said = ""
    while true {
      let task = try await client.summary(of: id)
      let isFinal = TaskText.isFinal.contains(task.state)
      let line = line(task)
      // Why a task came to another end than success is told once, by the error that the command ends with.
      if line != said, !isFinal || task.state == "succeeded" { Output.hint(line) }
      said = line
      if isFinal { return task }
      if let deadline, ContinuousClock.now >= deadline {
        throw Failure(
          .timedOut, "task \(id.short) is still \(task.state)\(task.reason.isEmpty ? "" : " (\(task.reason))")",
          next: "jointcloud task explain \(id.short)")
      }
      try await Task.sleep(for: .milliseconds(200))
    }
  }

  /// - Throws: `Failure` with the exit code that the end means.
  static func requireSuccess(_ task: TaskView) throws {
    let status = TaskText.status(of: task)
    guard status != .success else { return }
    let reason = task.category.isEmpty ? task.reason : "\(task.category): \(task.reason)"
    throw Failure(
      status, "task \(task.task.short) \(task.state): \(reason)", next: "jointcloud task explain \(task.task.short)")
  }

  private static func line(_ task: TaskView) -> String {
    switch task.state {
    case "running": "running: \(TaskText.progress(task))"
    case "succeeded": "succeeded: \(task.succeeded) of \(task.subtasks) done"
    default: task.reason.isEmpty ? task.state : "\(task.state): \(task.reason)"
    }
  }
}
