import Engine
import Glibc
import Interface
import Model

/// The second task outlives its coordinators: the asker hands over, the successor is killed, the others elect.
extension DemoPlay {
  private static let successor = "super"
  private static let caller = "edge"

  /// Transfers the office off the asker, then kills who took it while the task runs.
  ///
  /// - Returns: who was killed.
  func changeCoordinators(of task: TaskID, in collaboration: CollaborationID) async throws -> String {
    try await handOver(collaboration)
    try await loseCoordinator(of: task, in: collaboration)
    return Self.successor
  }

  private func handOver(_ collaboration: CollaborationID) async throws {
    try await report.step("hand over", "the asker gives the office to \(Self.successor), in mid-task") {
      let voter = try await election(of: collaboration).voters.first { $0.name == Self.successor }
      guard let voter else { throw Failure(step: "\(Self.successor) has no vote") }
      _ = try await ask(DemoCast.asker.name) { client in
        try await client.transferOffice(of: collaboration, to: voter.node, person: "the asker's operator")
      }
      let view = try await until("\(Self.successor) coordinates", atMost: .seconds(20)) {
        let view = try await election(of: collaboration)
        return view.coordinatorName == Self.successor ? view : nil
      }
      return "\(view.coordinatorName) coordinates term \(view.term), elected by \(Self.votes(view))"
    }
  }

  private func loseCoordinator(of task: TaskID, in collaboration: CollaborationID) async throws {
    try await report.step("lose", "the coordinator is killed in mid-task") {
      let before = try await election(of: collaboration)
      let state = try await until("the task runs", atMost: .seconds(30), every: .milliseconds(20)) {
        let state = try await ask(DemoCast.asker.name) { try await $0.task(task).task.state }
        return ["negotiating", "queued"].contains(state) ? nil : state
      }
      guard state == "running" else { throw Failure(step: "the task \(state) before its coordinator could be killed") }
      guard let process = running[Self.successor], let number = process.process else {
        throw Failure(step: "node \(Self.successor) has no process any more")
      }
      process.signal(SIGKILL)
      let since = ContinuousClock.now
      let view = try await until("another coordinates", atMost: .seconds(30), dying: Self.successor) {
        let view = try await election(of: collaboration)
        return view.term > before.term ? view : nil
      }
      let waited = DemoReport.seconds((ContinuousClock.now - since).milliseconds, width: 0)
      return "SIGKILL to \(Self.successor) (process \(number)); \(waited) s later \(view.coordinatorName) coordinates "
        + "term \(view.term), elected by \(Self.votes(view))"
    }
  }

  /// An operator at one of the members calls an election; then every term is told from the ledger.
  func callElection(in collaboration: CollaborationID) async throws {
    try await report.step("call", "the operator of \(Self.caller) calls an election") {
      let before = try await election(of: collaboration)
      _ = try await ask(Self.caller) { client in
        try await client.callElection(
          of: collaboration, person: "the operator of \(Self.caller)", reason: "the demo is at its end")
      }
      let view = try await until("a new term is decided", atMost: .seconds(20)) {
        let view = try await election(of: collaboration)
        return view.term > before.term ? view : nil
      }
      return "\(view.coordinatorName) coordinates term \(view.term), elected by \(Self.votes(view))"
    }
    try await report.step("why", "election why: every term as the ledger tells it") {
      let terms = try await election(of: collaboration).terms
      report.keep("causes", .array(terms.map { .string($0.cause) }))
      return terms.map { term in
        "term \(term.term): \(term.coordinatorName), \(term.cause)" + (term.person.map { " by \($0)" } ?? "")
      }.joined(separator: "\n")
    }
  }

  private func election(of collaboration: CollaborationID) async throws -> ElectionView {
    try await ask(DemoCast.asker.name) { try await $0.election(of: collaboration) }
  }

  private static func votes(_ view: ElectionView) -> String {
    view.terms.last?.votes.joined(separator: ", ") ?? ""
  }
}
