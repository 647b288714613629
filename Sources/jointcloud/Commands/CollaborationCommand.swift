import ArgumentParser
import Engine
import Interface
import Manifest
import Model

struct CollaborationCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "collaboration", abstract: "Lasting cooperations of some nodes, each with a ledger.",
    subcommands: [
      Create.self, List.self, Show.self, CollaborationLeave.self, CollaborationJoin.self,
      CollaborationReconstitute.self,
    ])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Call for participants, and coordinate what comes of it. Prints the id.")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "What to call it.")
    var name: String
    @Option(help: "The kind of work; participants decide by it.")
    var kind = "batch"
    @Option(help: ArgumentHelp("A label of the work; may be given several times.", valueName: "key=value"))
    var label: [String] = []
    @Option(help: "CPU that each subtask will need, such as 500m.")
    var cpu = "1"
    @Option(help: "Memory that each subtask will need, such as 512Mi.")
    var memory = "256Mi"
    @Option(help: "How long to wait for answers.")
    var replyBy = "5s"
    @Option(help: "The most to pay for a CPU-second, in credits.")
    var priceLimit: String?

    func run() async throws {
      let request = CollaborationRequest(
        name: name, kind: kind, labels: try Arguments.labels(label),
        needs: Amounts(
          cpuMillicores: try Arguments.cpu(cpu, "--cpu"), memoryBytes: try Arguments.memory(memory, "--memory")),
        replyByMilliseconds: Int(try Arguments.milliseconds(replyBy, "--reply-by")),
        priceLimitMicroPerCPUSecond: try priceLimit.map { try Arguments.credits($0, "--price-limit") })
      try await node.withNode { client in
        let made = try await client.createCollaboration(request)
        try await output.print(name: { $0.collaboration.hexadecimal }, table: { $0.collaboration.hexadecimal }) { made }
        Output.hint("next: \(NextStep.completed("jointcloud collaboration show \(made.collaboration.short)"))")
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the collaborations that this node knows.")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var again: Repetition

    func run() async throws {
      try await node.withNode { client in
        try await output.print(collaborations, again: again) { try await client.collaborations() }
      }
    }

    private var collaborations: Listing<CollaborationView> {
      Listing(
        nothing: "no collaborations yet; `jointcloud submit FILE` opens one", name: { $0.collaboration.hexadecimal },
        columns: [
          .id("COLLABORATION") { $0.collaboration.digest },
          Column("NAME") { $0.name },
          .state("STATE") { $0.state },
          Column("ROLE") { $0.role },
          .node("COORDINATOR", { $0.coordinator }, name: { $0.coordinatorName }),
          Column("ROUND", wide: true) { "\($0.round)" },
          Column("MEMBERS") { "\($0.members)" },
          Column("TASKS") { "\($0.tasks)" },
          Column("ENTRIES", wide: true) { "\($0.entries)" },
          Column("CONTRACT", wide: true) { "\($0.contractName) v\($0.contractVersion) \($0.contract)" },
          Column("TERM", wide: true) { "\($0.term)" },
          Column("ROSTER", wide: true) { "\($0.rosterVersion)" },
          Column("REASON") { $0.reason },
        ])
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show one, with what was asked and answered.")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var again: Repetition
    @Argument(help: "Its id, the start of it, its name, or last.")
    var collaboration: String

    func run() async throws {
      try await node.withNode { client in
        let id = try await client.collaborationID(collaboration)
        try await output.print(name: { $0.collaboration.hexadecimal }, table: table, again: again) {
          guard let found = try await client.collaborations().first(where: { $0.collaboration == id }) else {
            throw Failure(
              .error, "this node knows no collaboration \(collaboration)", next: "jointcloud collaboration list")
          }
          return found
        }
      }
    }

    private func table(_ view: CollaborationView) -> String {
      let answers = Listing<NegotiationView>(
        nothing: "", name: { $0.node.hexadecimal },
        columns: [
          .id("NODE") { $0.node.digest },
          Column("NAME") { $0.name },
          .state("ANSWER") { $0.answer },
          Column("CODE") { $0.code },
          Column("AT (UTC)") { HumanText.clock($0.timeMilliseconds) },
          Column("REASON") { $0.reason },
        ])
      let changes = Listing<RosterChangeView>(
        nothing: "", name: { $0.node.hexadecimal },
        columns: [
          .id("NODE") { $0.node.digest },
          Column("NAME") { $0.name },
          .state("CHANGE") { $0.change },
          Column("ENTRY") { "\($0.entry)" },
          Column("ROSTER") { "\($0.rosterVersion)" },
          Column("AT (UTC)") { HumanText.clock($0.timeMilliseconds) },
          Column("REASON") { $0.reason },
        ])
      return facts([
        ("Collaboration", view.collaboration.hexadecimal), ("Name", view.name), ("State", view.state),
        ("Reason", view.reason), ("Coordinator", "\(view.coordinatorName) (\(output.text(view.coordinator.digest)))"),
        ("Continues", view.continues.map { output.text($0.digest) } ?? ""), ("Role here", view.role),
        ("Round", "\(view.round), term \(view.term)"),
        ("Contract", "\(view.contractName) version \(view.contractVersion) (\(output.text(view.contract)))"),
        ("Roster", "version \(view.rosterVersion), \(view.members) members"), ("Tasks", "\(view.tasks)"),
        ("Ledger", "\(view.entries) entries" + (view.head.map { ", head \(output.text($0))" } ?? "")),
      ]) + (view.negotiation.isEmpty ? "" : "\n" + answers.table(view.negotiation, wide: output.format == .wide))
        + (view.rosterChanges.isEmpty ? "" : "\n" + changes.table(view.rosterChanges, wide: output.format == .wide))
    }
  }
}
