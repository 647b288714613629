public import Model

/// Who coordinates a collaboration, who votes, and what an election does now: `election show`, a row of `election list`.
public struct ElectionView: Codable, Sendable, Hashable {
  public var collaboration: CollaborationID
  public var name: String
  /// The decided term.
  public var term: Int
  public var coordinator: NodeID
  public var coordinatorName: String
  /// The highest term that this node entered; above `term` while an election runs, or its outcome is not decided yet.
  public var promised: Int
  /// `inOffice`, `electing` (from when the coordinator is gone), `noQuorum` or `halted`.
  public var state: String
  /// Why nothing moves; empty while decisions come.
  public var reason: String
  /// Wall milliseconds since when it is so; absent while decisions come, and until this node has noted it.
  public var sinceMilliseconds: Int64?
  /// How many voters decide together.
  public var quorum: Int
  /// How many of them are in reach of this node, itself among them.
  public var inReach: Int
  /// How many more must be in reach before anything is decided; 0 for a quorum.
  public var missing: Int
  /// A quorum of three or fewer bears crashes, and no lie.
  public var bearsLies: Bool
  /// How many members must call before an election is held, and how long a member's next call is not followed.
  public var callsNeeded: Int
  public var callIntervalMilliseconds: Int
  /// Submissions of this node that wait for a decision, and entries that are proposed and not decided.
  public var waitingSubmissions: Int
  public var undecidedEntries: Int
  /// Whom people at this node prefer, the best first; empty for the contract's order.
  public var preferred: [NodeID]
  public var voters: [VoterView]
  /// The virtual operator to whom a quorum delegates coordination; absent where none does.
  public var agent: NodeID?
  public var agentName: String?
  /// That operator is to take over, or one to whom too few delegate is to be replaced, and neither has come about.
  public var agentAwaited: Bool
  /// What this node delegates, or takes back, is not decided yet.
  public var delegationWaits: Bool
  /// What each member delegates, by entry.
  public var delegations: [DelegationView]
  /// Oldest first; term 1 has no election.
  public var terms: [TermView]
  /// What to type next; empty while nothing needs doing.
  public var next: String
}

public struct VoterView: Codable, Sendable, Hashable {
  public var node: NodeID
  public var name: String
  /// alive, suspected, failed or left.
  public var state: String
  /// Its place as a candidate at this node: 1 is voted for first.
  public var rank: Int
  public var weightPPM: Int
  /// Entries that it said it holds.
  public var holds: Int
  /// Its signature stands in the election of the decided term.
  public var voted: Bool
}

/// A member that delegates coordination.
public struct DelegationView: Codable, Sendable, Hashable {
  public var node: NodeID
  public var name: String
  public var agent: NodeID
  public var agentName: String
  public var person: String
  public var reason: String
  /// Where the ledger says so.
  public var entry: Int
  public var timeMilliseconds: Int64
  /// Whether it counts: by voters only.
  public var counts: Bool
  /// How many voters must delegate to that operator.
  public var needed: Int
}

/// A collaboration in which nothing moves: `node status`.
public struct StandstillView: Codable, Sendable, Hashable {
  public var collaboration: CollaborationID
  public var name: String
  public var reason: String
}

/// A term as the ledger tells it: `election why`.
public struct TermView: Codable, Sendable, Hashable {
  public var term: Int
  public var coordinator: NodeID
  public var coordinatorName: String
  /// `founded`, `lost`, `idle`, `misbehaved`, `called` or `transferred`.
  public var cause: String
  /// The node that asked first, as the coordinator of this term says; absent in term 1.
  public var by: NodeID?
  public var byName: String?
  /// The person who asked there, where one did.
  public var person: String?
  public var detail: String
  /// Its coordinator had the delegation of a quorum when it began.
  public var delegated: Bool
  /// The entry that began it.
  public var entry: Int
  public var timeMilliseconds: Int64
  /// Who elected, by name; empty in term 1.
  public var votes: [String]
}
