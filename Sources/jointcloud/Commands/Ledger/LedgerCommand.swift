import ArgumentParser
import Engine
import Interface
import Model

struct LedgerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger", abstract: "What was decided, in order, by signature.",
    subcommands: [List.self, Show.self, LedgerVerify.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the ledgers that this node holds.")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var again: Repetition

    func run() async throws {
      try await node.withNode { client in
        try await output.print(ledgers, again: again) { try await client.ledgers() }
      }
    }

    private var ledgers: Listing<LedgerView> {
      Listing(
        nothing: "no ledgers yet", name: { $0.collaboration.hexadecimal },
        columns: [
          .id("COLLABORATION") { $0.collaboration.digest },
          Column("NAME") { $0.name },
          Column("ENTRIES") { "\($0.entries)" },
          .id("HEAD") { $0.head },
          .id("COORDINATOR") { $0.coordinator.digest },
          Column("HELD BY") { view in
            view.acknowledged.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: " ")
          },
        ])
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show entries of a ledger: decided ones, and those at its end that its coordinator alone has signed.")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var again: Repetition
    @Argument(help: "The collaboration: its id, the start of it, its name, or last.")
    var collaboration: String
    @Option(help: "The first entry.")
    var from = 1
    @Option(help: "At most so many.")
    var limit = 100

    func validate() throws {
      guard from >= 1 else { throw ValidationError("--from counts from 1") }
      guard (1...10_000).contains(limit) else { throw ValidationError("--limit must be from 1 to 10000") }
    }

    func run() async throws {
      try await node.withNode { client in
        guard let id = try await client.collaborationID(collaboration) else { return }
        try await output.print(entries, again: again) { try await client.entries(of: id, from: from, limit: limit) }
      }
    }

    private var entries: Listing<EntryView> {
      Listing(
        nothing: "no entries from \(from) on", name: { $0.hash.hexadecimal },
        columns: [
          Column("ENTRY") { "\($0.number)" },
          Column("AT (UTC)") { HumanText.clock($0.timeMilliseconds) },
          Column("KIND") { $0.kind },
          .id("HASH") { $0.hash },
          .state("STATE") { $0.state },
          Column("BODY") { String(decoding: CanonicalJSON.encode($0.body), as: UTF8.self) },
        ])
    }
  }
}
