import ArgumentParser
import Engine
import Interface
import Model

struct ElectionPreview: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "preview",
    abstract: "Say, before an election is called, for whom this node would vote, whose votes are in reach, what runs.",
    discussion: "Nothing is changed. Running work stays where it is, whoever coordinates.")
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var subject: ElectionSubject

  /// What is known before an election is called.
  struct Document: Encodable {
    /// In the order in which this node would vote for them.
    var candidates: [VoterView]
    var collaboration: CollaborationID
    var name: String
    var coordinator: NodeID
    var coordinatorName: String
    var coordinatorSinceMilliseconds: Int64
    /// How many terms the coordinator had, this one among them, and how many there were.
    var coordinatorTerms: Int
    var terms: Int
    var term: Int
    var votesInReach: Int
    var votesNeeded: Int
    var votesMissing: Int
    var callsNeeded: Int
    var openTasks: Int
    /// Subtasks of those that are assigned, and how many of them run.
    var assigned: Int
    var running: Int

    init(_ view: ElectionView, tasks: [TaskView]) {
      let open = tasks.filter { $0.collaboration == view.collaboration && !TaskText.isFinal.contains($0.state) }
      candidates = view.voters
      collaboration = view.collaboration
      name = view.name
      coordinator = view.coordinator
      coordinatorName = view.coordinatorName
      let latest = view.terms.reversed().prefix { $0.coordinator == view.coordinator }
      coordinatorSinceMilliseconds = latest.last?.timeMilliseconds ?? 0
      coordinatorTerms = view.terms.count { $0.coordinator == view.coordinator }
      terms = view.terms.count
      term = view.term
      votesInReach = view.inReach
      votesNeeded = view.quorum
      votesMissing = view.missing
      callsNeeded = view.callsNeeded
      openTasks = open.count
      assigned = open.reduce(0) { $0 + $1.assigned }
      running = open.reduce(0) { $0 + $1.running }
    }
  }

  func run() async throws {
    try await node.withNode { client in
      let id = try await client.electionID(subject.collaboration)
      let view = try await client.election(of: id)
      let document = Document(view, tasks: try await client.tasks())
      try await output.print(name: { $0.collaboration.hexadecimal }, table: { table($0, view) }) { document }
      let call = "jointcloud election call \(id.short) --reason TEXT"
      Output.hint("next: \(NextStep.completed(view.next.isEmpty ? call : view.next))")
    }
  }

  private func table(_ document: Document, _ view: ElectionView) -> String {
    let calls = document.callsNeeded == 1 ? "" : "\(document.callsNeeded) members must call before votes are cast"
    return facts([
      ("Collaboration", document.collaboration.hexadecimal), ("Name", document.name),
      (
        "Coordinator",
        "\(document.coordinatorName) (\(output.text(document.coordinator.digest))), in office since "
          + "\(ElectionWords.moment(document.coordinatorSinceMilliseconds)); "
          + "\(document.coordinatorTerms) of \(ElectionWords.count(document.terms, "term") ?? "no term")"
      ),
      ("Reason", view.reason), ("Calls", calls), ("Votes", ElectionWords.votes(view)),
      ("Running work", Self.work(document)),
    ]) + "\nCandidates, in the order in which this node would vote for them:\n"
      + ElectionWords.voters(of: view).table(document.candidates, wide: output.format == .wide)
  }

  private static func work(_ document: Document) -> String {
    guard let tasks = ElectionWords.count(document.openTasks, "open task") else { return "none" }
    return "\(tasks), \(ElectionWords.count(document.assigned, "subtask") ?? "no subtask") assigned, "
      + "\(document.running) of them running; all stay where they are"
  }
}
