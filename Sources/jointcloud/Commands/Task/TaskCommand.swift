import ArgumentParser

struct TaskCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "task", abstract: "Tasks: what was asked for, and what came of it.",
    subcommands: [
      TaskList.self, TaskShow.self, TaskPlan.self, TaskExplain.self, TaskLogs.self, TaskWait.self, TaskCancel.self,
      TaskGet.self,
    ])
}

/// How every command names a task.
struct TaskArgument: ParsableArguments {
  @Argument(help: "Its id, the start of it, its name, or last.")
  var task: String
}
