import ArgumentParser
import Engine
import Interface
import Model

/// What is common to the acts of people on this node's part in an open round.
struct MembershipAct: ParsableArguments {
  @Option(help: "How long to wait for the outcome.")
  var timeout = "60s"
  @Flag(name: .customLong("no-wait"), help: "End once the node has taken it, without waiting for the outcome.")
  var noWait = false
  @Argument(help: "The collaboration: its id, the start of it, its name, or last.")
  var collaboration: String

  /// Says what came of it: at once what was asked, or what this node's role is when it is one of those wanted.
  ///
  /// - Parameters:
  ///   - asked: what the node has taken.
  ///   - missing: what has not happened where the time is over.
  /// - Throws: `Failure` with `timedOut`.
  func finish(
    _ view: CollaborationView, asked: String, roles: Set<String>, missing: String, _ client: Client,
    _ output: OutputOptions
  ) async throws {
    let limit = noWait ? nil : try Arguments.milliseconds(timeout, "--timeout")
    let reached =
      if let limit {
        try await outcome(of: view, roles: roles, within: limit, client, missing: missing)
      } else {
        view
      }
    try await output.print(
      name: { $0.collaboration.hexadecimal },
      table: { limit == nil ? "\(asked) \($0.name)" : Self.line($0) }
    ) { reached }
  }

  func validate() throws { if !noWait { _ = try Arguments.milliseconds(timeout, "--timeout") } }

  private func outcome(
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

  private static func line(_ view: CollaborationView) -> String {
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
    try await node.withNode { client in
      let id = try await client.electionID(act.collaboration)
      try await act.finish(
        try await client.leave(id, reason: reason), asked: "asked to leave", roles: ["left"],
        missing: "what it has is not done, or too few are in reach to decide it; the wish is kept", client, output)
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
    try await node.withNode { client in
      let id = try await client.electionID(act.collaboration)
      try await act.finish(
        try await client.join(id), asked: "asked to join", roles: ["participant", "coordinator"],
        missing: "nobody who coordinates let it in", client, output)
    }
  }
}
