import Contract
import Coordination
import Engine
import Interface
import Model
import Node

/// Submits tasks whose subtasks run nothing, into one open round.
struct NoopTasks: Sendable {
  let asker: BenchmarkNetwork.Member
  let collaboration: CollaborationID

  /// Times out what hangs; far above anything that is measured.
  private static let limit = Duration.seconds(120)
  /// So little that thousands run at once.
  private static let needs = Amounts(cpuMillicores: 10, memoryBytes: 1 << 20)

  /// Opens a round with everybody.
  ///
  /// - Returns: its collaboration, and the time from the command to the open round.
  static func openRound(
    _ asker: BenchmarkNetwork.Member, members: Int, _ board: TaskBoard
  ) async throws -> (CollaborationID, Duration) {
    let request = CollaborationRequest(
      name: "benchmark", kind: "batch", labels: [:], needs: needs, replyByMilliseconds: 5_000,
      priceLimitMicroPerCPUSecond: nil)
    let start = ContinuousClock.now
    let id = try await asker.client.createCollaboration(request).collaboration
    let open = try await board.firstTime(of: [TaskNotice("round.opened", in: id)], within: limit)
    let view = try await asker.client.collaborations().first { $0.collaboration == id }
    guard view?.members == members else {
      throw BenchmarkFailure("the round has \(view?.members ?? 0) members instead of \(members)")
    }
    return (id, open - start)
  }

  /// Gives the node what such tasks do, so that a submission names it only.
  func prepare(subtasks: Int) async throws -> ObjectReference {
    let specification = TaskSpecification(
      command: ["true"], script: nil, environment: [:], sharedInputs: [], split: .replicas(count: subtasks),
      results: [], outputLimitBytes: 1_024, reduce: nil)
    return try await asker.client.putObject(try CanonicalJSON.encode(specification))
  }

  /// - Returns: the task, and when its submission began.
  func submit(
    _ specification: ObjectReference, subtasks: Int
  ) async throws -> (task: TaskID, start: ContinuousClock.Instant) {
    var random = Random.system()
    let submission = Submission(
      name: "noop", kind: "batch", labels: [:], specification: specification, subtaskCount: subtasks, reduces: false,
      needs: Self.needs, reduceNeeds: Self.needs, adapter: "noop",
      timeouts: .init(
        negotiateMilliseconds: 5_000, queueMilliseconds: 60_000, executeMilliseconds: 60_000,
        totalMilliseconds: 300_000),
      attemptLimit: 3, priority: 0, priceLimitMicroPerCPUSecond: nil, trace: TraceID(random.digest()),
      submittedMilliseconds: Wall.milliseconds(), nonce: random.digest().hexadecimal)
    let start = ContinuousClock.now
    let view = try await asker.client.submit(
      SubmissionRequest(submission: submission, collaboration: collaboration, opensCollaboration: false))
    return (view.task, start)
  }

  /// Waits until a task has succeeded as a whole.
  func end(of task: TaskID, subtasks: Int, _ board: TaskBoard) async throws -> ContinuousClock.Instant {
    let end = try await board.firstTime(of: [TaskNotice("task.succeeded", of: task)], within: Self.limit)
    let view = try await asker.client.tasks().first { $0.task == task }
    guard view?.succeeded == subtasks else {
      throw BenchmarkFailure("only \(view?.succeeded ?? 0) of \(subtasks) subtasks succeeded")
    }
    return end
  }
}
