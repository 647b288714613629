import ArgumentParser
import Engine
import Interface
import Model

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct TaskLogs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Print what subtasks wrote; all of them, or one with --subtask.")
  @OptionGroup var node: NodeOptions
  @OptionGroup var task: TaskArgument
  @Option(help: "Only of this subtask.")
  var subtask: Int?
  @Option(help: "stdout or stderr.")
  var stream = Stream.stdout
  @Flag(name: .shortAndLong, help: "Go on until the subtask has ended.")
  var follow = false

  enum Stream: String, ExpressibleByArgument, CaseIterable {
    case stdout, stderr
  }

  func validate() throws {
    guard subtask.map({ $0 >= 0 }) ?? true else { throw ValidationError("--subtask counts from 0") }
  }

  func run() async throws {
    try await node.withNode { client in
      let id = try await client.taskID(task.task)
      let detail = try await client.task(id)
      let indices = detail.subtasks.map(\.index)
      if let subtask {
        guard indices.contains(subtask) else {
          throw Failure(
            .error, "task \(id.short) has no subtask \(subtask); it has \(indices.count)",
            next: "jointcloud task show \(id.short)")
        }
        return try await print(id, subtask, client)
      }
      guard !follow || indices.count == 1 else {
        throw Failure(
          .usage, "task \(id.short) has \(indices.count) subtasks, and -f follows one",
          next: "jointcloud logs \(id.short) -f --subtask 0")
      }
      for (position, index) in indices.enumerated() {
        if indices.count > 1 { Output.data("\(position > 0 ? "\n" : "")==> subtask \(index) <==\n") }
        try await print(id, index, client)
      }
    }
  }

  /// Goes on from where the last piece ended; a new attempt begins anew.
  private func print(_ task: TaskID, _ subtask: Int, _ client: Client) async throws {
    var offset = 0
    var attempt: Int?
    var problem = ""
    while true {
      let piece = try await client.log(of: task, subtask: subtask, stream: stream.rawValue, offset: offset)
      defer { attempt = piece.attempt }
      if let attempt, attempt != piece.attempt, offset > 0 {
        Output.hint("subtask \(subtask) is tried again: attempt \(piece.attempt)")
        offset = 0
        // What is in hand begins where the attempt before ended.
        continue
      }
      if piece.offset == offset, let bytes = Data(base64Encoded: piece.base64), !bytes.isEmpty {
        offset += bytes.count
        Output.data(Array(bytes))
        continue
      }
      if piece.problem != problem, !piece.problem.isEmpty { Output.hint("subtask \(subtask): \(piece.problem)") }
      problem = piece.problem
      if piece.end || !follow { return }
      try await Task.sleep(for: .milliseconds(300))
    }
  }
}
