public import Model

/// A Task as its user wrote it (docs/manifest.md): checked in itself, but with globs not yet looked up.
public struct TaskManifest: Hashable, Sendable {
  /// The largest manifest file, in bytes.
  public static let byteLimit = 1_024 * 1_024

  public var name: String
  public var labels: [String: String]
  /// What kind of work it is; policies of participants decide by it.
  public var kind: String
  public var inputs: [Input]
  public var work: Work
  public var needs: Amounts
  public var environment: [String: String]
  public var timeouts: Timeouts
  public var attemptLimit: Int
  /// -100...100, higher goes first.
  public var priority: Int
  public var adapter: String?
  public var priceLimitMicroPerCPUSecond: Int?
  public var results: [String]
  public var outputLimitBytes: Int
  public var reduce: Reduce?
  /// How often the same subtask runs when no input splits.
  public var replicas: Int
  /// Where the document starts, for problems that are about the whole of it.
  public var place: Place

  public enum Work: Hashable, Sendable {
    /// A program and its arguments.
    case command([String])
    /// Run by `sh -eu`.
    case script(String)

    public var command: [String] { if case .command(let words) = self { words } else { [] } }
    public var script: String? { if case .script(let text) = self { text } else { nil } }
  }

  public struct Reduce: Hashable, Sendable {
    public var work: Work
    public var needs: Amounts
    public var results: [String]
  }

  public struct Timeouts: Hashable, Sendable {
    public var negotiate: Duration
    public var queue: Duration
    public var execute: Duration
    public var total: Duration

    /// What holds where a manifest is silent.
    public static let standard = Timeouts(
      negotiate: .seconds(5), queue: .seconds(300), execute: .seconds(600), total: .seconds(3_600))
  }

  /// What subtasks read, and how that makes several of one.
  public struct Input: Hashable, Sendable {
    public var name: String
    public var source: Source
    /// Where its source stands.
    public var place: Place
    public var path: String

    public enum Source: Hashable, Sendable {
      case files(globs: [Glob], split: Split)
      /// Both ends included.
      case range(from: Int, to: Int, cut: Cut)
      case list([String])
      /// The lines of a file, without empty ones.
      case lines(file: String)
    }

    public enum Split: Hashable, Sendable {
      /// All files for each subtask.
      case whole
      /// One subtask a file.
      case byFile
      /// Files over `partBytes` are cut on line ends into pieces of about that size.
      case byRange(partBytes: Int)
    }

    public enum Cut: Hashable, Sendable {
      case parts(Int)
      /// So many numbers a subtask; the last one may get fewer.
      case size(Int)
    }

    public var splits: Bool {
      if case .files(_, .whole) = source { false } else { true }
    }
  }

  /// What holds where a manifest is silent.
  package static let defaultNeeds = Amounts(cpuMillicores: 1_000, memoryBytes: 256 << 20)
  package static let defaultAttemptLimit = 3
  package static let defaultOutputLimitBytes = 16 << 20
  package static let defaultPartBytes = 4 << 20
}
