import ArgumentParser
import Engine
import Interface
import Model

struct MemberCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "member", abstract: "The nodes of the network, as this one sees them.", subcommands: [List.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List all nodes that are known, failed ones too.")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var again: Repetition

    func run() async throws {
      try await node.withNode { client in
        try await output.print(members, again: again) { try await client.members() }
      }
    }

    private var members: Listing<MemberView> {
      Listing(
        nothing: "no members are known yet", name: { $0.node.hexadecimal },
        columns: [
          Column("NODE") { $0.node.short },
          Column("NAME") { $0.name + ($0.isSelf ? " (this)" : "") },
          Column("KIND") { $0.kind },
          .state("STATE") { $0.state },
          Column("SINCE") { HumanText.age($0.sinceMilliseconds) },
          Column("LINK") { $0.isSelf ? "-" : $0.linked ? "up" : "down" },
          Column("ADDRESSES", wide: true) { $0.addresses.joined(separator: " ") },
        ])
    }
  }
}
