import ArgumentParser
import Engine
import Interface
import Model
import Node

/// What is common to the acts of people on who coordinates.
struct ElectionAct: ParsableArguments {
  @OptionGroup var who: PersonOption
  @Option(help: "How long to wait for the outcome.")
  var timeout = "10s"
  @Flag(name: .customLong("no-wait"), help: "End once the node has taken it, without waiting for the outcome.")
  var noWait = false

  /// nil for no waiting.
  func limit() throws -> Int? { noWait ? nil : try Arguments.milliseconds(timeout, "--timeout") }

  /// Waits until another term is decided.
  ///
  /// - Parameter missing: what has not happened, where nobody says why.
  /// - Throws: `Failure` with `timedOut`.
  func outcome(
    of id: CollaborationID, after term: Int, within limit: Int, _ client: Client, missing: (ElectionView) -> String
  ) async throws -> ElectionView {
    try await waiting(for: id, within: limit, client) {
      $0.term > term
    } missing: { view in
      "\(view.coordinatorName) coordinates term \(term) still: \(view.reason.isEmpty ? missing(view) : view.reason)"
    }
  }

  /// Waits until something holds of who coordinates.
  ///
  /// - Parameter missing: what is the case instead.
  /// - Throws: `Failure` with `timedOut`.
  func waiting(
    for id: CollaborationID, within limit: Int, _ client: Client, until holds: (ElectionView) -> Bool,
    missing: (ElectionView) -> String
  ) async throws -> ElectionView {
    let deadline = ContinuousClock.now + .milliseconds(limit)
    while true {
      let view = try await client.election(of: id)
      if holds(view) { return view }
      guard ContinuousClock.now < deadline else {
        throw Failure(
          .timedOut, "after \(HumanText.duration(Int64(limit))) \(missing(view))",
          next: view.next.isEmpty ? "jointcloud election show \(id.short) --watch" : view.next)
      }
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  /// Who coordinates now, or that it is not known yet.
  func print(_ view: ElectionView, _ output: OutputOptions, before term: Int) async throws {
    try await output.print(name: { $0.collaboration.hexadecimal }, table: { Self.line($0, before: term) }) { view }
    if view.term == term {
      Output.hint("next: \(NextStep.completed("jointcloud election show \(view.collaboration.short) --watch"))")
    }
  }

  private static func line(_ view: ElectionView, before term: Int) -> String {
    guard view.term > term else { return "taken; \(view.coordinatorName) coordinates term \(view.term) still" }
    let why = view.terms.last.map { ": " + ElectionWords.cause($0, in: view) } ?? ""
    return "\(view.coordinatorName) coordinates term \(view.term)\(why)"
  }
}

struct ElectionCall: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "call", abstract: "Call an election, and say who coordinates then.",
    discussion: "Who coordinates now may be elected again. Ends with 4 when nobody was elected in time.")
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var act: ElectionAct
  @OptionGroup var subject: ElectionSubject
  @Option(help: "Why; kept on the ledger, in at most 64 characters.")
  var reason: String

  func validate() throws {
    if let problem = ElectionText.problem(reason, "--reason") { throw ValidationError(problem) }
  }

  func run() async throws {
    let (person, limit) = (try act.who.named(), try act.limit())
    try await node.withNode { client in
      let id = try await client.electionID(subject.collaboration)
      let term = try await client.election(of: id).term
      var view = try await client.callElection(of: id, person: person, reason: reason)
      if let limit { view = try await act.outcome(of: id, after: term, within: limit, client, missing: Self.missing) }
      try await act.print(view, output, before: term)
    }
  }

  private static func missing(_ view: ElectionView) -> String {
    let others =
      view.callsNeeded > 1
      ? "\(view.callsNeeded) members must call, each by jointcloud election call; "
      : "no other member has followed the call; "
    return others + "a second call of one member is not followed within "
      + HumanText.duration(Int64(view.callIntervalMilliseconds))
  }
}

struct ElectionTransfer: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "transfer", abstract: "Hand the office of this node over to another voter.",
    usage: "jointcloud election transfer [<collaboration>] <node> [--data <dir>] [--person <name>] [--no-wait]",
    discussion: "The other consents by standing. Ends with 4 when it did not take over in time.")
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var act: ElectionAct
  @Argument(
    help: ArgumentHelp(
      "The collaboration, not needed where one alone is open, and the voter: its name, its id or the start of it.",
      valueName: "names"))
  var names: [String]

  func validate() throws {
    guard (1...2).contains(names.count) else {
      throw ValidationError("give at most a collaboration and the node that is to coordinate it")
    }
  }

  func run() async throws {
    let (person, limit) = (try act.who.named(), try act.limit())
    try await node.withNode { client in
      let id = try await client.electionID(names.count == 2 ? names[0] : nil)
      let before = try await client.election(of: id)
      let successor = try await client.voterID(names[names.count - 1], before)
      let name = before.voters.first { $0.node == successor }?.name ?? successor.short
      var view = try await client.transferOffice(of: id, to: successor, person: person)
      if let limit {
        view = try await act.outcome(of: id, after: before.term, within: limit, client) { _ in
          "\(name) has not taken over"
        }
        guard view.coordinator == successor else {
          throw Failure(
            .conflict, "\(view.coordinatorName) coordinates term \(view.term), and not \(name)",
            next: "jointcloud election why \(id.short)")
        }
      }
      try await act.print(view, output, before: before.term)
    }
  }
}
