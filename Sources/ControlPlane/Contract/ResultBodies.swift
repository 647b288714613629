public import Model

/// Why an attempt failed, in the words of every adapter.
public struct AttemptFailure: Codable, Hashable, Sendable {
  /// command, commandNotFound, signal, timeout, memory, output, missingResult, inputMissing, sandbox, cancelled, lost, adapter.
  public var category: String
  public var detail: String

  public init(category: String, detail: String) {
    self.category = category
    self.detail = detail
  }
}

public struct Usage: Codable, Hashable, Sendable {
  public static let zero = Usage(cpuMilliseconds: 0, wallMilliseconds: 0, peakMemoryBytes: 0)

  public var cpuMilliseconds: Int
  public var wallMilliseconds: Int
  public var peakMemoryBytes: Int

  public init(cpuMilliseconds: Int, wallMilliseconds: Int, peakMemoryBytes: Int) {
    self.cpuMilliseconds = cpuMilliseconds
    self.wallMilliseconds = wallMilliseconds
    self.peakMemoryBytes = peakMemoryBytes
  }
}

/// A file that an attempt left, by content.
public struct ResultObject: Codable, Hashable, Sendable {
  /// `stdout`, `stderr`, or the path as the manifest names it.
  public var path: String
  public var content: ObjectReference
  /// The content itself, in base64, where it is small.
  public var inline: String?

  public init(path: String, content: ObjectReference, inline: String?) {
    self.path = path
    self.content = content
    self.inline = inline
  }
}

/// One attempt's end.
public struct AttemptResult: Codable, Hashable, Sendable {
  public var subtask: Int
  public var number: Int
  /// nil: it succeeded.
  public var failure: AttemptFailure?
  public var files: [ResultObject]
  public var usage: Usage
  /// The backend's own id and state (R42).
  public var nativeID: String
  public var nativeState: String

  public init(
    subtask: Int, number: Int, failure: AttemptFailure?, files: [ResultObject], usage: Usage, nativeID: String,
    nativeState: String
  ) {
    self.subtask = subtask
    self.number = number
    self.failure = failure
    self.files = files
    self.usage = usage
    self.nativeID = nativeID
    self.nativeState = nativeState
  }

  /// An attempt that came to nothing before a backend had anything to tell of it.
  public init(_ attempt: AttemptID, failed failure: AttemptFailure) {
    self.init(
      subtask: attempt.subtask, number: attempt.number, failure: failure, files: [],
      usage: .zero, nativeID: "", nativeState: "")
  }
}

/// A participant reports ends of attempts, at most 100 and at most as many as fit into an entry.
public struct ResultReport: StatementBody {
  public static let purpose = Purpose("result.report")
  public static let countLimit = 100

  public var task: TaskID
  public var results: [AttemptResult]
  public var trace: TraceID

  public init(task: TaskID, results: [AttemptResult], trace: TraceID) {
    self.task = task
    self.results = results
    self.trace = trace
  }
}

/// A participant tells how far its attempts are; for people, never on the ledger.
public struct ProgressReport: StatementBody {
  public static let purpose = Purpose("progress")

  public struct State: Codable, Hashable, Sendable {
    public var subtask: Int
    public var number: Int
    public var state: String
    public var reason: String

    public init(subtask: Int, number: Int, state: String, reason: String) {
      self.subtask = subtask
      self.number = number
      self.state = state
      self.reason = reason
    }
  }

  public var task: TaskID
  public var states: [State]
  public var trace: TraceID

  public init(task: TaskID, states: [State], trace: TraceID) {
    self.task = task
    self.states = states
    self.trace = trace
  }
}
