public import Model

/// The rules of a round, as every member signs them: by its hash, judged the same way on every node (R5).
/// Every number of weights, floors, attempts, leases and timeouts stands here.
public struct ContractDocument: Codable, Hashable, Sendable {
  public var name: String
  /// 1, and one more for each counter-proposal that was taken up.
  public var version: Int
  /// Which version of the rules judges it; a node without that version signs nothing.
  public var rules: Int
  public var admission: Admission
  public var negotiation: Negotiation
  public var dispatch: Dispatch
  public var weights: Weights
  public var price: Price
  public var election: Election
  public var snapshots: Snapshots

  public struct Admission: Codable, Hashable, Sendable {
    /// What a member that offers resources must offer at least.
    public var minimum: Amounts
    public var membersAtMost: Int
  }

  public struct Negotiation: Codable, Hashable, Sendable {
    /// How long members have to answer the call.
    public var replyMilliseconds: Int
    /// How long those on the roster have to sign it.
    public var signMilliseconds: Int
    /// Contract versions that counter-proposals may lead to, at most.
    public var versionsAtMost: Int
    /// Rosters that may be proposed while signers drop out, at most.
    public var rostersAtMost: Int
  }

  public struct Dispatch: Codable, Hashable, Sendable {
    public var strategy: String
    /// Subtasks in one offer, at most.
    public var offerSubtasks: Int
    /// How long a participant has to answer an offer.
    public var offerMilliseconds: Int
    /// Tries at one subtask, at most, whatever the manifest says.
    public var attemptsAtMost: Int
    /// An assignment lapses this long after the attempt's own time is over.
    public var leaseMarginMilliseconds: Int
    /// How long a participant that declined for want of capacity is left alone; doubled each time that it does so
    /// again for the same task, four times at most. A longer time that it names itself counts instead.
    public var capacityRetryMilliseconds: Int
  }

  /// All in ppm of the weight 1, for a whole task; each move is in proportion to the part of the task's subtasks.
  public struct Weights: Codable, Hashable, Sendable {
    public var initialPPM: Int
    public var floorPPM: Int
    public var ceilingPPM: Int
    public var acceptedPPM: Int
    public var declinedPPM: Int
    public var ignoredPPM: Int
    public var failedPPM: Int
    public var completedPPM: Int
  }

  public struct Price: Codable, Hashable, Sendable {
    /// What a CPU-second costs where a member asks for nothing else.
    public var microPerCPUSecond: Int
  }

  public struct Election: Codable, Hashable, Sendable {
    /// Members whose operators must call before an election begins.
    public var callsNeeded: Int
    /// Calls of one member count no more often.
    public var callIntervalMilliseconds: Int
    /// A valid request is decided within this time, or its coordinator is replaced; doubled with each term that
    /// decided nothing.
    public var requestMilliseconds: Int
    /// A candidate waits so long for each one that stands before it.
    public var staggerMilliseconds: Int
    /// A coordinator of whom nothing was heard for so long, a fifth more or less, is taken for lost.
    public var timeoutMilliseconds: Int
    /// The founder and as many others as this allows vote, at first by node id, then as they catch up; the rest hold the
    /// ledger without a vote.
    public var votersAtMost: Int
  }

  public struct Snapshots: Codable, Hashable, Sendable {
    /// Entries between two digests of the state, at least; the coordinator gives the next one then.
    public var intervalEntries: Int
  }

  /// The version of the rules in `CollaborationState`.
  public static let rulesVersion = 7

  /// The hash that calls, rosters and signatures name.
  ///
  /// - Throws: `JSONError` for numbers out of range.
  public func hash() throws(JSONError) -> Digest {
    Digest(of: try CanonicalJSON.encode(self))
  }

  /// Built in until contracts can be written; `contract show default`.
  public static let standard = ContractDocument(
    name: "default", version: 1, rules: rulesVersion,
    admission: Admission(minimum: Amounts(cpuMillicores: 100, memoryBytes: 16 << 20), membersAtMost: 20),
    negotiation: Negotiation(
      replyMilliseconds: 5_000, signMilliseconds: 5_000, versionsAtMost: 3, rostersAtMost: 5),
    dispatch: Dispatch(
      strategy: "weightedFairShare", offerSubtasks: 100, offerMilliseconds: 5_000, attemptsAtMost: 5,
      leaseMarginMilliseconds: 60_000, capacityRetryMilliseconds: 500),
    weights: Weights(
      initialPPM: 1_000_000, floorPPM: 50_000, ceilingPPM: 4_000_000, acceptedPPM: 50_000, declinedPPM: -100_000,
      ignoredPPM: -300_000, failedPPM: -200_000, completedPPM: 100_000),
    price: Price(microPerCPUSecond: 100),
    election: Election(
      callsNeeded: 1, callIntervalMilliseconds: 10_000, requestMilliseconds: 5_000, staggerMilliseconds: 50,
      timeoutMilliseconds: 1_000, votersAtMost: 7),
    snapshots: Snapshots(intervalEntries: 1_024))
}
