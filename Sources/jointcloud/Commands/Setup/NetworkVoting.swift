import ArgumentParser
import Contract
import Engine
import Interface
import Model

/// What proposals have in common.
struct ProposalOptions: ParsableArguments {
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var who: PersonOption
  @Option(help: "Why; kept on the ledger, in at most 200 characters.")
  var reason: String

  func validate() throws {
    guard (1...Motion.reasonLimit).contains(reason.count) else {
      throw ValidationError("--reason has \(reason.count) characters; it must have 1 to \(Motion.reasonLimit)")
    }
  }

  func propose(_ act: MotionAct, _ subject: NodeID, _ client: Client) async throws {
    let receipt = try await client.propose(
      ProposalRequest(act: act, node: subject, person: try who.named(), reason: reason))
    try await output.print(name: { $0.decision.hexadecimal }, table: { $0.decision.hexadecimal }) { receipt }
    let view = try await client.decision(receipt.decision) { _ in true }
    switch (view?.state, act) {
    case (.holds, .admit): Output.hint("it holds. next: jointcloud network allow \(subject)")
    case (.holds, .revoke): Output.hint("it holds. next: jointcloud member list")
    case (nil, _): Output.hint("it waits for its decision. next: jointcloud network decisions")
    default: Output.hint("next: other voters say jointcloud network vote \(receipt.decision.short) yes")
    }
  }
}

extension Client {
  /// A proposal as soon as the ledger says of it what is waited for, or what it says after 5 s; nil where it is not there.
  fileprivate func decision(
    _ id: StatementID, until condition: (DecisionView) -> Bool
  ) async throws -> DecisionView? {
    for _ in 0..<50 {
      if let view = try await decisions().first(where: { $0.decision == id }), condition(view) { return view }
      try await Task.sleep(for: .milliseconds(100))
    }
    return try await decisions().first { $0.decision == id }
  }
}

struct NetworkAdmit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "admit", abstract: "Propose to let a node in by vote. Prints the proposal's id.",
    discussion: "Once it holds, network allow NODE-ID at any member prints what the node joins by.")
  @OptionGroup var proposal: ProposalOptions
  @Argument(help: ArgumentHelp("The id that node init printed to the joiner, in full.", valueName: "node-id"))
  var joiner: String

  func run() async throws {
    guard let id = NodeID(hexadecimal: joiner) else {
      throw Failure(
        .usage, "\"\(joiner)\" is no node's id in full: 64 lowercase hexadecimal digits",
        next: "let the joiner read it: jointcloud node id --data DIR")
    }
    try await proposal.node.withNode { client in try await proposal.propose(.admit, id, client) }
  }
}

struct NetworkRevoke: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Propose to cut a node off by vote. Prints the proposal's id.",
    discussion: "Once it holds, no node of the network speaks with it any more.")
  @OptionGroup var proposal: ProposalOptions
  @Argument(help: "The member: its id, the start of it, or its name.")
  var member: String

  func run() async throws {
    try await proposal.node.withNode { client in
      try await proposal.propose(.revoke, try await client.memberID(member), client)
    }
  }
}

struct NetworkVote: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vote", abstract: "Vote on a proposal to let a node in or to cut it off.")
  enum Word: String, ExpressibleByArgument, CaseIterable {
    case yes, no
  }

  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var who: PersonOption
  @Argument(help: "The proposal: its id, the start of it, or last.")
  var proposal: String
  @Argument(help: "yes or no; it cannot be taken back.")
  var word: Word

  func run() async throws {
    try await node.withNode { client in
      let id = StatementID(
        try Reference.find(
          proposal, "proposal",
          among: try await client.decisions().map {
            .init(id: $0.decision.digest, name: "", timeMilliseconds: $0.proposedMilliseconds)
          }, listedBy: "jointcloud network decisions"))
      _ = try await client.vote(on: id, VoteRequest(person: try who.named(), yes: word == .yes))
      let own = try await client.status().node
      let view = try await client.decision(id) { view in
        view.state != .open || view.votes.contains { $0.node == own }
      }
      try await output.print(NetworkDecisions.listing) { [view].compactMap(\.self) }
      switch view?.state {
      case .holds: Output.hint("decided: it holds from entry \(view?.entry ?? 0) on")
      case .failed: Output.hint("decided: it does not hold, since entry \(view?.entry ?? 0)")
      default: Output.hint("next: jointcloud network decisions")
      }
    }
  }
}

struct NetworkDecisions: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decisions", abstract: "Who was proposed to be let in or cut off by vote, and what became of it.")

  static let listing = Listing<DecisionView>(
    nothing: "nothing was proposed yet", name: { $0.decision.hexadecimal },
    columns: [
      .id("PROPOSAL") { $0.decision.digest },
      Column("ACT") { $0.act.rawValue },
      .node("NODE", { $0.node }, name: { $0.nodeName }),
      .state("STATE") { $0.state.rawValue },
      Column("YES") { view in voters(view, yes: true) },
      Column("NO") { view in voters(view, yes: false) },
      Column("NEEDED") { "\($0.needed)" },
      Column("BY") { "\($0.person) at \($0.proposerName)" },
      Column("ENTRY") { "\($0.entry)" },
      .id("COLLABORATION", wide: true) { $0.collaboration.digest },
      Column("EXPIRES (UTC)", wide: true) { HumanText.dateAndClock($0.expiresMilliseconds) },
      Column("REASON") { $0.reason },
    ])

  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var again: Repetition

  func run() async throws {
    try await node.withNode { client in
      try await output.print(Self.listing, again: again) { try await client.decisions() }
    }
  }

  private static func voters(_ view: DecisionView, yes: Bool) -> String {
    let names = view.votes.filter { $0.yes == yes }.map(\.name)
    return names.isEmpty ? "0" : "\(names.count) (\(names.joined(separator: ", ")))"
  }
}
