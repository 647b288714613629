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
    commandName: "logs", abstract: "Print what subtasks wrote; all of them, or one with --subtask.",
    discussion: """
      Of each subtask the attempt that succeeded or runs is printed, or else the last one that failed; \
      of a failed attempt both outputs, unless --stream names one.
      """)
  @OptionGroup var node: NodeOptions
  @OptionGroup var task: TaskArgument
  @Option(help: "Only of this subtask.")
  var subtask: Int?
  @Option(help: "Only this attempt, counted from 1.")
  var attempt: Int?
  @Option(help: "stdout or stderr.")
  var stream: Stream?
  @Flag(name: .shortAndLong, help: "Go on until the subtask has ended.")
  var follow = false

  enum Stream: String, ExpressibleByArgument, CaseIterable {
    case stdout, stderr
  }

  func validate() throws {
    guard subtask.map({ $0 >= 0 }) ?? true else { throw ValidationError("--subtask counts from 0") }
    guard attempt.map({ (1...1_000).contains($0) }) ?? true else { throw ValidationError("--attempt counts from 1") }
  }

  func run() async throws {
    try await node.withNode { client in
      let id = try await client.taskID(task.task)
      let indices = try await subtasks(of: id, client)
      if let subtask {
        guard indices.contains(subtask) else {
          throw Failure(
            .error, "task \(id.short) has no subtask \(subtask); it has \(indices.count)",
            next: "jointcloud task show \(id.short)")
        }
        _ = try await print(id, subtask, client, position: nil)
        return
      }
      guard !follow || indices.count == 1 else {
        throw Failure(
          .usage, "task \(id.short) has \(indices.count) subtasks, and -f follows one",
          next: "jointcloud logs \(id.short) -f --subtask 0")
      }
      try await printAll(indices, of: id, client)
    }
  }

  /// The task's subtasks. Who follows waits for them while their participants are still being found.
  private func subtasks(of task: TaskID, _ client: Client) async throws -> [Int] {
    while true {
      let detail = try await client.task(task)
      let isOpening = ["announced", "negotiating", "queued"].contains(detail.task.state)
      guard follow, detail.subtasks.isEmpty, isOpening else { return detail.subtasks.map(\.index) }
      try await Task.sleep(for: .milliseconds(200))
    }
  }

  /// Prints what can be read here, and then fails for what is kept at another node.
  private func printAll(_ indices: [Int], of task: TaskID, _ client: Client) async throws {
    var missing: ClientError?
    var isFirst = true
    for index in indices {
      do {
        let printed = try await print(task, index, client, position: indices.count > 1 ? (isFirst ? 0 : 1) : nil)
        if printed { isFirst = false }
      } catch let error as ClientError where error.refusal.kind == .notFound && indices.count > 1 {
        missing = missing ?? error
      }
    }
    if let missing { throw missing }
  }

  /// - Parameter position: of the subtask among several, which a line between them tells apart; nil for the only one.
  /// - Returns: whether it has a place among the outputs, as what nobody has taken has not.
  private func print(_ task: TaskID, _ subtask: Int, _ client: Client, position: Int?) async throws -> Bool {
    let first = try await print(task, subtask, stream ?? .stdout, client) { piece in
      Self.begin(piece, heading: position.map { $0 > 0 ? "\n" : "" })
    }
    guard stream == nil, !first.failure.isEmpty else { return first.node != nil }
    try await print(task, subtask, .stderr, client) { piece in
      Self.begin(piece, heading: position.map { _ in "\n" }, saysFailure: false)
    }
    return true
  }

  /// Says whose output follows: above it where there is more than one, else beside it.
  private static func begin(_ piece: LogView, heading: String?, saysFailure: Bool = true) {
    let place = piece.nodeName.isEmpty ? "" : " at \(Table.Cell(piece.nodeName).text)"
    let what = "subtask \(piece.subtask), attempt \(piece.attempt)\(place)"
    // What nobody has taken wrote nothing: why stands on standard error.
    if let heading, piece.node != nil { Output.data("\(heading)==> \(what), \(piece.stream) <==\n") }
    if saysFailure, !piece.failure.isEmpty { Output.hint("\(what) failed: \(Table.Cell(piece.failure).text)") }
  }

  /// Goes on from where the last piece ended; a new attempt begins anew.
  ///
  /// - Parameter begin: told the first piece of each attempt.
  /// - Returns: the last piece.
  @discardableResult
  private func print(
    _ task: TaskID, _ subtask: Int, _ stream: Stream, _ client: Client, begin: (LogView) -> Void
  ) async throws -> LogView {
    var offset = 0
    var shown: Int?
    var problem = ""
    while true {
      let piece = try await client.log(
        of: task, subtask: subtask, attempt: attempt, stream: stream.rawValue, offset: shown == nil ? 0 : offset)
      let isNew = shown != piece.attempt
      if isNew, offset > 0 {
        Output.hint("subtask \(subtask) is tried again: attempt \(piece.attempt)")
        // This piece began where the earlier attempt had ended.
        (shown, offset) = (nil, 0)
        continue
      }
      if isNew { begin(piece) }
      shown = piece.attempt
      if piece.offset == offset, let bytes = Data(base64Encoded: piece.base64), !bytes.isEmpty {
        offset += bytes.count
        Output.data(Array(bytes))
        continue
      }
      if piece.problem != problem, !piece.problem.isEmpty { Output.hint("subtask \(subtask): \(piece.problem)") }
      problem = piece.problem
      if piece.end || !follow { return piece }
      try await Task.sleep(for: .milliseconds(300))
    }
  }
}
