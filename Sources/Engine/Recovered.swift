public import Ledger
public import Model

/// Everything a node finds on its disk when it starts.
public struct Recovered: Hashable, Sendable {
  /// By collaboration id, ascending.
  public var chains: [RecoveredChain]
  /// Queued and dead events in order of arrival.
  public var events: [StoredEvent]
  /// Ids of the newest handled events (at most `handledLimit`), newest first, so that a repeated delivery is known as one.
  public var handledEventIDs: [String]
  /// By statement id.
  public var outbox: [StoredMessage]
  public var documents: [String: [UInt8]]
  /// Parts of states by name.
  public var snapshots: [CollaborationID: [String: [UInt8]]]
  /// By statement id.
  public var facts: [StoredFact]

  public static let handledLimit = 65_536

  public init(
    chains: [RecoveredChain] = [], events: [StoredEvent] = [], handledEventIDs: [String] = [],
    outbox: [StoredMessage] = [], documents: [String: [UInt8]] = [:],
    snapshots: [CollaborationID: [String: [UInt8]]] = [:], facts: [StoredFact] = []
  ) {
    self.chains = chains
    self.events = events
    self.handledEventIDs = handledEventIDs
    self.outbox = outbox
    self.documents = documents
    self.snapshots = snapshots
    self.facts = facts
  }
}
