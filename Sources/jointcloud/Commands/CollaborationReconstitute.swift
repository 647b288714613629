import ArgumentParser
import Engine
import Interface
import Model

struct CollaborationReconstitute: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reconstitute",
    abstract: "Found a collaboration that goes on where another has lost its quorum for good. Prints the new id.",
    discussion: """
      The new one names the last decided entry of the old, who founded it and why, for everybody to see; all nodes \
      are called for it. Once it is open the old one ends here, whoever comes back. Tasks that were not over are \
      submitted again. Refused while a quorum of the old one is in reach.
      """)
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "The collaboration: its id, the start of it, its name, or last.")
  var collaboration: String
  @OptionGroup var who: PersonOption
  @Option(help: "Why; kept on the ledger, in at most 64 characters.")
  var reason: String

  func validate() throws {
    if let problem = ElectionText.problem(reason, "--reason") { throw ValidationError(problem) }
  }

  func run() async throws {
    let name = try who.named()
    try await node.withNode { client in
      let id = try await client.electionID(collaboration)
      let made = try await client.reconstitute(id, person: name, reason: reason)
      try await output.print(name: { $0.collaboration.hexadecimal }, table: { $0.collaboration.hexadecimal }) { made }
      Output.hint("next: \(NextStep.completed("jointcloud collaboration show \(made.collaboration.short)"))")
    }
  }
}
