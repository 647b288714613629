public import Model
public import Sodium

/// Who holds a collaboration's ledger, and who of them votes.
public struct MemberSet: Hashable, Sendable {
  public struct Member: Hashable, Sendable {
    public let node: NodeID
    public let epoch: Int
    /// The signing key of that epoch.
    public let signingKey: VerificationKey

    public init(node: NodeID, epoch: Int, signingKey: VerificationKey) {
      self.node = node
      self.epoch = epoch
      self.signingKey = signingKey
    }
  }

  public let collaboration: CollaborationID
  /// Coordinates term 1.
  public let founder: NodeID
  public let configuration: Configuration
  /// All members, those without a vote too, by node id.
  public let members: [Member]
  /// Who joined later, as whoever let this node in says: heard, and asked for entries, until the chain names them.
  public let contacts: [NodeID]

  public init(
    collaboration: CollaborationID, founder: NodeID, configuration: Configuration, members: [Member],
    contacts: [NodeID] = []
  ) {
    self.collaboration = collaboration
    self.founder = founder
    self.configuration = configuration
    self.members = members.sorted { $0.node < $1.node }
    self.contacts = contacts.sorted()
  }

  public func member(_ node: NodeID) -> Member? { members.first { $0.node == node } }

  /// Whether a node is heard and told: a member, or one of the contacts.
  func knows(_ node: NodeID) -> Bool { member(node) != nil || contacts.contains(node) }

  /// The key under which a member signs in an epoch; nil for another epoch than the one in force.
  func key(of node: NodeID, epoch: Int) -> VerificationKey? {
    member(node).flatMap { $0.epoch == epoch ? $0.signingKey : nil }
  }
}

/// The times and rates of elections, as the contract sets them.
public struct ElectionRules: Hashable, Sendable {
  /// A coordinator of whom nothing was heard for so long is taken for lost; each member adds or takes off a fifth at random.
  public var timeout: Duration
  /// A candidate waits so long for each one that stands before it.
  public var stagger: Duration
  /// A valid request is decided within this time, doubled with each term that decided nothing, or its coordinator is replaced.
  public var requestDeadline: Duration
  /// Calls of one member count no more often.
  public var callInterval: Duration
  /// Members whose operators must call.
  public var callsNeeded: Int

  public init(
    timeout: Duration = .seconds(1), stagger: Duration = .milliseconds(50), requestDeadline: Duration = .seconds(5),
    callInterval: Duration = .seconds(30), callsNeeded: Int = 1
  ) {
    self.timeout = timeout
    self.stagger = stagger
    self.requestDeadline = requestDeadline
    self.callInterval = callInterval
    self.callsNeeded = callsNeeded
  }

  var heartbeat: Duration { timeout / 4 }
}
