import ArgumentParser
import Engine
import Interface
import Model

struct TaskPlan: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Show every plan of a task: candidates, scores, choice, and who was filtered out.",
    discussion: "With --file, shows the plan that would be made now, where submit would go, and submits nothing.")
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var again: Repetition
  @Argument(help: "Its id, the start of it, its name, or last.")
  var task: String?
  @Option(name: .shortAndLong, help: "A manifest to plan for instead.")
  var file: String?

  func validate() throws {
    guard (task == nil) != (file == nil) else { throw ValidationError("name a task, or a manifest with --file") }
  }

  func run() async throws {
    try await node.withNode { client in
      if let file {
        let upload = try TaskUpload(manifest: file)
        let plan = try await client.preview(
          SubmissionRequest(submission: upload.submission, collaboration: nil, opensCollaboration: false))
        try await output.print(name: { "\($0.number)" }, table: table) { plan }
      } else {
        let id = try await client.taskID(task ?? "last")
        try await output.print(
          name: { $0.map { "\($0.number)" }.joined(separator: "\n") },
          table: { $0.map(table).joined(separator: "\n") }, again: again
        ) { try await client.plans(of: id) }
      }
    }
  }

  private func table(_ plan: PlanView) -> String {
    let wide = output.format == .wide
    var out = facts([
      ("Plan", plan.previous == 0 ? "\(plan.number)" : "\(plan.number), replaces \(plan.previous)"),
      ("Cause", plan.cause), ("Ledger entry", plan.entry == 0 ? "none: a preview" : "\(plan.entry)"),
      ("Collaboration", "\(plan.collaborationName) (\(output.text(plan.collaboration.digest)))"),
      ("Strategy", plan.strategy), ("Seed", plan.seed),
    ])
    if !plan.candidates.isEmpty { out += Self.candidates.table(plan.candidates, wide: wide) }
    if !plan.filtered.isEmpty { out += Self.filtered.table(plan.filtered, wide: wide) }
    return out
  }

  private static let candidates = Listing<PlanView.Candidate>(
    nothing: "", name: { $0.node.hexadecimal },
    columns: [
      .node("CANDIDATE", { $0.node }, name: { $0.name }),
      .id("NODE", wide: true) { $0.node.digest },
      Column("WEIGHT") { HumanText.ppm($0.weightPPM) },
      Column("FREE") { HumanText.amounts($0.free) },
      Column("FITS") { "\($0.fits)" },
      Column("SCORE") { "\($0.score)" },
      Column("CHOSEN") { "\($0.chosen)" },
    ])

  private static let filtered = Listing<PlanView.Filtered>(
    nothing: "", name: { $0.node.hexadecimal },
    columns: [
      .node("FILTERED", { $0.node }, name: { $0.name }),
      .id("NODE", wide: true) { $0.node.digest },
      Column("CONSTRAINT") { $0.constraint },
      Column("DETAIL") { $0.detail },
    ])
}
