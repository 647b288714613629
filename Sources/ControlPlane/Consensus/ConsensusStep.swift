public import Ledger
public import Model
public import Sodium

/// Names a write until it is durable.
public struct WriteToken: Hashable, Sendable {
  public let value: UInt64
  package init(_ value: UInt64) { self.value = value }
}

/// Names a signature to make, signatures to check, or entries to judge, until the answer is there.
public struct JobToken: Hashable, Sendable {
  public let value: UInt64
  package init(_ value: UInt64) { self.value = value }
}

extension LedgerConsensus {
  /// What the contract says of entries.
  public enum Judgement: Hashable, Sendable {
    case accepted
    case refused(number: Int, reason: String)
  }

  public enum Input: Hashable, Sendable {
    /// Opens a collaboration, new or as found on disk.
    case open(MemberSet, ElectionRules, recovered: RecoveredChain?)
    /// Whom this node prefers as coordinator, the best first; who is missing comes after, by id.
    case rank(CollaborationID, [NodeID])
    case linkOpened(NodeID)
    case linkClosed(NodeID)
    case received(CollaborationID, ConsensusMessage, from: NodeID)
    case signed(JobToken, Signature)
    /// Whether all the signatures of a job hold.
    case verified(JobToken, Bool)
    case judged(JobToken, Judgement)
    case durable(WriteToken)
    /// The oldest valid request that this node knows of and that is not decided; nil for none.
    case waiting(CollaborationID, since: Moment?)
    /// Whether work or requests are under way: while not, coordinators give signs of life more seldom.
    case busy(CollaborationID, Bool)
    /// The overlay holds a node for failed or left.
    case unreachable(NodeID)
    /// A person here calls an election.
    case call(CollaborationID, person: String, reason: String)
    /// A person hands over the office of this node.
    case transfer(CollaborationID, to: NodeID, person: String)
    /// Nothing of this ledger is acted upon here any more; what others ask of it is still answered.
    case halt(CollaborationID)
    /// Nodes that are no members may follow this ledger, too: they are told what is decided, and answered.
    case publish(CollaborationID)
    /// A node is about to be cut off: it is sent what it lacks of a public ledger.
    case farewell(CollaborationID, to: NodeID)
    /// As often as `tickInterval` says.
    case tick
  }

  public enum Effect: Hashable, Sendable {
    /// To be written in order, in the transaction of this step; then `durable` comes back.
    case store(CollaborationID, [LedgerWrite], WriteToken)
    /// May leave at once: whatever it promises was durable before the effect was made (`Durable`).
    case send(CollaborationID, ConsensusMessage, to: NodeID)
    case sign(Statement, JobToken)
    case verify([Claim], JobToken)
    /// The contract's check of what comes after entry `after`, before it is stored. Of one ledger one at a time.
    case judge(CollaborationID, [LedgerRecord], after: Int, JobToken)
    /// Everything above `after` is gone: what was folded of it must be folded anew from there.
    case dropped(CollaborationID, after: Int)
    /// Everything up to `through` is decided, and held here.
    case decided(CollaborationID, through: Int)
    /// This node coordinates from now on: append this as the first entry of its term.
    case elected(CollaborationID, TermOpened)
    /// Another term is entered, or another node in office.
    case termChanged(CollaborationID, OfficeView)
    /// Two proposals of one coordinator put different entries at one place in its term.
    case conflict(Conflict)
    case refused(CollaborationID, number: Int, reason: String, coordinator: NodeID)
    /// A certificate contradicts what is decided here: more voters lie than the configuration bears.
    case contradicted(CollaborationID, number: Int)
    /// Others hold what this node signed, up to an entry or a later term, and it does not: its data was set back. It signs
    /// nothing more in the terms up to then.
    case setBack(CollaborationID, number: Int)
    case dropping(ConsensusDrop, CollaborationID, from: NodeID)
  }

  public typealias Effects = [Effect]
}

/// A signature to check, with the key that must have made it.
public struct Claim: Hashable, Sendable {
  public let signed: SignedStatement
  public let key: VerificationKey

  public var holds: Bool { signed.verifies(with: key) }
}

/// Who is in office as this node knows it.
public struct OfficeView: Hashable, Sendable {
  public let term: Int
  public let coordinator: NodeID
  public let election: ElectionCertificate?
  /// The highest term entered; above `term` while an election runs.
  public let promised: Int
}

/// A start that signs nothing yet in a collaboration.
public struct WakingView: Hashable, Sendable {
  /// It takes longer than others need to say where they stand.
  public let isOverdue: Bool
  /// Voters that have not said where they stand, by id.
  public let awaited: [NodeID]
  /// All have, and entries are missing here that they proved.
  public let isCatchingUp: Bool
}

/// Why this node cannot append.
public enum NotInOffice: Error, Equatable, Sendable, CustomStringConvertible {
  case unknownCollaboration(CollaborationID)
  case coordinatedBy(NodeID, term: Int)
  /// An election runs, or the office is being handed over.
  case electing(term: Int)
  case entry(LedgerError)

  public var description: String {
    switch self {
    case .unknownCollaboration(let id): "collaboration \(id.short) is not open here"
    case .coordinatedBy(let node, let term): "node \(node.short) coordinates term \(term)"
    case .electing(let term): "term \(term) has no coordinator yet"
    case .entry(let error): "\(error)"
    }
  }
}
