import ArgumentParser
import Engine
import Interface
import Model

struct Trace: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Follow one piece of work, or an announcement, through planes and nodes.",
    discussion: """
      Asks the members of its collaborations, or all where it belongs to none, as far as a stream to them is open. Who \
      does not answer within 2 s has a row, and so have those that were not asked. Times are by the clock of the node \
      that tells.
      """)
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var again: Repetition
  @Argument(
    help: """
      A task: its id, the start of it, or its name. Or a trace: its id, or the start of it where an announcement, a \
      task or an event of this node has it. Or last: the newest task or announcement.
      """)
  var id: String

  func run() async throws {
    try await node.withNode { client in
      let trace = try await client.traceID(id)
      guard !again.watch else {
        return try await output.print(hops, again: again) { try await client.trace(trace) }
      }
      let known = try await client.trace(trace)
      if !known.isEmpty { try await output.print(hops) { known } }
      guard known.contains(where: { !$0.isRemark }) else {
        throw Failure(
          .error, "neither this node nor a member that answered knows trace \(trace.hexadecimal)",
          next: "jointcloud task list, or jointcloud network show -o wide")
      }
    }
  }

  private var hops: Listing<TraceView> {
    Listing(
      nothing: "nothing of this trace is kept here", name: { $0.what },
      columns: [
        Column("AT (UTC)") { HumanText.clock($0.timeMilliseconds) },
        Column("PLANE") { $0.plane },
        .node("NODE", { $0.node }, name: { $0.nodeName }),
        .id("ID", wide: true) { $0.node.digest },
        Column("WHAT") { $0.what },
        Column("DETAIL") { $0.detail },
      ])
  }
}
