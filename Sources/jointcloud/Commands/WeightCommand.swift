import ArgumentParser
import Engine
import Interface
import Model

struct WeightCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "weight", abstract: "Weights of participants, and every change with its reason.",
    subcommands: [Show.self])

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show weights; -o wide lists every change with the ledger entry that made it.")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var again: Repetition
    @Option(help: "Only of this collaboration.")
    var collaboration: String?

    func run() async throws {
      try await node.withNode { client in
        let id = try await client.collaborationID(collaboration)
        if output.format == .wide {
          try await output.print(name: { _ in "" }, table: Self.changes, again: again) {
            try await client.weights(of: id)
          }
        } else {
          try await output.print(weights, again: again) { try await client.weights(of: id) }
        }
      }
    }

    private var weights: Listing<WeightView> {
      Listing(
        nothing: "no collaboration has weights here", name: { $0.node.hexadecimal },
        columns: [
          .id("COLLABORATION") { $0.collaboration.digest },
          .id("NODE") { $0.node.digest },
          Column("NAME") { $0.name },
          Column("WEIGHT") { HumanText.ppm($0.weightPPM) },
          Column("SHARE") { HumanText.ppm($0.sharePPM) },
          Column("CHANGES") { "\($0.changes.count)" },
          Column("LAST") { $0.changes.last.map { "\(HumanText.ppm($0.deltaPPM)) \($0.reason)" } ?? "" },
        ])
    }

    private struct Row: Encodable {
      var weight: WeightView
      var change: WeightView.Change
    }

    private static func changes(_ weights: [WeightView]) -> String {
      let rows = weights.flatMap { weight in weight.changes.map { Row(weight: weight, change: $0) } }
      return Listing<Row>(
        nothing: "", name: { _ in "" },
        columns: [
          .id("COLLABORATION") { $0.weight.collaboration.digest },
          .node("NAME", { $0.weight.node }, name: { $0.weight.name }),
          Column("ENTRY") { "\($0.change.entry)" },
          Column("CHANGE") { HumanText.ppm($0.change.deltaPPM) },
          Column("AFTER") { HumanText.ppm($0.change.afterPPM) },
          Column("REASON") { $0.change.reason },
        ]
      ).table(rows, wide: true)
    }
  }
}
