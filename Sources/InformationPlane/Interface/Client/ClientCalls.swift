public import Engine
public import Model

/// The calls that take and give documents, as `NodeService` describes them.
extension Client {
  public func status() async throws -> NodeStatusView { try await get("/v1/status") }
  public func members() async throws -> [MemberView] { try await get("/v1/members") }
  public func member(_ id: NodeID) async throws -> MemberDetailView { try await get("/v1/members/\(id)") }
  public func adapters() async throws -> [AdapterView] { try await get("/v1/adapters") }
  public func doctor() async throws -> [DoctorFinding] { try await get("/v1/doctor") }

  public func announce(_ request: AnnouncementRequest) async throws -> AnnouncementReceipt {
    try await post("/v1/announcements", request)
  }

  public func announcements() async throws -> [AnnouncementView] { try await get("/v1/announcements") }
  public func decisions() async throws -> [DecisionView] { try await get("/v1/network/decisions") }

  /// - Returns: the proposal's id; when it stands on the ledger shows later.
  public func propose(_ request: ProposalRequest) async throws -> ProposalReceipt {
    try await post("/v1/network/decisions", request)
  }

  /// - Returns: how things stand when the vote is kept.
  public func vote(on decision: StatementID, _ request: VoteRequest) async throws -> [DecisionView] {
    try await post("/v1/network/decisions/\(decision)/vote", request)
  }

  public func ping(_ node: NodeID) async throws -> PingView { try await post("/v1/members/\(node)/ping", NoBody()) }

  public func collaborations() async throws -> [CollaborationView] { try await get("/v1/collaborations") }

  public func createCollaboration(_ request: CollaborationRequest) async throws -> CollaborationView {
    try await post("/v1/collaborations", request)
  }

  /// - Returns: how things stand when it is kept; when this node is gone shows later.
  public func leave(_ collaboration: CollaborationID, reason: String) async throws -> CollaborationView {
    try await post("/v1/collaborations/\(collaboration)/leave", LeaveCollaborationRequest(reason: reason))
  }

  /// - Returns: how things stand when it is kept; whether this node is let in shows later.
  public func join(_ collaboration: CollaborationID) async throws -> CollaborationView {
    try await post("/v1/collaborations/\(collaboration)/join", NoBody())
  }

  public func participants(of collaboration: CollaborationID? = nil) async throws -> [ParticipantView] {
    try await get("/v1/participants", [("collaboration", collaboration?.hexadecimal)])
  }

  public func weights(of collaboration: CollaborationID? = nil) async throws -> [WeightView] {
    try await get("/v1/weights", [("collaboration", collaboration?.hexadecimal)])
  }

  public func elections() async throws -> [ElectionView] { try await get("/v1/elections") }

  public func election(of collaboration: CollaborationID) async throws -> ElectionView {
    try await get("/v1/collaborations/\(collaboration)/election")
  }

  /// - Returns: how things stand when the call is kept; what comes of it shows later.
  public func callElection(
    of collaboration: CollaborationID, person: String, reason: String
  ) async throws -> ElectionView {
    try await post(
      "/v1/collaborations/\(collaboration)/election/call", ElectionCallRequest(person: person, reason: reason))
  }

  /// - Returns: how things stand when it is kept; whether the successor takes over shows later.
  public func transferOffice(
    of collaboration: CollaborationID, to node: NodeID, person: String
  ) async throws -> ElectionView {
    try await post(
      "/v1/collaborations/\(collaboration)/election/transfer", ElectionTransferRequest(node: node, person: person))
  }

  /// - Parameter agent: nil withdraws.
  /// - Returns: how things stand when it is kept; whether it is decided shows later.
  public func delegate(
    _ collaboration: CollaborationID, to agent: NodeID?, person: String, reason: String
  ) async throws -> ElectionView {
    try await post(
      "/v1/collaborations/\(collaboration)/election/delegation",
      ElectionDelegationRequest(agent: agent, person: person, reason: reason))
  }

  public func prefer(_ nodes: [NodeID], in collaboration: CollaborationID) async throws -> ElectionView {
    try await post("/v1/collaborations/\(collaboration)/election/preference", ElectionPreferenceRequest(nodes: nodes))
  }

  /// - Returns: the new collaboration; whether it opens shows later.
  public func reconstitute(
    _ collaboration: CollaborationID, person: String, reason: String
  ) async throws -> CollaborationView {
    try await post(
      "/v1/collaborations/\(collaboration)/reconstitute", ReconstituteRequest(person: person, reason: reason))
  }

  public func submit(_ request: SubmissionRequest) async throws -> TaskView {
    try await post("/v1/tasks", request)
  }

  public func preview(_ request: SubmissionRequest) async throws -> PlanView {
    try await post("/v1/plans", request)
  }

  public func tasks() async throws -> [TaskView] { try await get("/v1/tasks") }
  public func task(_ id: TaskID) async throws -> TaskDetailView { try await get("/v1/tasks/\(id)") }
  public func summary(of task: TaskID) async throws -> TaskView { try await get("/v1/tasks/\(task)/summary") }
  public func plans(of task: TaskID) async throws -> [PlanView] { try await get("/v1/tasks/\(task)/plans") }

  public func explain(_ task: TaskID) async throws -> ExplanationView {
    try await get("/v1/tasks/\(task)/explanation")
  }

  public func cancel(_ task: TaskID, reason: String) async throws -> TaskView {
    try await post("/v1/tasks/\(task)/cancel", CancelRequest(reason: reason))
  }

  /// A piece of a subtask's output, at most 256 KiB; `offset` goes on where the last one ended.
  ///
  /// - Parameter attempt: its number; nil for the one that succeeded or runs, or else the last one that failed.
  public func log(
    of task: TaskID, subtask: Int, attempt: Int? = nil, stream: String, offset: Int
  ) async throws -> LogView {
    try await get(
      "/v1/tasks/\(task)/subtasks/\(subtask)/logs/\(percentEncoded(stream))",
      [("offset", "\(offset)")] + (attempt.map { [("attempt", "\($0)")] } ?? []))
  }

  public func offers() async throws -> [OfferView] { try await get("/v1/offers") }

  public func decideOffer(_ offer: OfferID, accept: Bool, reason: String) async throws -> OfferView {
    try await post("/v1/offers/\(offer)/decision", OfferDecision(accept: accept, reason: reason))
  }

  public func events(limit: Int = 100) async throws -> [EventView] {
    try await get("/v1/events", [("limit", "\(limit)")])
  }

  public func event(_ id: String) async throws -> EventView { try await get("/v1/events/\(percentEncoded(id))") }
  public func trace(_ id: TraceID) async throws -> [TraceView] { try await get("/v1/traces/\(id)") }
  public func ledgers() async throws -> [LedgerView] { try await get("/v1/ledgers") }

  public func entries(of collaboration: CollaborationID, from: Int, limit: Int = 100) async throws -> [EntryView] {
    try await get("/v1/ledgers/\(collaboration)/entries", [("from", "\(from)"), ("limit", "\(limit)")])
  }
}

/// The body of a request that says all in its path.
private struct NoBody: Encodable {}
