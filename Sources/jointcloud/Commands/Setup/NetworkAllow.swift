import ArgumentParser
import Contract
import Engine
import Interface
import Model
import Node
import Overlay

struct NetworkAllow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "allow", abstract: "Let one node in by its id. Prints what it joins by (jc1...), which is no secret.",
    discussion: """
      Only that node can use what is printed: it may be sent by any way. The joiner finds its id with node init. \
      Members stay when the time to join is over.
      """)
  @OptionGroup var node: DataOptions
  @Argument(help: ArgumentHelp("The id that node init printed to the joiner, in full.", valueName: "node-id"))
  var joiner: String
  @Option(help: "How long it may join: 1s to 720h.")
  var expires = "24h"
  @Option(help: ArgumentHelp("Where this node can be reached, if not where it runs now.", valueName: "host:port"))
  var address: [String] = []

  func run() async throws {
    let folder = try node.folder()
    guard let id = NodeID(hexadecimal: joiner) else {
      throw Failure(
        .usage, "\"\(joiner)\" is no node's id in full: 64 lowercase hexadecimal digits",
        next: "let the joiner read it: jointcloud node init prints it, and jointcloud node id --data DIR")
    }
    let life = try NetworkCommand.life(expires)
    for text in address { _ = try Arguments.reachable(text, "--address") }
    if try await hasWelcomed(id, folder) { return }
    let text = try NodeSetup(folder).allow(id, addresses: address, expiresMilliseconds: HumanText.now() + life)
    Output.data(text)
    Output.hint(
      "node \(id.short) alone may join by it, for \(HumanText.duration(life)); it is no secret: "
        + "jointcloud network join --data DIR jc1...")
  }

  /// A node that the network let in by vote needs no founder's word: any member may say how it joins.
  private func hasWelcomed(_ id: NodeID, _ folder: DataFolder) async throws -> Bool {
    let genesis = try NetworkFile.read(in: folder).membership.genesis
    guard genesis.admission.vote else { return false }
    let setup = NodeSetup(folder)
    let mayGrant = (try? setup.identity().requireGranting(.allowList)) != nil
    if mayGrant { return false }
    let node = try NodeOptions.parse(["--data", folder.path])
    let isVotedIn = try await node.withNode { client in
      try await client.decisions().contains { $0.node == id && $0.act == .admit && $0.state == .holds }
    }
    guard isVotedIn else {
      throw Failure(
        .notPermitted, "no decision that lets node \(id.short) in holds here",
        next: "jointcloud network admit \(id) --reason TEXT")
    }
    Output.data(try setup.welcome(id, addresses: address))
    Output.hint("node \(id.short) alone may join by it; it is no secret: jointcloud network join --data DIR jc1...")
    return true
  }
}
