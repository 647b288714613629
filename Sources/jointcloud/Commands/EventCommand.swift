import ArgumentParser
import Engine
import Interface
import Model

struct EventCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "event", abstract: "What passed through this node's queues.", subcommands: [List.self, Show.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List events, newest first.")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var again: Repetition
    @Option(help: "At most so many.")
    var limit = 100

    func validate() throws {
      guard (1...10_000).contains(limit) else { throw ValidationError("--limit must be from 1 to 10000") }
    }

    func run() async throws {
      try await node.withNode { client in
        try await output.print(events, again: again) { try await client.events(limit: limit) }
      }
    }

    private var events: Listing<EventView> {
      Listing(
        nothing: "no events yet", name: { $0.id },
        columns: [
          .abridged("EVENT") { $1 ? $0.id : String($0.id.prefix(8)) },
          Column("ARRIVED (UTC)") { HumanText.clock($0.arrivalMilliseconds) },
          Column("QUEUE") { $0.queue },
          Column("KIND") { $0.kind },
          .state("STATE") { $0.state },
          .id("AUTHOR") { $0.author?.digest },
          Column("TRIES", wide: true) { "\($0.tries)" },
          Column("PRIORITY", wide: true) { "\($0.priority)" },
          .id("TRACE", wide: true) { $0.trace?.digest },
          Column("RESULT") { $0.result },
        ])
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show one event with the statement that it carries.")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var again: Repetition
    @Argument(help: "Its id, or the start of it.")
    var event: String

    func run() async throws {
      try await node.withNode { client in
        let id = try await Self.find(event, client)
        try await output.print(name: { $0.id }, table: Self.table, again: again) { try await client.event(id) }
      }
    }

    /// Ids of events are text; those of the newest 10,000 may be shortened.
    private static func find(_ text: String, _ client: Client) async throws -> String {
      if text.utf8.count >= 64 { return text }
      let events = try await client.events(limit: 10_000)
      if text == "last" {
        guard let newest = events.first else {
          throw Failure(.error, "no event has passed through this node", next: "jointcloud event list")
        }
        return newest.id
      }
      let all = events.map(\.id)
      if all.contains(text) { return text }
      let matches = all.filter { text.count >= Reference.shortest && $0.hasPrefix(text) }
      guard let found = matches.first else {
        throw Failure(.error, "no event begins with \"\(text)\"", next: "jointcloud event list")
      }
      guard matches.count == 1 else {
        throw Reference.ambiguous(text, matches.sorted().map { String($0.prefix(12)) })
      }
      return found
    }

    private static func table(_ view: EventView) throws -> String {
      facts([
        ("Event", view.id), ("Queue", view.queue), ("Kind", view.kind), ("State", view.state),
        ("Result", view.result), ("Arrived", HumanText.dateAndClock(view.arrivalMilliseconds)),
        ("Tries", "\(view.tries)"), ("Priority", "\(view.priority)"), ("Author", view.author?.hexadecimal ?? ""),
        ("Collaboration", view.collaboration?.hexadecimal ?? ""), ("Trace", view.trace?.hexadecimal ?? ""),
      ]) + (try view.statement.map { "\n" + (try PrettyJSON.document($0)) } ?? "")
    }
  }
}
