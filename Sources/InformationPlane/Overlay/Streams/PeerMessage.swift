public import Model

/// What two engines say to each other over a link beside statements: replication of ledgers, logs, traces, figures.
/// It is authenticated by the link, and neither stored nor retried by the overlay.
public enum PeerMessage: Hashable, Sendable {
  case ledgerHead(LedgerHead)
  case ledgerRequest(LedgerRequest)
  case ledgerEntries(LedgerEntries)
  case ledgerAcknowledgement(LedgerAcknowledgement)
  case logRequest(LogRequest)
  case logChunk(LogChunk)
  case traceRequest(TraceRequest)
  case traceReply(TraceReply)
  /// Asks for a `report`.
  case reportRequest
  case report(Report)

  /// The newest entry that the sender holds; number 0 and the zero digest when it holds none.
  public struct LedgerHead: Hashable, Sendable {
    public var collaboration: CollaborationID
    public var number: Int
    public var hash: Digest

    public init(collaboration: CollaborationID, number: Int, hash: Digest) {
      self.collaboration = collaboration
      self.number = number
      self.hash = hash
    }
  }

  /// Asks for at most `limit` entries from number `from` on.
  public struct LedgerRequest: Hashable, Sendable {
    public var collaboration: CollaborationID
    public var from: Int
    public var limit: Int

    public init(collaboration: CollaborationID, from: Int, limit: Int) {
      self.collaboration = collaboration
      self.from = from
      self.limit = limit
    }
  }

  /// Consecutive entries as canonical JSON and the proposals that cover them. Nothing of it is checked here.
  public struct LedgerEntries: Hashable, Sendable {
    public static let countLimit = 256
    public var collaboration: CollaborationID
    public var entries: [[UInt8]]
    public var proposals: [SignedStatement]

    public init(collaboration: CollaborationID, entries: [[UInt8]], proposals: [SignedStatement]) {
      self.collaboration = collaboration
      self.entries = entries
      self.proposals = proposals
    }
  }

  /// The sender holds the ledger durably up to `number`; `statement` says so, signed.
  public struct LedgerAcknowledgement: Hashable, Sendable {
    public var collaboration: CollaborationID
    public var number: Int
    public var hash: Digest
    public var statement: SignedStatement

    public init(collaboration: CollaborationID, number: Int, hash: Digest, statement: SignedStatement) {
      self.collaboration = collaboration
      self.number = number
      self.hash = hash
      self.statement = statement
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
