import ArgumentParser
import Engine
import Interface
import Model

struct TaskExplain: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Say what each participant answered, and which ledger entry says so.")
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var again: Repetition
  @OptionGroup var task: TaskArgument

  func run() async throws {
    try await node.withNode { client in
      let id = try await client.taskID(task.task)
      try await output.print(name: { $0.task.task.hexadecimal }, table: table, again: again) {
        try await client.explain(id)
      }
    }
  }

  private func table(_ explanation: ExplanationView) -> String {
    TaskText.head(explanation.task) + "\n"
      + answers.table(explanation.participants, wide: output.format == .wide)
      + (explanation.plans.isEmpty ? "" : "\n" + plans.table(explanation.plans, wide: output.format == .wide))
  }

  private var answers: Listing<ExplanationView.Answer> {
    Listing(
      nothing: "", name: { $0.node.hexadecimal },
      columns: [
        .node("PARTICIPANT", { $0.node }, name: { $0.name }),
        .id("NODE", wide: true) { $0.node.digest },
        .state("ANSWER") { $0.answer },
        Column("CODE") { $0.code },
        Column("SUBTASKS") { "\($0.subtasks)" },
        Column("RETRY AFTER") { $0.retryAfterMilliseconds.map { HumanText.duration(Int64($0)) } ?? "" },
        Column("ENTRY") { $0.entry == 0 ? "-" : "\($0.entry)" },
        Column("DETAIL") {
          $0.to == .call ? "at the call of the collaboration: \($0.detail)" : $0.detail
        },
      ])
  }

  private var plans: Listing<PlanView> {
    Listing(
      nothing: "", name: { "\($0.number)" },
      columns: [
        Column("PLAN") { "\($0.number)" },
        Column("ENTRY") { "\($0.entry)" },
        Column("CHOSEN") { plan in
          plan.candidates.filter { $0.chosen > 0 }.map { "\($0.name) \($0.chosen)" }.joined(separator: ", ")
        },
        Column("CAUSE") { $0.cause },
      ])
  }
}
