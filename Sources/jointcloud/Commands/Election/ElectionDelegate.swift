import ArgumentParser
import Engine
import Interface
import Model

struct ElectionDelegate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delegate", abstract: "Delegate coordination to a node that offers no resources, or take that back.",
    usage: """
      jointcloud election delegate [<collaboration>] <node> [--reason <text>] [--data <dir>] [--person <name>] [--no-wait]
      jointcloud election delegate --withdraw [<collaboration>]
      """,
    discussion: """
      Once a quorum of the other voters delegates to it (of two both, of three two, of four three), it takes over; once \
      they are fewer, an election is called. This node's vote stays its own. What it says within 10 s of what it said \
      before waits, but for taking that back. Ends with 4 when it is not decided in time, or decided by a quorum and not \
      come about: it goes on being said.
      """)
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var act: ElectionAct
  @Option(help: "Why; kept on the ledger, in at most 64 characters.")
  var reason: String?
  @Flag(help: "Delegate to nobody any more.")
  var withdraw = false
  @Argument(
    help: ArgumentHelp(
      "The collaboration, not needed where one alone is open, and the voter: its name, its id or the start of it.",
      valueName: "names"))
  var names: [String] = []

  func validate() throws {
    if let problem = reason.flatMap({ ElectionText.problem($0, "--reason") }) { throw ValidationError(problem) }
    if withdraw, names.count > 1 { throw ValidationError("with --withdraw name a collaboration at most") }
    if !withdraw, !(1...2).contains(names.count) {
      throw ValidationError("name the node that is to coordinate, after the collaboration where several are open")
    }
  }

  func run() async throws {
    let (person, limit) = (try act.who.named(), try act.limit())
    try await node.withNode { client in
      let id = try await client.electionID(names.count == (withdraw ? 1 : 2) ? names[0] : nil)
      let before = try await client.election(of: id)
      let agent = withdraw ? nil : try await client.voterID(names[names.count - 1], before)
      let own = try await client.status().node
      var view = try await client.delegate(id, to: agent, person: person, reason: reason ?? "")
      if let limit { view = try await outcome(own, agent, of: id, within: limit, client) }
      try await output.print(name: { $0.collaboration.hexadecimal }, table: { Self.line($0, own, agent, before) }) {
        view
      }
      if view.delegations.first(where: { $0.node == own })?.agent != agent {
        Output.hint("next: \(NextStep.completed("jointcloud election show \(id.short) --watch"))")
      }
    }
  }

  /// Waits until it is decided, and until who coordinates is as it asks for.
  private func outcome(
    _ own: NodeID, _ agent: NodeID?, of id: CollaborationID, within limit: Int, _ client: Client
  ) async throws -> ElectionView {
    func isDecided(_ view: ElectionView) -> Bool {
      !view.delegationWaits && view.delegations.first { $0.node == own }?.agent == agent
    }
    return try await act.waiting(for: id, within: limit, client) { view in
      // An operator that is away takes over once it is back: nobody waits for that here.
      let isAway = view.agent.map { agent in view.voters.first { $0.node == agent }?.state != "alive" } ?? false
      return isDecided(view) && (!view.agentAwaited || isAway)
    } missing: { view in
      let what =
        isDecided(view)
        ? "it is decided, and \(view.coordinatorName) coordinates term \(view.term) still"
        : "it is not decided, and is said again until it is"
      return what + (view.reason.isEmpty ? "" : ": \(view.reason)")
    }
  }

  private static func line(_ view: ElectionView, _ own: NodeID, _ agent: NodeID?, _ before: ElectionView) -> String {
    let given = view.delegations.first { $0.node == own }
    guard given?.agent == agent, !view.delegationWaits else { return "taken; not decided yet" }
    var words = given.map { "this node delegates to \($0.agentName)" } ?? "this node delegates to nobody"
    if let given {
      words += " (\(view.delegations.count { $0.agent == given.agent && $0.counts }) of \(given.needed) needed)"
    }
    words += "; \(view.coordinatorName) coordinates term \(view.term)"
    guard view.term > before.term, let term = view.terms.last else { return words }
    return words + ": " + ElectionWords.cause(term, in: view)
  }
}
