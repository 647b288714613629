import ArgumentParser
import Engine
import Interface

struct AdapterCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adapter", abstract: "What this node runs work with.", subcommands: [List.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List adapters, whether they can be used, and why not.")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var again: Repetition

    func run() async throws {
      try await node.withNode { client in
        try await output.print(adapters, again: again) { try await client.adapters() }
      }
    }

    private var adapters: Listing<AdapterView> {
      Listing(
        nothing: "no adapters: this node only asks", name: { $0.name },
        columns: [
          Column("ADAPTER") { $0.name },
          Column("KIND") { $0.kind },
          .state("USABLE") { $0.usable ? "ok" : "problem" },
          Column("TOTAL") { HumanText.amounts($0.total) },
          Column("RUNNING") { "\($0.running)" },
          Column("FEATURES", wide: true) { $0.features.joined(separator: ",") },
          Column("DETAIL") { $0.detail },
        ])
    }
  }
}
