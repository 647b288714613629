import ArgumentParser
import Engine
import Interface
import Model

struct ElectionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "election", abstract: "Who coordinates a collaboration, since when, why, and by whose votes.",
    subcommands: [
      List.self, Show.self, Why.self, ElectionPreview.self, ElectionCall.self, ElectionTransfer.self,
      ElectionDelegate.self, ElectionPrefer.self,
    ])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List who coordinates each collaboration that is open here, and whether anything is decided.")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var again: Repetition

    func run() async throws {
      try await node.withNode { client in
        try await output.print(elections, again: again) { try await client.elections() }
      }
    }

    private var elections: Listing<ElectionView> {
      Listing(
        nothing: "no collaboration is open here; `jointcloud submit FILE` opens one",
        name: { $0.collaboration.hexadecimal },
        columns: [
          .id("COLLABORATION") { $0.collaboration.digest },
          Column("NAME") { $0.name },
          Column("TERM") { "\($0.term)" },
          .node("COORDINATOR", { $0.coordinator }, name: { $0.coordinatorName }),
          .id("NODE", wide: true) { $0.coordinator.digest },
          .state("STATE") { ElectionWords.state($0) },
          Column("IN REACH") { "\($0.inReach) of \($0.voters.count)" },
          Column("QUORUM") { "\($0.quorum)" },
          Column("SINCE") { ElectionWords.since($0).map(HumanText.age) ?? "-" },
          Column("PROMISED", wide: true) { "\($0.promised)" },
          Column("WAITING", wide: true) { "\($0.waitingSubmissions)" },
          Column("UNDECIDED", wide: true) { "\($0.undecidedEntries)" },
          Column("REASON") { $0.reason },
        ])
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show who coordinates, since when and why; who votes; and what waits where nothing is decided.")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var again: Repetition
    @OptionGroup var subject: ElectionSubject

    func run() async throws {
      try await node.withNode { client in
        let id = try await client.electionID(subject.collaboration)
        try await output.print(name: { $0.collaboration.hexadecimal }, table: table, again: again) {
          try await client.election(of: id)
        }
      }
    }

    private func table(_ view: ElectionView) -> String {
      facts([
        ("Collaboration", view.collaboration.hexadecimal), ("Name", view.name),
        ("Coordinator", "\(view.coordinatorName) (\(output.text(view.coordinator.digest)))"),
        ("Term", ElectionWords.term(view)), ("Why", view.terms.last.map { ElectionWords.cause($0, in: view) } ?? ""),
        ("State", ElectionWords.stateAndSince(view)), ("Reason", view.reason), ("Votes", ElectionWords.votes(view)),
        ("Delegated", ElectionWords.delegations(view)),
        ("Waits", ElectionWords.waiting(view)), ("Next", NextStep.completed(view.next)),
      ]) + "\n" + ElectionWords.voters(of: view).table(view.voters, wide: output.format == .wide)
    }
  }

  struct Why: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say of every term when and why it began, who elected, and which ledger entry says so.")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var again: Repetition
    @OptionGroup var subject: ElectionSubject

    func run() async throws {
      try await node.withNode { client in
        let id = try await client.electionID(subject.collaboration)
        try await output.print(terms, again: again) { ElectionWords.rows(of: try await client.election(of: id)) }
      }
    }

    private var terms: Listing<ElectionWords.TermRow> {
      Listing(
        nothing: "no term has begun", name: { $0.term.coordinator.hexadecimal },
        columns: [
          Column("TERM") { "\($0.term.term)" },
          Column("BEGAN (UTC)") { HumanText.dateAndClock($0.term.timeMilliseconds, named: false) },
          Column("ENTRY") { "\($0.term.entry)" },
          .node("COORDINATOR", { $0.term.coordinator }, name: { $0.term.coordinatorName }),
          .id("NODE", wide: true) { $0.term.coordinator.digest },
          Column("ELECTED BY") { $0.term.votes.isEmpty ? "-" : $0.term.votes.joined(separator: ", ") },
          Column("CAUSE") { $0.cause },
        ])
    }
  }
}

/// Which collaboration an election is of.
struct ElectionSubject: ParsableArguments {
  @Argument(help: "Its id, the start of it, its name, or last; not needed where one alone is open.")
  var collaboration: String?
}
