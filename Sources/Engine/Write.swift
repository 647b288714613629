public import Ledger
public import Model
public import Sodium

/// One durable change. The writes of one step of the node are one transaction (design: one database a node).
public enum Write: Hashable, Sendable {
  case ledger(LedgerWrite)

  /// A new event, or the whole of a known one anew (same id).
  case event(StoredEvent)
  /// Moves a known event on; an id that is not there is an error of the caller and fails the transaction.
  case eventState(id: String, state: StoredEvent.State, attempts: Int, result: [UInt8]?)
  /// An event that was not for this node now, and may come again.
  case removeEvent(id: String)
  /// Forgets handled and dead events that arrived before a moment (wall milliseconds). Queued ones stay.
  case forgetEvents(arrivedBeforeMilliseconds: Int64)

  /// A message that must reach its destination by its deadline; the same id replaces, as when its signature is made.
  case outbox(StoredMessage)
  case removeOutbox(StatementID, to: NodeID)

  /// Small named state. `nil` removes it.
  case document(key: String, value: [UInt8]?)

  case snapshot(StoredSnapshot)

  /// A statement of some node that must survive a restart: member records, calls, own announcements.
  case fact(StoredFact)
  case removeFact(StatementID)
}

/// Parts of a ledger's state that changed since the disk was told last; the others stay as they are there.
public struct StoredSnapshot: Hashable, Sendable {
  public struct Part: Hashable, Sendable {
    public var name: String
    public var bytes: [UInt8]

    public init(name: String, bytes: [UInt8]) {
      self.name = name
      self.bytes = bytes
    }
  }

  public var collaboration: CollaborationID
  /// Nothing that is there already belongs to it.
  public var isWhole: Bool
  public var parts: [Part]

  public init(_ collaboration: CollaborationID, isWhole: Bool, parts: [Part]) {
    self.collaboration = collaboration
    self.isWhole = isWhole
    self.parts = parts
  }
}

/// A row of the event queues.
public struct StoredEvent: Hashable, Sendable {
  public enum State: String, Hashable, Sendable, CaseIterable {
    case queued
    case handled
    /// Given up after its attempts; kept for people.
    case dead
  }

  public var id: String
  /// Which queue: production or consumption, and whose.
  public var lane: String
  public var kind: String
  /// Higher goes first.
  public var priority: Int
  /// Wall milliseconds; nil for no deadline.
  public var deadlineMilliseconds: Int64?
  /// Wall milliseconds.
  public var arrivalMilliseconds: Int64
  public var trace: TraceID?
  public var state: State
  public var attempts: Int
  public var payload: [UInt8]
  public var result: [UInt8]?

  public init(
    id: String, lane: String, kind: String, priority: Int, deadlineMilliseconds: Int64?, arrivalMilliseconds: Int64,
    trace: TraceID?, state: State = .queued, attempts: Int = 0, payload: [UInt8], result: [UInt8]? = nil
  ) {
    self.id = id
    self.lane = lane
    self.kind = kind
    self.priority = priority
    self.deadlineMilliseconds = deadlineMilliseconds
    self.arrivalMilliseconds = arrivalMilliseconds
    self.trace = trace
    self.state = state
    self.attempts = attempts
    self.payload = payload
    self.result = result
  }
}

/// A row of the outbox: a statement for one peer, perhaps not signed yet.
public struct StoredMessage: Hashable, Sendable {
  public var statement: Statement
  public var signature: Signature?
  public var destination: NodeID
  /// Wall milliseconds.
  public var deadlineMilliseconds: Int64

  public var id: StatementID { statement.id }

  public init(_ statement: Statement, signature: Signature?, destination: NodeID, deadlineMilliseconds: Int64) {
    self.statement = statement
    self.signature = signature
    self.destination = destination
    self.deadlineMilliseconds = deadlineMilliseconds
  }
}

/// A relayed or own statement with the moment past which nobody needs it.
public struct StoredFact: Hashable, Sendable {
  public var signed: SignedStatement
  /// Wall milliseconds; nil for ever.
  public var expiresMilliseconds: Int64?

  public var id: StatementID { signed.id }

  public init(_ signed: SignedStatement, expiresMilliseconds: Int64?) {
    self.signed = signed
    self.expiresMilliseconds = expiresMilliseconds
  }
}
