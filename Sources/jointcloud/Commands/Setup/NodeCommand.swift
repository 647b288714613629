import ArgumentParser
import Engine
import Interface
import Model

struct NodeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "node", abstract: "This node: set it up, run it, look at it.",
    subcommands: [NodeInit.self, NodeIdentifier.self, NodeRunCommand.self, NodeStatus.self, NodePing.self])
}

struct NodeStatus: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "status", abstract: "Say how the running node is.")
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var again: Repetition

  func run() async throws {
    try await node.withNode { client in
      try await output.print(name: { $0.node.hexadecimal }, table: table, again: again) {
        try await client.status()
      }
    }
  }

  private func table(_ status: NodeStatusView) -> String {
    let dropped = status.dropped.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    return facts([
      ("Node", status.node.hexadecimal), ("Name", "\(status.name) (\(status.kind))"),
      ("Network", "\(status.networkName) (\(output.text(status.network.digest)))"),
      ("Members", Self.members(status)), ("Links", "\(status.links) open"),
      ("Local health", Self.localHealth(status.localHealth)), ("Traffic", Self.traffic(status.traffic)),
      ("Collaborations", "\(status.collaborations)"), ("Offers", HumanText.amounts(status.total)),
      ("Committed", HumanText.amounts(status.committed)),
      ("Events", "\(status.queuedEvents) queued, \(status.deadEvents) dead"),
      ("Listens on", status.listenAddress), ("HTTP", status.httpAddress.isEmpty ? "socket only" : status.httpAddress),
      ("Up", HumanText.duration(status.nowMilliseconds - status.startedMilliseconds)),
      ("Dropped", dropped.joined(separator: ", ")), ("Version", status.version),
    ])
  }

  private static func members(_ status: NodeStatusView) -> String {
    let others = ["suspected", "failed", "left"].compactMap { state in
      status.membersByState[state].flatMap { $0 > 0 ? ", \($0) \(state)" : nil }
    }
    return "\(status.membersAlive) of \(status.members) alive" + others.joined()
  }

  private static func localHealth(_ score: Int) -> String {
    score == 0 ? "well" : "\(score) of 8: this node hears late or not at all, and gives others longer"
  }

  private static func traffic(_ traffic: TrafficView) -> String {
    func part(_ what: String, _ sent: Int, _ sentBytes: Int, _ received: Int, _ receivedBytes: Int) -> String {
      "\(what) \(sent) sent (\(HumanText.bytes(sentBytes))), \(received) received (\(HumanText.bytes(receivedBytes)))"
    }
    return [
      part(
        "datagrams", traffic.datagramsSent, traffic.datagramBytesSent, traffic.datagramsReceived,
        traffic.datagramBytesReceived),
      part("frames", traffic.framesSent, traffic.frameBytesSent, traffic.framesReceived, traffic.frameBytesReceived),
      "facts \(traffic.factsTaken) taken of \(traffic.factBodiesReceived) copies, over \(traffic.factHopsMost) links at most",
    ].joined(separator: "; ")
  }
}
