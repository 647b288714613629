public import Model

/// What drives one kind of infrastructure (R41). Making one never blocks and never fails for want of a backend:
/// a backend that cannot be used shows in `inventory`.
///
/// `run` does the work and must be running for submitted attempts to move. Cancelling its task stops every attempt,
/// reports each as `lost`, ends `events` and returns: nothing outlives it.
public protocol Adapter: Sendable {
  var declaration: AdapterDescription { get }

  /// Looks at the backend now.
  func inventory() async -> Inventory

  /// Takes work. A second submit of the same attempt changes nothing.
  /// - Throws: `AdapterError.refused` or `.unusable`; then the attempt is unknown here.
  func submit(_ work: Work) async throws(AdapterError)

  /// - Returns: nil for an attempt that was never submitted since the node started, or was released.
  func status(of attempt: AttemptID) async -> WorkReport?

  /// Asks an attempt to end; its final report follows. Without effect on one that is final or unknown.
  func cancel(_ attempt: AttemptID, reason: String) async

  /// A piece of what the command wrote, also while it runs.
  /// - Parameters:
  ///   - offset: in bytes from the start.
  ///   - limit: most bytes to return; capped at `LogChunk.byteLimit`.
  /// - Throws: `AdapterError.unknownAttempt`, `.unsupported`, `.failed`.
  func logs(
    of attempt: AttemptID, _ stream: LogStream, from offset: Int, limit: Int
  ) async throws(AdapterError) -> LogChunk

  /// Forgets an attempt and deletes what it left; result files are gone afterwards. A running one is cancelled first.
  func release(_ attempt: AttemptID) async

  /// The newest report of each attempt that changed: earlier ones that nobody has read yet are left out, a final one
  /// never. For one reader. Ends when `run` has returned.
  var events: AsyncStream<WorkReport> { get }

  /// Does the work until its task is cancelled. Called once.
  func run() async
}

public enum LogStream: String, Hashable, Sendable, Codable, CaseIterable {
  case standardOutput = "stdout"
  case standardError = "stderr"
}

public struct LogChunk: Hashable, Sendable {
  public static let byteLimit = 1 << 20

  public let bytes: [UInt8]
  /// Where to read on.
  public let nextOffset: Int
  /// Nothing will follow `nextOffset`.
  public let isEnd: Bool

  public init(bytes: [UInt8], nextOffset: Int, isEnd: Bool) {
    self.bytes = bytes
    self.nextOffset = nextOffset
    self.isEnd = isEnd
  }
}

public enum AdapterError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The work itself cannot be run.
  case refused(AttemptID, reason: String)
  /// The adapter can run nothing now.
  case unusable(adapter: String, reason: String, remedy: String?)
  case unknownAttempt(AttemptID)
  case unsupported(adapter: String, AdapterFeature)
  case failed(adapter: String, reason: String)

  public var description: String {
    switch self {
    case .refused(let attempt, let reason): "attempt \(attempt) cannot be run: \(reason)"
    case .unusable(let adapter, let reason, let remedy):
      "adapter \(adapter) cannot be used: \(reason)" + (remedy.map { "; \($0)" } ?? "")
    case .unknownAttempt(let attempt): "attempt \(attempt) is not known to this adapter"
    case .unsupported(let adapter, let feature): "adapter \(adapter) does not support \(feature.rawValue)"
    case .failed(let adapter, let reason): "adapter \(adapter): \(reason)"
    }
  }
}
