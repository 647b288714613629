import ArgumentParser
import Engine
import Interface
import Model

struct NodeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "node", abstract: "This node: set it up, run it, look at it.",
    subcommands: [NodeInit.self, NodeRunCommand.self, NodeStatus.self])
}

struct NodeStatus: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "status", abstract: "Say how the running node is.")
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var again: Repetition

  func run() async throws {
    try await node.withNode { client in
      try await output.print(name: { $0.node.hexadecimal }, table: Self.table, again: again) {
        try await client.status()
      }
    }
  }

  private static func table(_ status: NodeStatusView) -> String {
    let dropped = status.dropped.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    return facts([
      ("Node", status.node.hexadecimal), ("Name", "\(status.name) (\(status.kind))"),
      ("Network", "\(status.networkName) (\(status.network.short))"),
      ("Members", "\(status.membersAlive) of \(status.members) alive"),
      ("Collaborations", "\(status.collaborations)"), ("Offers", HumanText.amounts(status.total)),
      ("Committed", HumanText.amounts(status.committed)),
      ("Events", "\(status.queuedEvents) queued, \(status.deadEvents) dead"),
      ("Listens on", status.listenAddress), ("HTTP", status.httpAddress.isEmpty ? "socket only" : status.httpAddress),
      ("Up", HumanText.duration(status.nowMilliseconds - status.startedMilliseconds)),
      ("Dropped", dropped.joined(separator: ", ")), ("Version", status.version),
    ])
  }
}
