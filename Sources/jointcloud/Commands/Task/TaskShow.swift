import ArgumentParser
import Engine
import Interface
import Model

struct TaskShow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a task with its subtasks, and who did what for which price.")
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var again: Repetition
  @OptionGroup var task: TaskArgument

  func run() async throws {
    try await node.withNode { client in
      let id = try await client.taskID(task.task)
      try await output.print(name: { $0.task.task.hexadecimal }, table: table, again: again) {
        try await client.task(id)
      }
    }
  }

  private func table(_ detail: TaskDetailView) -> String {
    var parts = [TaskText.head(detail.task)]
    if !detail.subtasks.isEmpty { parts.append(subtasks.table(detail.subtasks, wide: output.format == .wide)) }
    if !detail.participants.isEmpty {
      parts.append(TaskText.participants.table(detail.participants, wide: output.format == .wide))
    }
    if !detail.results.isEmpty { parts.append(results.table(detail.results, wide: output.format == .wide)) }
    return parts.joined(separator: "\n")
  }

  private var subtasks: Listing<SubtaskView> {
    Listing(
      nothing: "", name: { "\($0.index)" },
      columns: [
        Column("SUBTASK") { "\($0.index)" },
        Column("STAGE") { $0.stage },
        .state("STATE") { $0.state },
        Column("TRY") { "\($0.attempt)" },
        .node("NODE", { $0.node }, name: { $0.nodeName }),
        Column("NATIVE", wide: true) { [$0.nativeID, $0.nativeState].filter { !$0.isEmpty }.joined(separator: " ") },
        Column("REASON") { $0.reason },
      ])
  }

  private var results: Listing<ResultFileView> {
    Listing(
      nothing: "", name: { $0.digest.hexadecimal },
      columns: [
        Column("RESULT OF") { "\($0.subtask)" },
        Column("SIZE") { HumanText.bytes($0.byteCount) },
        .id("DIGEST") { $0.digest },
        Column("PATH") { $0.path },
      ])
  }
}

/// What several commands say about a task.
enum TaskText {
  static func head(_ task: TaskView) -> String {
    facts([
      ("Task", task.task.hexadecimal), ("Name", task.name), ("State", task.state),
      ("Reason", task.category.isEmpty ? task.reason : "\(task.category): \(task.reason)"),
      ("Subtasks", progress(task)), ("Cost", "\(HumanText.credits(task.costMicro)) credits"),
      ("Collaboration", task.collaboration.hexadecimal), ("Submitter", task.submitter.hexadecimal),
      ("Submitted", HumanText.dateAndClock(task.submittedMilliseconds)),
      ("Took", task.endedMilliseconds.map { HumanText.duration($0 - task.submittedMilliseconds) } ?? ""),
      ("Plans", "\(task.plans)"), ("Trace", task.trace.hexadecimal),
    ])
  }

  /// Each subtask counts once: those that run are assigned too, and are told only as running.
  static func progress(_ task: TaskView) -> String {
    isFinal.contains(task.state)
      ? "\(task.succeeded) of \(task.subtasks) done"
      : "\(task.succeeded) of \(task.subtasks) done, \(task.running) running, "
        + "\(max(0, task.assigned - task.running)) assigned, "
        + "\(task.pending) pending"
  }

  static let participants = Listing<TaskParticipantView>(
    nothing: "", name: { $0.node.hexadecimal },
    columns: [
      .node("PARTICIPANT", { $0.node }, name: { $0.name }),
      .id("NODE", wide: true) { $0.node.digest },
      Column("ACCEPTED") { "\($0.accepted)" },
      Column("DECLINED") { "\($0.declined)" },
      Column("DONE") { "\($0.succeeded)" },
      Column("FAILED") { "\($0.failed)" },
      Column("LOST") { "\($0.lost)" },
      Column("RUNNING") { "\($0.running)" },
      Column("CPU") { HumanText.duration(Int64($0.cpuMilliseconds)) },
      Column("COST") { HumanText.credits($0.costMicro) },
      Column("WEIGHT") { "\(HumanText.ppm($0.weightBeforePPM)) -> \(HumanText.ppm($0.weightAfterPPM))" },
    ])

  static let isFinal: Set<String> = ["succeeded", "failed", "cancelled", "unplaced"]

  /// The exit code that a task's end means.
  static func status(of task: TaskView) -> ExitStatus {
    switch task.state {
    case "succeeded": .success
    case "unplaced": .unplaced
    case "failed" where task.category == "timeout": .timedOut
    default: .taskFailed
    }
  }
}
