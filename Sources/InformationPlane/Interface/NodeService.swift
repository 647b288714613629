public import Engine
public import Model

/// What the interface asks of the node that it stands before. Every call throws `Refusal` when it cannot be
/// carried out. Answers are consistent: each is taken between two steps of the engine.
public protocol NodeService: Sendable {
  func status() async throws -> NodeStatusView
  func members() async throws -> [MemberView]
  func member(_ id: NodeID) async throws -> MemberDetailView
  func adapters() async throws -> [AdapterView]
  func doctor() async throws -> [DoctorFinding]

  /// Tells all nodes of the network; on the disk when it returns.
  func announce(_ request: AnnouncementRequest) async throws -> AnnouncementReceipt
  /// Those that hold still, newest first.
  func announcements() async throws -> [AnnouncementView]
  /// What was proposed and decided by vote about who belongs to the network, newest last.
  func decisions() async throws -> [DecisionView]
  /// Durable when it returns; when it stands on the ledger shows later.
  func propose(_ request: ProposalRequest) async throws -> ProposalReceipt
  /// Durable when it returns; when it stands on the ledger shows later.
  func vote(on decision: StatementID, _ request: VoteRequest) async throws -> [DecisionView]
  /// Asks a member for a sign of life; its silence is an answer too.
  func ping(_ node: NodeID) async throws -> PingView

  func collaborations() async throws -> [CollaborationView]
  func createCollaboration(_ request: CollaborationRequest) async throws -> CollaborationView
  /// Durable when it returns; when the last work here is done and this node is gone shows later.
  func leave(_ collaboration: CollaborationID, reason: String) async throws -> CollaborationView
  /// Durable when it returns; whether this node is let in again shows later.
  func join(_ collaboration: CollaborationID) async throws -> CollaborationView
  func participants(of collaboration: CollaborationID?) async throws -> [ParticipantView]
  func weights(of collaboration: CollaborationID?) async throws -> [WeightView]

  /// Of the collaborations that are open here, newest last.
  func elections() async throws -> [ElectionView]
  func election(of collaboration: CollaborationID) async throws -> ElectionView
  /// Durable when it returns; what comes of it shows later.
  func callElection(of collaboration: CollaborationID, person: String, reason: String) async throws -> ElectionView
  /// Durable when it returns; the successor may not take over.
  func transferOffice(of collaboration: CollaborationID, to node: NodeID, person: String) async throws -> ElectionView

  /// Durable when it returns; what is decided shows later.
  ///
  /// - Parameter agent: nil withdraws.
  func delegate(
    _ collaboration: CollaborationID, to agent: NodeID?, person: String, reason: String
  ) async throws -> ElectionView

  /// Whom this node votes for first; nobody for the contract's order. Durable when it returns.
  func prefer(_ nodes: [NodeID], in collaboration: CollaborationID) async throws -> ElectionView
  /// Founds a collaboration that goes on where another has lost its quorum for good.
  func reconstitute(_ collaboration: CollaborationID, person: String, reason: String) async throws -> CollaborationView

  /// Objects must be there first (`putObject`). Durable when it returns; the same nonce gives the same task.
  func submit(_ request: SubmissionRequest) async throws -> TaskView
  func tasks() async throws -> [TaskView]
  func task(_ id: TaskID) async throws -> TaskDetailView
  /// Without its subtasks: for whoever asks often.
  func summary(of task: TaskID) async throws -> TaskView
  func plans(of task: TaskID) async throws -> [PlanView]
  /// The plan that would be made now, without submitting anything.
  func preview(_ request: SubmissionRequest) async throws -> PlanView
  func explain(_ task: TaskID) async throws -> ExplanationView
  func cancel(_ task: TaskID, reason: String) async throws -> TaskView
  /// - Parameter attempt: its number; nil for the one that succeeded or runs, or else the last one that failed.
  func log(
    of task: TaskID, subtask: Int, attempt: Int?, stream: String, offset: Int, limit: Int
  ) async throws -> LogView

  func offers() async throws -> [OfferView]
  func decideOffer(_ offer: OfferID, accept: Bool, reason: String) async throws -> OfferView

  func events(limit: Int) async throws -> [EventView]
  func event(_ id: String) async throws -> EventView
  func trace(_ id: TraceID) async throws -> [TraceView]

  func ledgers() async throws -> [LedgerView]
  func entries(of collaboration: CollaborationID, from: Int, limit: Int) async throws -> [EntryView]

  func hasObject(_ reference: ObjectReference) async throws -> Bool
  /// Streams content into the node's store; refused when it does not match the reference.
  func putObject(_ reference: ObjectReference, chunks: some AsyncSequence<[UInt8], any Error> & Sendable) async throws
  /// At most `limit` bytes from `offset`; empty at the end.
  func readObject(_ reference: ObjectReference, offset: Int, limit: Int) async throws -> [UInt8]

  /// Notices for people as they happen, oldest first, bounded: a slow reader loses the oldest.
  func notices() async throws -> AsyncStream<NoticeView>
}
