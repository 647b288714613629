public import Model

/// An attempt that was accepted and came to nothing, with what it wrote.
public struct FailedAttempt: Hashable, Sendable {
  public let number: Int
  public let node: NodeID
  public let failure: AttemptFailure
  /// What it wrote; nil where nothing of it was kept, as of an attempt that was lost.
  public let standardOutput: ObjectReference?
  public let standardError: ObjectReference?

  init(
    number: Int, node: NodeID, failure: AttemptFailure, standardOutput: ObjectReference?,
    standardError: ObjectReference?
  ) {
    self.number = number
    self.node = node
    self.failure = failure
    self.standardOutput = standardOutput
    self.standardError = standardError
  }

  init(number: Int, node: NodeID, failure: AttemptFailure, files: [ResultObject]) {
    self.init(
      number: number, node: node, failure: failure,
      standardOutput: files.first { $0.path == "stdout" }?.content,
      standardError: files.first { $0.path == "stderr" }?.content)
  }
}

/// One subtask as the ledger has it.
public struct SubtaskRecord: Hashable, Sendable {
  public enum State: Hashable, Sendable {
    case pending
    case assigned(to: NodeID, leaseEndsMilliseconds: Int64)
    case succeeded(by: NodeID)
  }

  public internal(set) var state = State.pending
  /// The number that its next attempt gets, or the running one has.
  public internal(set) var attempt = 1
  /// Attempts that were accepted and came to nothing, newest last; the submission's limit of attempts bounds them.
  public internal(set) var failed: [FailedAttempt] = []
  public internal(set) var result: AttemptResult?

  /// How many attempts were accepted and came to nothing.
  public var failures: Int { failed.count }
  /// Who failed or lost it, newest last; avoided while there are others.
  public var failedAt: [NodeID] { failed.map(\.node) }
  public var lastFailure: AttemptFailure? { failed.last?.failure }

  public var isPending: Bool { state == .pending }

  public var assignee: NodeID? {
    if case .assigned(let node, _) = state { node } else { nil }
  }

  public var isDone: Bool {
    if case .succeeded = state { true } else { false }
  }
}

/// What one participant did for one task.
public struct TaskShare: Codable, Hashable, Sendable {
  public internal(set) var accepted = 0
  public internal(set) var declined = 0
  public internal(set) var ignored = 0
  public internal(set) var succeeded = 0
  public internal(set) var failed = 0
  public internal(set) var lost = 0
  public internal(set) var running = 0
  /// At most `Credits.most`.
  public internal(set) var cpuMilliseconds = 0
  public internal(set) var cost = Credits.zero
  public internal(set) var weightBeforePPM = 0
  /// Subtasks whose decline has cost it weight: each costs once, however often it is offered.
  @Ascending var charged: Set<Int> = []
}

/// What a participant said about a task, with the entry that says so.
public struct TaskAnswer: Codable, Hashable, Sendable {
  public enum Kind: String, Codable, Hashable, Sendable {
    case accepted, declined, silent, failed, lost
  }

  public let entry: Int
  public let node: NodeID
  public let kind: Kind
  public let code: String
  public let detail: String
  public let retryAfterMilliseconds: Int?
  public let subtasks: Int
}

/// A task as the ledger has it.
public struct TaskRecord: Codable, Hashable, Sendable {
  /// Older answers are read from the ledger when somebody wants them.
  public static let answersKept = 512
  public static let plansKept = 64

  public struct Ending: Codable, Hashable, Sendable {
    public let entry: Int
    public let timeMilliseconds: Int64
    public let body: TaskEnded
  }

  public struct Planned: Codable, Hashable, Sendable {
    public let entry: Int
    public let plan: TaskPlanned
  }

  public let id: TaskID
  public let submitter: NodeID
  public let submission: Submission
  /// The time of the entry that holds its submission.
  public let enteredMilliseconds: Int64
  public internal(set) var subtasks: SubtaskList
  public internal(set) var planCount = 0
  /// The newest plans.
  public internal(set) var plans: [Planned] = []
  public internal(set) var shares: [NodeID: TaskShare] = [:]
  public internal(set) var answers: [TaskAnswer] = []
  /// The newest decline of each node that will have none of this task, however many answers came since.
  public internal(set) var refusals: [NodeID: TaskAnswer] = [:]
  public internal(set) var firstAssignedMilliseconds: Int64?
  public internal(set) var succeededCount = 0
  public internal(set) var assignedCount = 0
  public internal(set) var ending: Ending?

  init(id: TaskID, submitter: NodeID, submission: Submission, timeMilliseconds: Int64) {
    self.id = id
    self.submitter = submitter
    self.submission = submission
    enteredMilliseconds = timeMilliseconds
    subtasks = SubtaskList(count: submission.totalSubtasks)
  }

  public var isOver: Bool { ending != nil }

  /// Whether everything before the reducing subtask is done.
  public var isReadyToReduce: Bool {
    submission.reduces && subtasks.dropLast().allSatisfy(\.isDone)
  }

  /// Subtasks that somebody could run now: the reducing one waits for all others.
  public var placeable: [Int] {
    guard !isOver, succeededCount + assignedCount < subtasks.count else { return [] }
    let mapped = (0..<submission.subtaskCount).filter { subtasks[$0].isPending }
    if mapped.isEmpty, isReadyToReduce, subtasks[submission.subtaskCount].isPending {
      return [submission.subtaskCount]
    }
    return mapped
  }

  /// Nobody reduces an ended task: the contents lie in the object stores and in the entries themselves.
  mutating func dropInlineContents() {
    for index in subtasks.indices where subtasks[index].result?.files.contains(where: { $0.inline != nil }) == true {
      for file in subtasks[index].result?.files.indices ?? 0..<0 { subtasks[index].result?.files[file].inline = nil }
    }
  }

  mutating func answer(_ answer: TaskAnswer) {
    answers.append(answer)
    if answers.count > Self.answersKept { answers.removeFirst(answers.count - Self.answersKept) }
  }
}
