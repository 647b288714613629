import ArgumentParser
import Engine
import Glibc
import Model
import Node
import Overlay

struct NetworkCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "network", abstract: "The network that this node belongs to.",
    subcommands: [
      Create.self, Invite.self, NetworkAllow.self, Join.self, NetworkShow.self, NetworkAnnounce.self,
      NetworkAdmit.self, NetworkRevoke.self, NetworkVote.self, NetworkDecisions.self,
    ])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Found a network. Prints its id.")
    @OptionGroup var node: DataOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "What to call it.")
    var name: String
    @Option(
      help: """
        How nodes get in, for good: invitation, allow-list, vote, or several with commas between; both is the first \
        two. By vote members are revoked, too.
        """)
    var admission = AdmissionChoice(policy: Genesis.AdmissionPolicy(invitation: true))

    struct AdmissionChoice: ExpressibleByArgument, CustomStringConvertible {
      var policy: Genesis.AdmissionPolicy

      init(policy: Genesis.AdmissionPolicy) {
        self.policy = policy
      }

      init?(argument: String) {
        var policy = Genesis.AdmissionPolicy(invitation: false)
        for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
          switch word {
          case "invitation": policy.invitation = true
          case "allow-list": policy.allowList = true
          case "vote": policy.vote = true
          case "both": (policy.invitation, policy.allowList) = (true, true)
          default: return nil
          }
        }
        self.policy = policy
      }

      static var allValueStrings: [String] { ["invitation", "allow-list", "vote", "both"] }
      var description: String { NetworkView.Policy(policy).words.joined(separator: ",") }
      var defaultValueDescription: String { description }
    }

    func validate() throws {
      guard NodeName.allows(name) else { throw ValidationError("--name \"\(name)\" must have \(NodeName.rule)") }
    }

    func run() async throws {
      let folder = try node.folder()
      var random = Random.system()
      _ = try NodeSetup(folder).createNetwork(
        name: name, admission: admission.policy, nowMilliseconds: HumanText.now(), random: &random)
      try await NetworkView(try NetworkFile.read(in: folder), folder).print(output, id: true)
      let policy = admission.policy
      let next =
        policy.invitation
        ? "network invite" : policy.allowList ? "network allow NODE" : "network admit NODE --reason TEXT"
      Output.hint(
        "next: jointcloud node run --data \(folder.typed), then jointcloud \(next) --data \(folder.typed)")
    }
  }

  struct Invite: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print an invitation (jc1...) to the network. It is a secret.",
      discussion: """
        Whoever has it first may join until it expires. Each node needs one of its own; let it hold for a short time: \
        members stay when it has expired.
        """)
    @OptionGroup var node: DataOptions
    @Option(help: "How long it holds: 1s to 720h.")
    var expires = "1h"
    @Option(help: "How many invitations, each on a line and for one node, 1 to 1000.")
    var nodes = 1
    @Option(help: ArgumentHelp("Where this node can be reached, if not where it runs now.", valueName: "host:port"))
    var address: [String] = []

    func run() async throws {
      guard (1...1_000).contains(nodes) else {
        throw Failure(.usage, "--nodes \(nodes) is not within 1 to 1000", next: "--nodes 1")
      }
      let folder = try node.folder()
      let life = try NetworkCommand.life(expires)
      for text in address { _ = try Arguments.reachable(text, "--address") }
      var random = Random.system()
      let texts = try NodeSetup(folder).invite(
        nodes, addresses: address, expiresMilliseconds: HumanText.now() + life, random: &random)
      for text in texts { Output.data(text) }
      let which = nodes == 1 ? "it" : "a line"
      Output.hint(
        "the first node that has \(which) may join, for \(HumanText.duration(life)); keep \(nodes == 1 ? "it" : "them") "
          + "secret: jointcloud network join --data DIR - takes it from standard input")
    }
  }

  /// How long a grant holds: who finds an old invitation must not get in by it.
  static func life(_ expires: String) throws -> Int64 {
    let life = try Arguments.milliseconds(expires, "--expires")
    guard (1_000...30 * 24 * 3_600_000).contains(life) else {
      throw Failure(.usage, "--expires \(expires) is not within 1s to 720h (30 days)", next: "--expires 1h")
    }
    return Int64(life)
  }

  struct Join: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take an invitation. Prints the network's id.",
      discussion: "With - as the invitation it is read from standard input, so that it shows in no list of processes.")
    @OptionGroup var node: DataOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The text that network invite or network allow printed, or -.")
    var invitation: String

    func run() async throws {
      let folder = try node.folder()
      let text = invitation == "-" ? try Self.standardInput() : invitation
      _ = try NodeSetup(folder).join(text, nowMilliseconds: HumanText.now())
      try await NetworkView(try NetworkFile.read(in: folder), folder).print(output, id: true)
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
}
