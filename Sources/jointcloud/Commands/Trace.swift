import ArgumentParser
import Engine
import Interface
import Model

struct Trace: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Follow one piece of work, or an announcement, through planes and nodes.",
    discussion: """
      Asks the members of its collaborations, or the linked ones where it belongs to none; who does not answer within \
      2 s has a row. Times are by the clock of the node that tells.
      """)
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var again: Repetition
  @Argument(help: "A trace's id in full, or a task: its id, the start of it, its name, or last.")
  var id: String

  func run() async throws {
    try await node.withNode { client in
      let tasks = try await client.tasks()
      let trace: TraceID
      if let whole = TraceID(hexadecimal: id), !tasks.contains(where: { $0.task.digest == whole.digest }) {
        trace = whole
      } else {
        let task = try await client.taskID(id)
        guard let view = tasks.first(where: { $0.task == task }) else {
          throw Failure(.error, "this node knows no task \(id)", next: "jointcloud task list")
        }
        trace = view.trace
      }
      try await output.print(hops, again: again) { try await client.trace(trace) }
    }
  }

  private var hops: Listing<TraceView> {
    Listing(
      nothing: "nothing of this trace is kept here", name: { $0.what },
      columns: [
        Column("AT") { HumanText.clock($0.timeMilliseconds) },
        Column("PLANE") { $0.plane },
        Column("NODE") { $0.nodeName.isEmpty ? $0.node.short : $0.nodeName },
        Column("ID", wide: true) { $0.node.short },
        Column("WHAT") { $0.what },
        Column("DETAIL") { $0.detail },
      ])
  }
}
