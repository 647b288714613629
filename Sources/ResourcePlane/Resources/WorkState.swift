public import Model

/// Where an attempt stands at its adapter.
public enum WorkState: String, Hashable, Sendable, Codable, CaseIterable {
  case staging, queued, running, publishing
  case succeeded, failed, cancelled, lost

  public var isFinal: Bool { rank == Self.finalRank }

  /// Whether a report of `self` may replace one of `other`: later never turns to earlier, final is final.
  public func supersedes(_ other: WorkState) -> Bool { !other.isFinal && rank > other.rank }

  private static let finalRank = 4

  private var rank: Int {
    switch self {
    case .staging: 0
    case .queued: 1
    case .running: 2
    case .publishing: 3
    case .succeeded, .failed, .cancelled, .lost: Self.finalRank
    }
  }
}

/// Why an attempt did not succeed.
public struct WorkFailure: Hashable, Sendable, Codable, Error, CustomStringConvertible {
  public enum Category: String, Hashable, Sendable, Codable, CaseIterable {
    /// The command ended with an exit code other than 0.
    case command
    /// A signal that the adapter did not send ended the command.
    case signal
    /// The execute timeout passed.
    case timeout
    /// More memory than the task asked for.
    case memory
    /// More output, or a larger file, than allowed.
    case output
    /// More processes than allowed.
    case processes
    /// The command succeeded without writing a result file that the task names.
    case missingResult
    case commandNotFound
    /// The sandbox could not be set up.
    case sandbox
    /// A staged input vanished from this node.
    case inputMissing
    case cancelled
    /// Nobody knows how it ended: the node or its backend stopped in the middle.
    case lost
    /// The adapter or its backend failed.
    case adapter
  }

  public let category: Category
  /// For people: what happened and, where known, what to do.
  public let detail: String
  /// With `command`, and with `commandNotFound` where a shell reported it.
  public let exitCode: Int?
  /// With `signal`.
  public let signal: Int?
  /// The result with `missingResult`, and with `output` where that is about one; the input's name with `inputMissing`.
  public let path: String?

  public init(_ category: Category, _ detail: String, exitCode: Int? = nil, signal: Int? = nil, path: String? = nil) {
    self.category = category
    self.detail = detail
    self.exitCode = exitCode
    self.signal = signal
    self.path = path
  }

  public var description: String { "\(category.rawValue): \(detail)" }
}

/// What an attempt used, as far as its adapter can tell.
public struct WorkUsage: Hashable, Sendable, Codable {
  /// User and system time of all its processes.
  public var cpuMilliseconds: Int
  public var wallMilliseconds: Int
  /// The most that all its processes held at once, as sampled.
  public var peakMemoryBytes: Int

  public init(cpuMilliseconds: Int, wallMilliseconds: Int, peakMemoryBytes: Int) {
    self.cpuMilliseconds = cpuMilliseconds
    self.wallMilliseconds = wallMilliseconds
    self.peakMemoryBytes = peakMemoryBytes
  }

  public static let zero = WorkUsage(cpuMilliseconds: 0, wallMilliseconds: 0, peakMemoryBytes: 0)
}

/// The attempt in its backend's own words.
public struct NativeState: Hashable, Sendable, Codable {
  public let id: String
  public let state: String
  public let text: String

  public init(id: String, state: String, text: String = "") {
    self.id = id
    self.state = state
    self.text = text
  }
}

/// A file that an attempt left: `stdout`, `stderr`, or a result that the task names.
public struct ResultFile: Hashable, Sendable {
  public enum Content: Hashable, Sendable {
    /// A path on this node, valid until the attempt is released.
    case file(String)
    case bytes([UInt8])
  }

  public let path: String
  public let content: Content

  public init(path: String, content: Content) {
    self.path = path
    self.content = content
  }
}

/// How an attempt ended.
public struct WorkOutcome: Hashable, Sendable {
  /// nil: it succeeded.
  public let failure: WorkFailure?
  public let usage: WorkUsage
  /// `stdout` and `stderr` first, then the task's results in its order. After a failure, what there is.
  public let results: [ResultFile]

  public init(failure: WorkFailure?, usage: WorkUsage, results: [ResultFile]) {
    self.failure = failure
    self.usage = usage
    self.results = results
  }

  public var state: WorkState {
    switch failure?.category {
    case nil: .succeeded
    case .cancelled: .cancelled
    case .lost: .lost
    default: .failed
    }
  }
}

/// What an adapter says about an attempt.
public struct WorkReport: Hashable, Sendable {
  public let attempt: AttemptID
  public let state: WorkState
  public let native: NativeState?
  /// Present exactly when `state` is final.
  public let outcome: WorkOutcome?

  /// A report that it is under way.
  public init(attempt: AttemptID, state: WorkState, native: NativeState? = nil) {
    precondition(!state.isFinal, "a final report carries its outcome")
    self.attempt = attempt
    self.state = state
    self.native = native
    self.outcome = nil
  }

  /// A final report.
  public init(attempt: AttemptID, outcome: WorkOutcome, native: NativeState? = nil) {
    self.attempt = attempt
    self.state = outcome.state
    self.native = native
    self.outcome = outcome
  }
}
