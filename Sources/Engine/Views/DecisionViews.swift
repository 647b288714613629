public import Contract
public import Model

/// A row of `network decisions`: a proposal about who belongs to the network, and what became of it.
public struct DecisionView: Codable, Sendable, Hashable {
  public enum State: String, Codable, Sendable, Hashable {
    case open, holds, failed, expired
  }

  public struct Vote: Codable, Sendable, Hashable {
    public var node: NodeID
    public var name: String
    public var person: String
    public var yes: Bool
    /// The ledger entry that holds it.
    public var entry: Int
  }

  /// The proposal's id.
  public var decision: StatementID
  /// Of the network's own collaboration.
  public var collaboration: CollaborationID
  public var act: MotionAct
  public var node: NodeID
  /// Empty where the node is not known here.
  public var nodeName: String
  public var proposer: NodeID
  public var proposerName: String
  public var person: String
  public var reason: String
  public var state: State
  public var votes: [Vote]
  /// How many yes votes it takes.
  public var needed: Int
  /// The newest ledger entry about it.
  public var entry: Int
  public var proposedMilliseconds: Int64
  public var expiresMilliseconds: Int64
}

/// `network admit`, `network revoke`.
public struct ProposalRequest: Codable, Sendable, Hashable {
  public var act: MotionAct
  public var node: NodeID
  public var person: String
  /// 1 to 200 characters.
  public var reason: String

  public init(act: MotionAct, node: NodeID, person: String, reason: String) {
    self.act = act
    self.node = node
    self.person = person
    self.reason = reason
  }
}

public struct ProposalReceipt: Codable, Sendable, Hashable {
  public var decision: StatementID

  public init(decision: StatementID) {
    self.decision = decision
  }
}

/// `network vote`.
public struct VoteRequest: Codable, Sendable, Hashable {
  public var person: String
  public var yes: Bool

  public init(person: String, yes: Bool) {
    self.person = person
    self.yes = yes
  }
}
