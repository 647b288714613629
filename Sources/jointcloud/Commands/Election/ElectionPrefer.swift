import ArgumentParser
import Engine
import Interface
import Model

struct ElectionPrefer: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prefer", abstract: "Say whom this node votes for first in elections to come.",
    discussion: """
      It binds no other voter, and moves nobody from office: `election call` does. Candidates that are not named come \
      after, by weight. Where voters prefer different ones and their votes split, preferences count no more until \
      somebody is elected.
      """)
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @Option(help: ArgumentHelp("The collaboration, not needed where one alone is open.", valueName: "id"))
  var collaboration: String?
  @Flag(help: "Prefer nobody: candidates come by weight.")
  var nobody = false
  @Argument(help: ArgumentHelp("Voters, the best first: names, ids or the starts of them.", valueName: "nodes"))
  var nodes: [String] = []

  func validate() throws {
    guard !nobody || nodes.isEmpty else { throw ValidationError("give voters or --nobody, not both") }
    guard nobody || !nodes.isEmpty else { throw ValidationError("name the voters to prefer, or give --nobody") }
  }

  func run() async throws {
    try await node.withNode { client in
      let id = try await client.electionID(collaboration)
      let view = try await client.election(of: id)
      var preferred: [NodeID] = []
      for name in nodes { preferred.append(try await client.voterID(name, view)) }
      let changed = try await client.prefer(preferred, in: id)
      try await output.print(name: { $0.collaboration.hexadecimal }, table: Self.line) { changed }
    }
  }

  private static func line(_ view: ElectionView) -> String {
    let order = view.voters.sorted { $0.rank < $1.rank }.map(\.name).joined(separator: ", ")
    return "this node votes for the first of \(order) that stands"
  }
}
