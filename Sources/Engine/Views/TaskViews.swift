public import Model

/// A row of `task list`, and the head of `task show`.
public struct TaskView: Codable, Sendable, Hashable {
  public var task: TaskID
  public var name: String
  public var collaboration: CollaborationID
  public var submitter: NodeID
  public var trace: TraceID
  /// announced, negotiating, queued, running, succeeded, failed, cancelled or unplaced.
  public var state: String
  /// Why it waits or how it ended; never empty for a state that waits.
  public var reason: String
  /// For failed tasks: command, timeout, input ...; otherwise empty.
  public var category: String
  public var subtasks: Int
  public var succeeded: Int
  public var running: Int
  public var assigned: Int
  /// Subtasks that wait; none of a task that is over.
  public var pending: Int
  public var submittedMilliseconds: Int64
  public var startedMilliseconds: Int64?
  public var endedMilliseconds: Int64?
  /// What participants charge for what they did so far.
  public var costMicro: Int
  public var plans: Int
}

/// `task show`.
public struct TaskDetailView: Codable, Sendable, Hashable {
  public var task: TaskView
  public var subtasks: [SubtaskView]
  public var participants: [TaskParticipantView]
  /// The reduced result's files, or each subtask's; "stdout" is one of the paths.
  public var results: [ResultFileView]
}

public struct SubtaskView: Codable, Sendable, Hashable {
  public var index: Int
  /// map or reduce.
  public var stage: String
  /// planned, offered, accepted, staging, queued, running, publishing, succeeded, failed, lost, cancelled or pending.
  public var state: String
  public var reason: String
  /// The attempt that the state is of: the last one made when the task is over, else the one that runs or comes next.
  public var attempt: Int
  /// Who runs or ran that attempt.
  public var node: NodeID?
  public var nodeName: String
  /// The backend's own id and state, beside the common one (R42).
  public var nativeID: String
  public var nativeState: String
  public var results: [ResultFileView]
}

/// Who did what, for which price.
public struct TaskParticipantView: Codable, Sendable, Hashable {
  public var node: NodeID
  public var name: String
  public var accepted: Int
  public var declined: Int
  public var succeeded: Int
  public var failed: Int
  public var lost: Int
  public var running: Int
  public var cpuMilliseconds: Int
  public var costMicro: Int
  public var weightBeforePPM: Int
  public var weightAfterPPM: Int
}

public struct ResultFileView: Codable, Sendable, Hashable {
  /// The subtask that wrote it.
  public var subtask: Int
  public var path: String
  public var digest: Digest
  public var byteCount: Int
}

/// One plan of a task, as it stands on the ledger (R62).
public struct PlanView: Codable, Sendable, Hashable {
  public var number: Int
  /// The plan that this one replaces; 0 for the first.
  public var previous: Int
  public var cause: String
  /// The ledger entry; 0 for a preview.
  public var entry: Int
  public var strategy: String
  public var seed: String
  /// Where the plan was made, or a submission would go now.
  public var collaboration: CollaborationID
  public var collaborationName: String
  public var candidates: [Candidate]
  public var filtered: [Filtered]

  public struct Candidate: Codable, Sendable, Hashable {
    public var node: NodeID
    public var name: String
    public var weightPPM: Int
    public var free: Amounts
    /// Subtasks that fit into what is free.
    public var fits: Int
    public var score: Int
    /// Subtasks chosen for it.
    public var chosen: Int
  }

  public struct Filtered: Codable, Sendable, Hashable {
    public var node: NodeID
    public var name: String
    public var constraint: String
    public var detail: String
  }
}

/// `task explain`: what each participant said, and where that stands.
public struct ExplanationView: Codable, Sendable, Hashable {
  public var task: TaskView
  public var participants: [Answer]
  public var plans: [PlanView]

  public struct Answer: Codable, Sendable, Hashable {
    /// What an answer was to.
    public enum Question: String, Codable, Sendable, Hashable {
      /// This task.
      case task
      /// The call of the collaboration, which may have been made for another task with other needs.
      case call
    }

    public var node: NodeID
    public var name: String
    public var to: Question
    /// To the task: accepted, declined, silent, filtered, failed or lost. To the call: asked, joined, declined,
    /// countered, refused, silent or dropped.
    public var answer: String
    public var code: String
    public var detail: String
    public var retryAfterMilliseconds: Int?
    public var subtasks: Int
    /// The ledger entry that says so.
    public var entry: Int
  }
}

/// A row of `offer list`: what this node was offered as a participant.
public struct OfferView: Codable, Sendable, Hashable {
  public var offer: OfferID
  public var collaboration: CollaborationID
  public var task: TaskID
  public var taskName: String
  public var coordinator: NodeID
  public var subtasks: Int
  public var needs: Amounts
  /// waiting (for the operator), accepted, declined or expired.
  public var state: String
  public var code: String
  public var reason: String
  public var expiresMilliseconds: Int64
}

/// A piece of a subtask's output.
public struct LogView: Codable, Sendable, Hashable {
  public var subtask: Int
  public var attempt: Int
  /// Who runs or ran the attempt; nil when nobody has taken it.
  public var node: NodeID?
  public var nodeName: String
  /// Why the attempt failed; empty for one that did not.
  public var failure: String
  /// stdout or stderr.
  public var stream: String
  public var offset: Int
  /// Text in base64, as it may be anything.
  public var base64: String
  /// No more will follow.
  public var end: Bool
  /// Why nothing can be shown now; empty otherwise.
  public var problem: String

  public init(
    of source: LogSource, stream: String, offset: Int, base64: String = "", end: Bool = false, problem: String = ""
  ) {
    subtask = source.attempt.subtask
    attempt = source.attempt.number
    node = source.node
    nodeName = source.nodeName
    failure = source.failure
    self.stream = stream
    self.offset = offset
    self.base64 = base64
    self.end = end
    self.problem = problem
  }
}
