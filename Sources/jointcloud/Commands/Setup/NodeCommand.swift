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
    let standstills = status.standstills.map { stuck in
      ("Standstill", "\(stuck.name) (\(output.text(stuck.collaboration.digest))): \(stuck.reason)")
    }
    let above = [
      ("Node", status.node.hexadecimal), ("Name", "\(status.name) (\(status.kind))"),
      ("Network", "\(status.networkName) (\(output.text(status.network.digest)))"),
      ("Admission", status.admissionProblem.map { "\($0): jointcloud doctor" } ?? ""),
      ("Members", Self.members(status)), ("Links", "\(status.links) open"),
      ("Local health", Self.localHealth(status.localHealth)), ("Datagrams", Self.datagrams(status.traffic)),
      ("Frames", Self.frames(status.traffic)), ("Broadcasts", Self.broadcasts(status.traffic)),
      ("Collaborations", "\(status.collaborations)"),
    ]
    let below = [
      ("Offers", HumanText.amounts(status.total)),
      ("Committed", HumanText.amounts(status.committed)),
      ("Events", "\(status.queuedEvents) queued, \(status.deadEvents) dead"),
      ("Listens on", status.listenAddress), ("HTTP", status.httpAddress ?? "socket only"),
      ("Up", HumanText.duration(status.nowMilliseconds - status.startedMilliseconds)),
      ("Dropped", dropped.joined(separator: ", ")), ("Version", status.version),
    ]
    return facts(above + standstills + below)
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

  private static func datagrams(_ traffic: TrafficView) -> String {
    passed(
      traffic.datagramsSent, traffic.datagramBytesSent, traffic.datagramsReceived, traffic.datagramBytesReceived)
  }

  private static func frames(_ traffic: TrafficView) -> String {
    passed(traffic.framesSent, traffic.frameBytesSent, traffic.framesReceived, traffic.frameBytesReceived)
  }

  private static func passed(_ sent: Int, _ sentBytes: Int, _ received: Int, _ receivedBytes: Int) -> String {
    "\(sent) sent (\(HumanText.bytes(sentBytes))), \(received) received (\(HumanText.bytes(receivedBytes)))"
  }

  private static func broadcasts(_ traffic: TrafficView) -> String {
    let copies = "\(traffic.factBodiesReceived) received, \(traffic.factsTaken) of them new"
    return switch traffic.factHopsMost {
    case 0: copies
    case 1: "\(copies), straight from their authors"
    default: "\(copies), over \(traffic.factHopsMost) links at most"
    }
  }
}
