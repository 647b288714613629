public import Model

/// What two engines say to each other over a link beside statements: consensus on ledgers, logs, traces, figures.
/// It is authenticated by the link, and neither stored nor retried by the overlay.
public enum PeerMessage: Hashable, Sendable {
  case consensus(Consensus)
  case logRequest(LogRequest)
  case logChunk(LogChunk)
  case traceRequest(TraceRequest)
  case traceReply(TraceReply)
  /// Asks for a `report`.
  case reportRequest
  case report(Report)

  /// What members of a collaboration say of its ledger and its terms. Nothing of it is checked here but its bounds.
  public struct Consensus: Hashable, Sendable {
    /// The most statements and entries.
    public static let countLimit = 256
    /// The longest name and document, in bytes.
    public static let kindByteLimit = 32
    public static let documentByteLimit = 256 * 1_024

    public var collaboration: CollaborationID
    public var kind: String
    public var statements: [SignedStatement]
    public var entries: [[UInt8]]
    /// Canonical JSON; may be empty.
    public var document: [UInt8]

    public init(
      collaboration: CollaborationID, kind: String, statements: [SignedStatement], entries: [[UInt8]],
      document: [UInt8]
    ) {
      self.collaboration = collaboration
      self.kind = kind
      self.statements = statements
      self.entries = entries
      self.document = document
    }
  }

  /// Asks for what an attempt wrote.
  public struct LogRequest: Hashable, Sendable {
    public var attempt: AttemptID
    public var stream: LogStream
    /// In bytes.
    public var offset: Int
    /// In bytes.
    public var limit: Int

    public init(attempt: AttemptID, stream: LogStream, offset: Int, limit: Int) {
      self.attempt = attempt
      self.stream = stream
      self.offset = offset
      self.limit = limit
    }
  }

  public enum LogStream: String, Hashable, Sendable, CaseIterable {
    case stdout, stderr
  }

  public struct LogChunk: Hashable, Sendable {
    public static let byteLimit = 256 * 1_024
    public var attempt: AttemptID
    public var stream: LogStream
    /// In bytes.
    public var offset: Int
    public var bytes: [UInt8]
    /// The attempt is over and this is its last piece.
    public var end: Bool
    /// Why there is nothing, if so.
    public var problem: String?

    public init(
      attempt: AttemptID, stream: LogStream, offset: Int, bytes: [UInt8], end: Bool, problem: String? = nil
    ) {
      self.attempt = attempt
      self.stream = stream
      self.offset = offset
      self.bytes = bytes
      self.end = end
      self.problem = problem
    }
  }
}
