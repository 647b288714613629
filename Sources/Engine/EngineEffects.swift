internal import Consensus
public import Coordination
public import Model
public import Overlay
public import Sodium

/// Names a signature to make.
public struct SigningJob: Hashable, Sendable {
  public let number: UInt64
}

/// Names a signature to check.
public struct CheckingJob: Hashable, Sendable {
  public let number: UInt64
}

/// What can leave the engine before anything is durable: none of it promises anything.
public enum Action: Sendable {
  case dial(address: String, expecting: NodeID)
  case transmit(LinkID, [UInt8], lane: Lane)
  case close(LinkID, CloseReason)
  case sendDatagram([UInt8], to: String)
  /// Show this record of this node in handshakes from now on.
  case present(SignedStatement)
  /// Let this member in from now on, also when its grant is over.
  case admit(NodeID)
  /// Serve this node nothing any more: the network has cut it off.
  case expel(NodeID)
  case setTimer(EngineTimer, after: Duration)
  /// Feed `wake` back.
  case wake
  case sign(SigningJob, Statement)
  case check(CheckingJob, Check)
  /// Bring an object here from one of these nodes, the first reachable first.
  case fetch(ObjectReference, from: [Holder])
  case readSpecification(ObjectReference)
  case keep(ObjectReference, [UInt8])
  /// Keep these objects while the task is open; with `inputs`, also all that the first of them, its specification,
  /// names.
  case hold(TaskID, [ObjectReference], inputs: Bool)
  /// The task is over: its objects may give way.
  case letGo(TaskID)
  case start(WorkOrder)
  case cancelWork(AttemptID, reason: String)
  case answer(CommandID, Result<CommandAnswer, Refusal>)
  case notice(NoticeView)
  /// Pieces of logs that another node asked for, and answers to what this node asked.
  case logRequested(PeerMessage.LogRequest, by: NodeID)
  case logChunk(PeerMessage.LogChunk, from: NodeID)
  /// What another node asked about a trace, and answers to what this node asked.
  case traceRequested(PeerMessage.TraceRequest, by: NodeID)
  case traceReply(PeerMessage.TraceReply, from: NodeID)
}

/// Who has an object and where it listens.
public struct Holder: Hashable, Sendable {
  public let node: NodeID
  public let addresses: [String]
}

/// A check of signatures, to be made on any thread.
public enum Check: Sendable {
  case overlay(Verification)
  case ledger([(SignedStatement, VerificationKey)])

  public func finding() -> Verification.Finding {
    switch self {
    case .overlay(let verification): verification.finding()
    case .ledger(let claims): claims.allSatisfy { $0.0.verifies(with: $0.1) } ? .holds : .refused
    }
  }
}

/// What may happen only once writes are durable. There is no way from here to the outside but through
/// `NodeEngine.fulfil`, which runs when the storage has said so: the wrong order cannot be written.
enum Promise: Sendable {
  /// The peer's message is kept: say so.
  case settle(StatementID, from: NodeID)
  case send(SignedStatement, to: NodeID, deadlineMilliseconds: Int64)
  /// Whoever asked for it is told once it is kept here.
  case broadcast(SignedStatement, (command: CommandID, trace: TraceID)?)
  case announce(SignedStatement)
  case ledgerWritten(WriteToken)
  case start(WorkOrder)
  case answer(CommandID, CommandAnswer)
}

/// What one step wants: at most one transaction, and actions in order.
public struct EngineEffects: Sendable {
  /// The step's number and its writes, to be made durable together; nil when it writes nothing.
  public internal(set) var transaction: (step: UInt64, writes: [Write])?
  public internal(set) var actions: [Action] = []

  public init() {}
}

/// What a step gathers.
package struct Turn {
  let now: Moment
  package var random: Random
  private(set) var writes: [Write] = []
  private(set) var promises: [Promise] = []
  package private(set) var actions: [Action] = []

  package init(now: Moment, random: Random) {
    self.now = now
    self.random = random
  }

  mutating func write(_ write: Write) { writes.append(write) }
  mutating func act(_ action: Action) { actions.append(action) }
  /// Carried out once everything written up to the end of this step is durable.
  mutating func promise(_ promise: Promise) { promises.append(promise) }
}
