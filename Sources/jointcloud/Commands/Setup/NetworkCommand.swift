import ArgumentParser
import Engine
import Glibc
import Model
import Node
import Overlay

struct NetworkCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "network", abstract: "The network that this node belongs to.",
    subcommands: [Create.self, Invite.self, Join.self, Show.self, NetworkAnnounce.self])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Found a network. Prints its id.")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "What to call it.")
    var name: String

    func validate() throws {
      guard NodeName.allows(name) else { throw ValidationError("--name \"\(name)\" must have \(NodeName.rule)") }
    }

    func run() async throws {
      let folder = try node.folder()
      var random = Random.system()
      let membership = try NodeSetup(folder).createNetwork(
        name: name, nowMilliseconds: HumanText.now(), random: &random)
      try await NetworkView(membership, folder).print(output, id: true)
      Output.hint(
        "next: jointcloud node run --data \(folder.typed), then jointcloud network invite --data \(folder.typed)")
    }
  }

  struct Invite: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print an invitation (jc1...) to the network. It is a secret.",
      discussion: """
        Whoever has it may join until it expires, several nodes too. Give each node an invitation of its own that \
        holds for a short time; members stay when it has expired.
        """)
    @OptionGroup var node: NodeOptions
    @Option(help: "How long it holds: 1s to 720h.")
    var expires = "1h"
    @Option(help: ArgumentHelp("Where this node can be reached, if not where it runs now.", valueName: "host:port"))
    var address: [String] = []

    /// Who finds an old invitation must not get in by it.
    private static let longestMilliseconds = 30 * 24 * 3_600_000

    func run() async throws {
      let folder = try node.folder()
      let life = try Arguments.milliseconds(expires, "--expires")
      guard (1_000...Self.longestMilliseconds).contains(life) else {
        throw Failure(.usage, "--expires \(expires) is not within 1s to 720h (30 days)", next: "--expires 1h")
      }
      for text in address { _ = try Arguments.address(text, "--address") }
      var random = Random.system()
      let text = try NodeSetup(folder).invite(
        addresses: address, expiresMilliseconds: HumanText.now() + Int64(life), random: &random)
      Output.data(text)
      Output.hint(
        "whoever has it may join for \(HumanText.duration(Int64(life))), so give each node its own: "
          + "jointcloud network join --data DIR jc1...")
    }
  }

  struct Join: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take an invitation. Prints the network's id.",
      discussion: "With - as the invitation it is read from standard input, so that it shows in no list of processes.")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The text that network invite printed, or -.")
    var invitation: String

    func run() async throws {
      let folder = try node.folder()
      let text = invitation == "-" ? try Self.standardInput() : invitation
      let membership = try NodeSetup(folder).join(text, nowMilliseconds: HumanText.now())
      try await NetworkView(membership, folder).print(output, id: true)
      Output.hint("next: jointcloud node run --data \(folder.typed)")
    }

    private static func standardInput() throws -> String {
      var content: [UInt8] = []
      var piece = [UInt8](repeating: 0, count: 4_096)
      while content.count <= Invitation.characterLimit * 2 {
        let count = read(STDIN_FILENO, &piece, piece.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { break }
        content += piece.prefix(count)
      }
      return String(decoding: content, as: UTF8.self)
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the network that a data folder belongs to; the node need not run.")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let folder = try node.folder()
      try folder.requireInitialised()
      try await NetworkView(try NetworkFile.read(in: folder).membership, folder).print(output, id: false)
    }
  }
}

/// What `network` commands print.
private struct NetworkView: Encodable {
  var createdMilliseconds: Int64
  var data: String
  var founders: [NodeID]
  var isFounder: Bool
  var name: String
  var network: NetworkID
  var node: NodeID

  init(_ membership: NetworkMembership, _ folder: DataFolder) throws {
    let genesis = membership.genesis
    createdMilliseconds = genesis.createdMilliseconds
    data = folder.path
    founders = genesis.founders.map { NodeID(rootKey: $0) }.sorted()
    node = membership.certificate.statement.author
    isFounder = genesis.founded(by: node)
    name = genesis.name
    network = try genesis.networkID()
  }

  /// - Parameter id: whether a table is the id alone, as after an act.
  func print(_ output: OutputOptions, id: Bool) async throws {
    try await output.print(name: { $0.network.hexadecimal }, table: { id ? $0.network.hexadecimal : $0.table }) { self }
  }

  private var table: String {
    facts([
      ("Network", network.hexadecimal), ("Name", name), ("Created", HumanText.dateAndClock(createdMilliseconds)),
      ("Founders", founders.map(\.short).joined(separator: ", ")),
      ("This node", "\(node.hexadecimal)\(isFounder ? ", a founder" : "")"),
    ])
  }
}
