import ArgumentParser
import Engine
import Interface
import Model
import Node

/// What is common to the acts of people on this node's part in an open round.
struct MembershipAct: ParsableArguments {
  @Option(help: "How long to wait for the outcome.")
  var timeout = "60s"
  @Flag(name: .customLong("no-wait"), help: "End once the node has taken it, without waiting for the outcome.")
  var noWait = false
  @Argument(help: "The collaboration: its id, the start of it, its name, or last.")
  var collaboration: String

  /// nil for no waiting.
  func limit() throws -> Int? { noWait ? nil : try Arguments.milliseconds(timeout, "--timeout") }

  /// Waits until this node's role is one of those wanted.
  ///
  /// - Throws: `Failure` with `timedOut`.
  func outcome(
    of view: CollaborationView, roles: Set<String>, within limit: Int, _ client: Client, missing: String
  ) async throws -> CollaborationView {
    let deadline = ContinuousClock.now + .milliseconds(limit)
    var view = view
    while !roles.contains(view.role) {
      guard ContinuousClock.now < deadline else {
        throw Failure(
          .timedOut, "after \(HumanText.duration(Int64(limit))) this node's role is \(view.role): \(missing)",
          next: "jointcloud collaboration show \(view.collaboration.short)")
      }
      try await Task.sleep(for: .milliseconds(100))
      let id = view.collaboration
      view = try await client.collaborations().first { $0.collaboration == id } ?? view
    }
    return view
  }

  static func line(_ view: CollaborationView) -> String {
    switch view.role {
    case "left": "this node has left \(view.name); roster version \(view.rosterVersion)"
    case "leaving": "this node is leaving \(view.name): it takes nothing new and is gone once its work is done"
    case "participant": "this node takes part in \(view.name); roster version \(view.rosterVersion)"
    default: "this node's role in \(view.name) is \(view.role); roster version \(view.rosterVersion)"
    }
  }
}

struct CollaborationLeave: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "leave", abstract: "Take nothing new in a collaboration, and leave it once what is here is done.",
    discussion: "Whoever coordinates hands over first. Ends with 4 when this node is not gone in time.")
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var act: MembershipAct
  @Option(help: "Why; kept on the ledger, in at most 200 characters.")
  var reason = ""

  func validate() throws {
    if let problem = LeaveText.problem(reason) { throw ValidationError(problem) }
  }

  func run() async throws {
    let limit = try act.limit()
    try await node.withNode { client in
      let id = try await client.electionID(act.collaboration)
      var view = try await client.leave(id, reason: reason)
      if let limit {
        view = try await act.outcome(
          of: view, roles: ["left"], within: limit, client,
          missing: "what it has is not done, or too few are in reach to decide it; the wish is kept")
      }
      let asks = limit == nil
      try await output.print(
        name: { $0.collaboration.hexadecimal },
        table: { asks ? "asked to leave \($0.name)" : MembershipAct.line($0) }
      ) { [view] in view }
    }
  }
}

struct CollaborationJoin: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "join", abstract: "Be a member again of a collaboration that this node left.",
    discussion:
      "Other nodes need not ask: while there is work, a collaboration's coordinator asks those that come later. "
      + "Ends with 4 when this node was not let in in time.")
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var act: MembershipAct

  func run() async throws {
    let limit = try act.limit()
    try await node.withNode { client in
      let id = try await client.electionID(act.collaboration)
      var view = try await client.join(id)
      if let limit {
        view = try await act.outcome(
          of: view, roles: ["participant", "coordinator"], within: limit, client,
          missing: "nobody who coordinates let it in")
      }
      let asks = limit == nil
      try await output.print(
        name: { $0.collaboration.hexadecimal },
        table: { asks ? "asked to join \($0.name)" : MembershipAct.line($0) }
      ) { [view] in view }
    }
  }
}
