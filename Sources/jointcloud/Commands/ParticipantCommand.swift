import ArgumentParser
import Engine
import Interface
import Model

struct ParticipantCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "participant", abstract: "Who takes part in collaborations, with what.", subcommands: [List.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the participants of one or all collaborations.")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var again: Repetition
    @Option(help: "Only of this collaboration.")
    var collaboration: String?

    func run() async throws {
      try await node.withNode { client in
        let id = try await client.collaborationID(collaboration)
        try await output.print(participants, again: again) { try await client.participants(of: id) }
      }
    }

    private var participants: Listing<ParticipantView> {
      Listing(
        nothing: "no collaboration has participants here", name: { $0.node.hexadecimal },
        columns: [
          .id("COLLABORATION") { $0.collaboration.digest },
          .id("NODE") { $0.node.digest },
          Column("NAME") { $0.name },
          Column("OWNER", wide: true) { $0.owner },
          Column("KIND", wide: true) { $0.kind },
          .state("STATE") { $0.state },
          Column("TOTAL", wide: true) { HumanText.amounts($0.total) },
          Column("COMMITTED", wide: true) { HumanText.amounts($0.committed) },
          Column("FREE") { HumanText.amounts($0.free) },
          Column("WEIGHT") { HumanText.ppm($0.weightPPM) },
          Column("PRICE") { HumanText.credits($0.priceMicroPerCPUSecond) },
          Column("RUNNING") { "\($0.running)" },
          Column("FREE NOW") { $0.told.map { HumanText.amounts($0.free) } ?? "-" },
          Column("RUNNING NOW", wide: true) { $0.told.map { "\($0.running)" } ?? "-" },
          Column("AGE") { row in
            row.told.map { HumanText.age($0.timeMilliseconds) + ($0.stale ? " stale" : "") } ?? "-"
          },
          Column("DONE") { "\($0.completed)" },
          Column("ADAPTERS", wide: true) { $0.adapters.joined(separator: ",") },
          Column("SANDBOX", wide: true) { $0.sandboxed ? "yes" : "no" },
          Column("ROSTER", wide: true) { "\($0.rosterVersion)" },
        ])
    }
  }
}
