import ArgumentParser
import Engine
import Interface
import Model
import Sodium

struct TaskGet: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get", abstract: "Fetch a task's results; each is checked against its digest.")
  @OptionGroup var node: NodeOptions
  @OptionGroup var task: TaskArgument
  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("The folder to write to; NAME-ID in the current one otherwise.", valueName: "dir"))
  var folder: String?
  @Flag(help: "Print what the task wrote to standard output, and write no files.")
  var stdout = false
  @Flag(help: "Overwrite files that are there.")
  var force = false

  func run() async throws {
    try await node.withNode { client in
      let detail = try await client.task(try await client.taskID(task.task))
      guard !detail.results.isEmpty else {
        try Progress.requireSuccess(detail.task)
        throw Failure(
          .error, "task \(detail.task.task.short) left no results",
          next: "jointcloud task show \(detail.task.task.short)")
      }
      if stdout { return try await Results.printStandardOutput(of: detail, client) }
      let target = folder ?? "\(detail.task.name)-\(detail.task.task.short)"
      let files = try Results.files(of: detail, in: target)
      for file in files where !force { try ResultFile.requireAbsent(file.path) }
      for file in files {
        try await ResultFile.write(file.result, to: file.path, client)
        Output.data(file.path)
      }
    }
  }
}

enum Results {
  /// Prints the standard output of the last stage, in the order of the subtasks.
  static func printStandardOutput(of detail: TaskDetailView, _ client: Client) async throws {
    for result in detail.results.filter({ $0.path == "stdout" }).sorted(by: { $0.subtask < $1.subtask }) {
      try await check(result, client) { Output.data($0) }
    }
  }

  /// Where each result goes: beside each other when one subtask left them all, else in a folder for each.
  static func files(
    of detail: TaskDetailView, in folder: String
  ) throws -> [(path: String, result: ResultFileView)] {
    let single = Set(detail.results.map(\.subtask)).count == 1
    return try detail.results.sorted { ($0.subtask, $0.path) < ($1.subtask, $1.path) }.map { result in
      let parts = result.path.split(separator: "/", omittingEmptySubsequences: false)
      guard !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." || $0.utf8.contains(0) }) else {
        throw Failure(
          .verificationFailed, "subtask \(result.subtask) names a result outside its folder: \(result.path)",
          next: "jointcloud task explain \(detail.task.task.short), which names who reported it")
      }
      return ("\(folder)/\(single ? "" : "\(result.subtask)/")\(result.path)", result)
    }
  }

  /// Hands on the bytes, and fails at the end when they are not what the ledger says.
  static func check(
    _ result: ResultFileView, _ client: Client, _ sink: ([UInt8]) throws -> Void
  ) async throws {
    var hash = SHA256()
    try await client.readObject(ObjectReference(digest: result.digest, byteCount: result.byteCount)) { bytes in
      hash.update(bytes)
      try sink(bytes)
    }
    let found = Digest(finishing: hash.finalize())
    guard found == result.digest else {
      throw Failure(
        .verificationFailed,
        "\(result.path) of subtask \(result.subtask) has digest \(found.short), the ledger says \(result.digest.short)",
        next: "jointcloud doctor")
    }
  }
}
