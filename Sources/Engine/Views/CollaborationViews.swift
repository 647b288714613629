public import Model

/// A row of `collaboration list`, and `collaboration show`.
public struct CollaborationView: Codable, Sendable, Hashable {
  public var collaboration: CollaborationID
  public var name: String
  /// negotiating, open, halted, failed.
  public var state: String
  /// Why it is in this state.
  public var reason: String
  public var coordinator: NodeID
  public var coordinatorName: String
  /// coordinator, participant, leaving, left or observer: this node's own role.
  public var role: String
  public var term: Int
  public var round: Int
  public var contract: Digest
  public var contractName: String
  public var contractVersion: Int
  public var rosterVersion: Int
  public var members: Int
  public var tasks: Int
  /// Entries in the ledger here.
  public var entries: Int
  public var head: Digest?
  /// What was asked and answered, while and after it was negotiated.
  public var negotiation: [NegotiationView]
  /// The collaboration that it was founded to go on with; absent for most.
  public var continues: CollaborationID?
  /// Members that came and went since the round opened; the newest last, at most 64.
  public var rosterChanges: [RosterChangeView]
}

/// A member that came or went while a round was open (R7).
public struct RosterChangeView: Codable, Sendable, Hashable {
  /// joined, leaving or left.
  public var change: String
  public var node: NodeID
  public var name: String
  /// The ledger entry that says so.
  public var entry: Int
  public var timeMilliseconds: Int64
  /// Of the roster after it.
  public var rosterVersion: Int
  public var reason: String
}

/// What one node answered to a call.
public struct NegotiationView: Codable, Sendable, Hashable {
  public var node: NodeID
  public var name: String
  /// asked, joined, declined, countered, silent or dropped.
  public var answer: String
  public var code: String
  public var reason: String
  public var timeMilliseconds: Int64
}

/// A row of `participant list` (R30).
public struct ParticipantView: Codable, Sendable, Hashable {
  public var collaboration: CollaborationID
  public var node: NodeID
  public var name: String
  public var owner: String
  public var kind: String
  public var adapters: [String]
  public var sandboxed: Bool
  public var total: Amounts
  public var committed: Amounts
  public var free: Amounts
  public var weightPPM: Int
  public var priceMicroPerCPUSecond: Int
  /// alive, suspected, failed or left.
  public var state: String
  public var rosterVersion: Int
  public var running: Int
  public var completed: Int
  /// What it said last of itself, over all its collaborations; absent where this node heard nothing: participants tell
  /// coordinators.
  public var told: Told?

  public struct Told: Codable, Sendable, Hashable {
    public var total: Amounts
    public var free: Amounts
    /// Attempts that run.
    public var running: Int
    /// Tasks that it has attempts of.
    public var openTasks: Int
    /// When it came here.
    public var timeMilliseconds: Int64
    /// Older than it should be: it may not hold any more.
    public var stale: Bool
  }
}

/// A row of `weight show`: the weight and each change with its reason (R36).
public struct WeightView: Codable, Sendable, Hashable {
  public var collaboration: CollaborationID
  public var node: NodeID
  public var name: String
  public var weightPPM: Int
  /// This node's part of all weights, in ppm.
  public var sharePPM: Int
  public var changes: [Change]

  public struct Change: Codable, Sendable, Hashable {
    /// The ledger entry that moved it.
    public var entry: Int
    public var deltaPPM: Int
    public var afterPPM: Int
    public var reason: String
  }
}

/// A row of `ledger list`.
public struct LedgerView: Codable, Sendable, Hashable {
  public var collaboration: CollaborationID
  public var name: String
  /// Decided ones; `head` is the hash of the last.
  public var entries: Int
  public var head: Digest
  public var coordinator: NodeID
  /// How many entries each other member said that it holds, by its name.
  public var acknowledged: [String: Int]
}

/// One entry of `ledger show`.
public struct EntryView: Codable, Sendable, Hashable {
  public var number: Int
  public var kind: String
  public var hash: Digest
  public var timeMilliseconds: Int64
  /// proposed or decided.
  public var state: String
  public var body: JSON
}
