import ArgumentParser
import Engine
import Interface
import Model

struct OfferCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "offer", abstract: "What this node was offered as a participant.",
    subcommands: [List.self, Accept.self, Decline.self])

  static let listing = Listing<OfferView>(
    nothing: "no offers yet", name: { $0.offer.hexadecimal },
    columns: [
      .id("OFFER") { $0.offer.digest },
      .id("TASK", wide: true) { $0.task.digest },
      Column("NAME") { $0.taskName },
      .id("COORDINATOR") { $0.coordinator.digest },
      Column("SUBTASKS") { "\($0.subtasks)" },
      Column("NEEDS") { HumanText.amounts($0.needs) },
      .state("STATE") { $0.state },
      Column("CODE") { $0.code },
      .id("COLLABORATION", wide: true) { $0.collaboration.digest },
      Column("EXPIRES (UTC)", wide: true) { HumanText.clock($0.expiresMilliseconds) },
      Column("REASON") { $0.reason },
    ])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List offers, with what this node answered and why.")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var again: Repetition

    func run() async throws {
      try await node.withNode { client in
        try await output.print(OfferCommand.listing, again: again) { try await client.offers() }
      }
    }
  }

  struct Accept: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Accept an offer that waits for its operator (policy: manual).")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Its id, the start of it, or last.")
    var offer: String

    func run() async throws {
      try await decide(offer, accept: true, reason: "", node, output)
    }
  }

  struct Decline: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Decline an offer that waits for its operator (policy: manual).")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Its id, the start of it, or last.")
    var offer: String
    @Option(help: "Told to the coordinator, and kept on the ledger.")
    var reason = "declined by the operator"

    func run() async throws {
      try await decide(offer, accept: false, reason: reason, node, output)
    }
  }

  private static func decide(
    _ text: String, accept: Bool, reason: String, _ node: NodeOptions, _ output: OutputOptions
  ) async throws {
    try await node.withNode { client in
      let decided = try await client.decideOffer(
        try await client.offerID(text), accept: accept, reason: reason)
      try await output.print(name: { $0.offer.hexadecimal }, table: { listing.table([$0]) }) { decided }
    }
  }
}
