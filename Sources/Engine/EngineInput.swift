public import Contract
public import Coordination
public import Model
public import Overlay
public import Sodium

/// What happens to a node. Everything that a protocol decides follows from these, in their order.
public enum EngineInput: Sendable {
  /// The first input.
  case start(EngineStart)
  case overlay(TransportInput)
  /// The writes of the step with this number, and of all before it, are durable.
  case written(UInt64)
  /// A signature that was asked for, made by this node's key.
  case signed(SigningJob, Signature)
  /// The answer to a check that was asked for.
  case verified(CheckingJob, Verification.Finding)
  case timer(EngineTimer)
  /// The next queued event may be handled.
  case wake
  case command(CommandID, Command)
  /// What the adapters offer now.
  case adapters([AdapterStatus])
  case work(WorkUpdate)
  case object(ObjectUpdate)
}

/// What the transport tells; a subset of the overlay's inputs, since the rest is the engine's own to say.
public enum TransportInput: Sendable {
  case linkOpened(LinkID, peer: SignedStatement, dialled: Bool)
  case linkClosed(LinkID, CloseReason)
  case frame(LinkID, [UInt8])
  case datagram([UInt8], from: String)
  case dialFailed(NodeID, address: String, reason: String)
  case dropped(DropReason, count: Int)
  case sameKeyMet(address: String)
}

/// What a node starts from.
public struct EngineStart: Sendable {
  public var recovered: Recovered
  /// This node's signed record, with a higher incarnation than ever before.
  public var record: SignedStatement
  /// The seed of the record's datagram key.
  public var datagramSeed: [UInt8]
  public var seeds: [Invitation.Seed]
  /// Objects that are in the store.
  public var objects: [Digest]
  /// Names where the data lies, otherwise for a copy of it than for the data itself.
  public var place: String
  /// A person says that this is the newest copy of the node's data.
  public var isVouchedFor: Bool

  public init(
    recovered: Recovered, record: SignedStatement, datagramSeed: [UInt8], seeds: [Invitation.Seed], objects: [Digest],
    place: String, isVouchedFor: Bool = false
  ) {
    self.place = place
    self.isVouchedFor = isVouchedFor
    self.recovered = recovered
    self.record = record
    self.datagramSeed = datagramSeed
    self.seeds = seeds
    self.objects = objects
  }
}

public enum EngineTimer: Hashable, Sendable {
  case overlay
  /// Deadlines of negotiations, offers, leases.
  case tick
  /// Signs of life of coordinators, and elections.
  case consensus
  /// Results that have gathered go out.
  case report
  /// Nodes tell each other what they have and do.
  case figures
  /// The network's own collaboration is founded, found, joined and told what people here want.
  case council
}

/// Names a person's request until it is answered.
public struct CommandID: Hashable, Sendable {
  public let number: UInt64
  public init(_ number: UInt64) { self.number = number }
}

public enum Command: Sendable {
  case create(CollaborationRequest)
  case submit(SubmissionRequest)
  case cancel(TaskID, reason: String)
  case decideOffer(OfferID, accept: Bool, reason: String)
  /// Tells all nodes of the network.
  case announce(text: String, lifetimeMilliseconds: Int64)
  case ping(NodeID)
  /// A person here calls an election.
  case callElection(CollaborationID, person: String, reason: String)
  /// A person here hands over the office of this node.
  case transferOffice(CollaborationID, to: NodeID, person: String)
  /// A person here says whom this node votes for first, the best first; nobody for the contract's order.
  case preferCoordinators(CollaborationID, [NodeID])
  /// A person here wants a virtual operator to coordinate; nil withdraws that.
  case delegate(CollaborationID, to: NodeID?, person: String, reason: String)
  /// A person here founds a collaboration that goes on where another has lost its quorum for good.
  case reconstitute(CollaborationID, person: String, reason: String)
  /// A person here wants this node to be a member of an open round no longer, or again.
  case leaveCollaboration(CollaborationID, reason: String)
  case joinCollaboration(CollaborationID)
  /// A person here proposes that the network lets a node in or cuts it off.
  case propose(MotionAct, NodeID, person: String, reason: String)
  /// A person here votes on such a proposal.
  case voteOnMotion(StatementID, yes: Bool, person: String)
  /// Says goodbye to everybody; the record bears `leaving`.
  case leave(SignedStatement)
}

/// What came of a command.
public enum CommandAnswer: Sendable {
  case collaboration(CollaborationID)
  case task(TaskID)
  case offer(OfferID)
  case announced(StatementID, TraceID)
  case pinged(PingOutcome)
  case proposed(StatementID)
  case done
}

/// An adapter as the engine declares and shows it.
public struct AdapterStatus: Hashable, Sendable {
  public var name: String
  public var kind: String
  public var usable: Bool
  public var detail: String
  public var features: [String]
  public var sandboxed: Bool
  /// Takes only work that names it.
  public var onRequestOnly: Bool
  public var total: Amounts

  public init(
    name: String, kind: String, usable: Bool, detail: String, features: [String], sandboxed: Bool,
    onRequestOnly: Bool, total: Amounts
  ) {
    self.name = name
    self.kind = kind
    self.usable = usable
    self.detail = detail
    self.features = features
    self.sandboxed = sandboxed
    self.onRequestOnly = onRequestOnly
    self.total = total
  }
}

/// What adapters tell of attempts.
public enum WorkUpdate: Sendable {
  case moved(AttemptID, Executor.Stage, reason: String, nativeID: String, nativeState: String)
  /// It is over; its result files are in the object store.
  case ended(AttemptID, AttemptResult)
}

/// What the object store and the transfers tell.
public enum ObjectUpdate: Sendable {
  case arrived(ObjectReference)
  case unavailable(ObjectReference, why: String)
  /// Objects that were evicted to make room.
  case evicted([Digest])
  /// A specification that was read; nil when it could not be, or is none.
  case specification(ObjectReference, TaskSpecification?)
}
