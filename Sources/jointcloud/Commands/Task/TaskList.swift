import ArgumentParser
import Engine
import Interface
import Model

struct TaskListOptions: ParsableArguments {
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var again: Repetition

  func run() async throws {
    try await node.withNode { client in
      try await output.print(tasks, again: again) { try await client.tasks() }
    }
  }

  private var tasks: Listing<TaskView> {
    Listing(
      nothing: "no tasks yet; jointcloud submit FILE makes one", name: { $0.task.hexadecimal },
      columns: [
        .id("TASK") { $0.task.digest },
        Column("NAME") { $0.name },
        .state("STATE") { $0.state },
        Column("DONE") { "\($0.succeeded)/\($0.subtasks)" },
        Column("RUNNING") { "\($0.running)" },
        Column("COST") { HumanText.credits($0.costMicro) },
        Column("AGE") { HumanText.age($0.submittedMilliseconds) },
        .id("COLLABORATION", wide: true) { $0.collaboration.digest },
        .id("SUBMITTER", wide: true) { $0.submitter.digest },
        Column("PLANS", wide: true) { "\($0.plans)" },
        Column("TOOK", wide: true) { task in
          task.endedMilliseconds.map { HumanText.duration($0 - task.submittedMilliseconds) } ?? ""
        },
        Column("REASON") { $0.category.isEmpty ? $0.reason : "\($0.category): \($0.reason)" },
      ])
  }
}

struct TaskList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "List tasks.")
  @OptionGroup var options: TaskListOptions

  func run() async throws { try await options.run() }
}

/// The short form.
struct ListTasks: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "ps", abstract: "List tasks (task list).")
  @OptionGroup var options: TaskListOptions

  func run() async throws { try await options.run() }
}
