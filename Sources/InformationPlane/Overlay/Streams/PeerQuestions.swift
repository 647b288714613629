public import Model

extension PeerMessage {
  /// Asks what the receiver knows of a trace (R25).
  public struct TraceRequest: Hashable, Sendable {
    /// Comes back with the reply.
    public var number: UInt64
    public var trace: TraceID

    public init(number: UInt64, trace: TraceID) {
      self.number = number
      self.trace = trace
    }
  }

  public struct TraceReply: Hashable, Sendable {
    public static let hopLimit = 512
    public var number: UInt64
    public var hops: [TraceHop]
    /// Why there is nothing, or not all; nil when there is no problem.
    public var problem: String?

    public init(number: UInt64, hops: [TraceHop], problem: String? = nil) {
      self.number = number
      self.hops = hops
      self.problem = problem
    }
  }

  /// Something that happened on a trace.
  public struct TraceHop: Hashable, Sendable {
    /// Bytes of the texts that are kept.
    public static let detailByteLimit = 512
    static let wordByteLimit = 64
    /// By the clock of the node that tells.
    public var milliseconds: Int64
    public var plane: String
    public var what: String
    public var detail: String
    public var node: NodeID
    /// Of a broadcast: who brought it there, and how many links it had passed then; the author itself and 0 where it
    /// was said.
    public var passage: Passage?

    public struct Passage: Hashable, Sendable {
      public var via: NodeID
      public var links: Int

      public init(via: NodeID, links: Int) {
        self.via = via
        self.links = links
      }
    }

    public init(
      milliseconds: Int64, plane: String, what: String, detail: String, node: NodeID, passage: Passage? = nil
    ) {
      self.milliseconds = milliseconds
      self.plane = plane
      self.what = what
      self.detail = detail
      self.node = node
      self.passage = passage
    }
  }

  /// What a node has and does, over all its collaborations (R61).
  public struct Report: Hashable, Sendable {
    public var total: Amounts
    public var committed: Amounts
    /// Attempts that run.
    public var running: Int
    /// Tasks that it has attempts of.
    public var openTasks: Int

    public init(total: Amounts, committed: Amounts, running: Int, openTasks: Int) {
      self.total = total
      self.committed = committed
      self.running = running
      self.openTasks = openTasks
    }
  }
}
