public import Ledger
public import Model
public import Sodium

/// Names a write until it is durable.
public struct WriteToken: Hashable, Sendable {
  public let value: UInt64
  package init(_ value: UInt64) { self.value = value }
}

/// Names a signature to make or check, or entries to judge, until the answer is there.
public struct JobToken: Hashable, Sendable {
  public let value: UInt64
  package init(_ value: UInt64) { self.value = value }
}

extension Replication {
  /// Why entries were refused, as the contract says it.
  public enum Judgement: Hashable, Sendable {
    case accepted
    case refused(number: Int, reason: String)
  }

  public enum Input: Hashable, Sendable {
    /// Opens a collaboration, new or as found on disk; for an open one only the set is taken (members, configuration).
    case open(ReplicaSet, recovered: RecoveredChain?)
    case linkOpened(NodeID)
    case linkClosed(NodeID)
    case received(ReplicationMessage, from: NodeID)
    case signed(JobToken, Signature)
    case verified(JobToken, Bool)
    case judged(JobToken, Judgement)
    case durable(WriteToken)
    /// Every 100 ms or so, while anything is under way.
    case tick
  }

  public enum Effect: Hashable, Sendable {
    /// To be written in order, in the transaction of this step; then `durable` comes back.
    case store([LedgerWrite], WriteToken)
    /// May leave at once: whatever it promises was durable before the effect was made (`DurablePlace`).
    case send(ReplicationMessage, to: NodeID)
    case sign(Statement, JobToken)
    case verify(SignedStatement, VerificationKey, JobToken)
    /// The contract's check of what comes next, before it is stored. Batches of one ledger are judged one at a
    /// time in order; what was accepted is stored and never taken back.
    case judge(CollaborationID, [LedgerRecord], JobToken)
    /// `by` holds durably all entries up to `number`: this node itself, or a member that signed it.
    case held(CollaborationID, number: Int, by: NodeID)
    /// The contract refused an entry that the coordinator signed; this ledger takes no more here.
    case refused(CollaborationID, number: Int, reason: String)
    case conflict(Conflict)
    /// A member holds something else than this node at `number`, or more than was ever proposed.
    case diverged(CollaborationID, number: Int, member: NodeID)
    /// A member holds less than it once acknowledged: it lost state or was rolled back.
    case memberLostState(CollaborationID, member: NodeID, acknowledged: Int, found: Int)
    case dropped(ReplicationDrop, from: NodeID)
  }

  public typealias Effects = [Effect]
}

/// Why a coordinator cannot append.
public enum AppendError: Error, Equatable, Sendable, CustomStringConvertible {
  case unknownCollaboration(CollaborationID)
  case notCoordinator(coordinator: NodeID)
  case entry(LedgerError)

  public var description: String {
    switch self {
    case .unknownCollaboration(let id): "collaboration \(id.short) is not open here"
    case .notCoordinator(let coordinator): "only the coordinator \(coordinator.short) extends this ledger"
    case .entry(let error): "\(error)"
    }
  }
}
