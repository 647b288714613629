import ArgumentParser
import Engine
import Interface
import Model

struct TaskCancel: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "Cancel a task, wherever its subtasks are.")
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var task: TaskArgument
  @Option(help: "Kept on the ledger.")
  var reason = "cancelled by its submitter"

  func run() async throws {
    try await node.withNode { client in
      let view = try await client.cancel(try await client.taskID(task.task), reason: reason)
      try await output.print(name: { $0.task.hexadecimal }, table: { $0.state }) { view }
    }
  }
}
