public import Contract
public import Model

/// A task as it is executed: every input by content, every split made. Canonical JSON, kept and sent as an
/// object; only those who take part see it.
public struct TaskSpecification: Codable, Hashable, Sendable {
  /// The largest specification, in bytes.
  public static let byteLimit = 16 * 1_024 * 1_024
  public static let subtaskLimit = 100_000

  public static let version = 1

  public var version: Int
  /// A program and its arguments; empty when `script` is given.
  public var command: [String]
  /// Run by `sh -eu`; nil when `command` is given.
  public var script: String?
  public var environment: [String: String]
  /// Given whole to each subtask.
  public var sharedInputs: [Input]
  public var split: Split
  /// Files below the working directory that a subtask must leave; standard output and error are always kept.
  public var results: [String]
  /// The most that one subtask may write to standard output, standard error and result files, each.
  public var outputLimitBytes: Int
  public var reduce: Reduce?

  /// Named files: seen by the subtask as INPUT_NAME, which is the file where there is one, else their folder.
  public struct Input: Codable, Hashable, Sendable {
    public var name: String
    public var files: [File]

    public init(name: String, files: [File]) {
      self.name = name
      self.files = files
    }
  }

  /// A file or a line-aligned piece of one, by content.
  public struct File: Codable, Hashable, Sendable {
    /// Relative, without `..`.
    public var path: String
    public var content: ObjectReference

    public init(path: String, content: ObjectReference) {
      self.path = path
      self.content = content
    }
  }

  /// What makes one subtask differ from the next.
  public enum Split: Codable, Hashable, Sendable {
    /// One subtask a part; a part is one or more files under the input's name.
    case parts(name: String, parts: [[File]])
    /// One subtask an item: INPUT_NAME is the item.
    case items(name: String, items: [String])
    /// One subtask a piece of an integer range: INPUT_NAME_FIRST and INPUT_NAME_LAST, both included.
    case range(name: String, pieces: [Piece])
    /// The same subtask so many times.
    case replicas(count: Int)

    public struct Piece: Codable, Hashable, Sendable {
      public var first: Int
      public var last: Int

      public init(first: Int, last: Int) {
        self.first = first
        self.last = last
      }
    }

    public var count: Int {
      switch self {
      case .parts(_, let parts): parts.count
      case .items(_, let items): items.count
      case .range(_, let pieces): pieces.count
      case .replicas(let count): count
      }
    }
  }

  /// Runs once all subtasks have succeeded: their standard outputs, joined in the order of the subtasks, are
  /// its standard input.
  public struct Reduce: Codable, Hashable, Sendable {
    public var command: [String]
    public var script: String?
    public var results: [String]

    public init(command: [String], script: String?, results: [String]) {
      self.command = command
      self.script = script
      self.results = results
    }
  }

  public init(
    command: [String], script: String?, environment: [String: String], sharedInputs: [Input], split: Split,
    results: [String], outputLimitBytes: Int, reduce: Reduce?
  ) {
    version = Self.version
    self.command = command
    self.script = script
    self.environment = environment
    self.sharedInputs = sharedInputs
    self.split = split
    self.results = results
    self.outputLimitBytes = outputLimitBytes
    self.reduce = reduce
  }

  /// Why it is not what a task says of it; nil when it is.
  public func disorder(for submission: Submission) -> String? {
    if version != Self.version { return "its version \(version) is not known here" }
    if split.count != submission.subtaskCount {
      return "it makes \(split.count) subtasks, the task has \(submission.subtaskCount)"
    }
    return (reduce != nil) == submission.reduces ? nil : "it and the task differ on whether there is a last step"
  }

  /// Everything that a subtask reads, in order.
  public func inputs(ofSubtask index: Int) -> [Input] {
    guard case .parts(let name, let parts) = split, parts.indices.contains(index) else { return sharedInputs }
    return sharedInputs + [Input(name: name, files: parts[index])]
  }

  /// Every object that the task reads, once each, in order.
  public var objects: [ObjectReference] {
    var seen: Set<ObjectReference> = []
    var out: [ObjectReference] = []
    var files = sharedInputs.flatMap(\.files)
    if case .parts(_, let parts) = split { files += parts.flatMap(\.self) }
    for file in files where seen.insert(file.content).inserted { out.append(file.content) }
    return out
  }
}
