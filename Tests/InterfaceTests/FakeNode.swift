import Contract
import Engine
import Interface
import Model
import Synchronization

/// A fake: answers every call with a made-up value, keeps objects in memory, and notes what it was asked. What a
/// real node answers is shown by the end-to-end tests.
final class FakeNode: NodeService {
  /// Known to nobody.
  static let unknown = Digest(of: "unknown".utf8)

  private let document: OpenAPIDocument
  private let state = Mutex((calls: [String](), objects: [ObjectReference: [UInt8]]()))
  let (noticeStream, noticeSource) = AsyncStream.makeStream(of: NoticeView.self)

  init() throws {
    document = try OpenAPIDocument()
  }

  var calls: [String] { state.withLock { $0.calls } }

  private func answer<Value: Codable>(_ call: String, about id: Digest? = nil) throws -> Value {
    state.withLock { $0.calls.append(call) }
    if id == Self.unknown { throw Refusal(.notFound, "nothing is called so", subject: "id", next: "jointcloud ps") }
    return try document.sample(of: Value.self)
  }

  func status() async throws -> NodeStatusView { try answer("status") }
  func members() async throws -> [MemberView] { [try answer("members")] }
  func member(_ id: NodeID) async throws -> MemberDetailView { try answer("member", about: id.digest) }
  func adapters() async throws -> [AdapterView] { [try answer("adapters")] }
  func doctor() async throws -> [DoctorFinding] { [try answer("doctor")] }
  func announce(_ request: AnnouncementRequest) async throws -> AnnouncementReceipt {
    try answer("announce \(request.text) \(request.lifetimeMilliseconds)")
  }

  func announcements() async throws -> [AnnouncementView] { [try answer("announcements")] }
  func decisions() async throws -> [DecisionView] { [try answer("decisions")] }
  func propose(_ request: ProposalRequest) async throws -> ProposalReceipt { try answer("propose") }

  func vote(on decision: StatementID, _ request: VoteRequest) async throws -> [DecisionView] {
    [try answer("vote", about: decision.digest)]
  }

  func ping(_ node: NodeID) async throws -> PingView { try answer("ping", about: node.digest) }
  func collaborations() async throws -> [CollaborationView] { [try answer("collaborations")] }

  func createCollaboration(_ request: CollaborationRequest) async throws -> CollaborationView {
    try answer("createCollaboration \(request.name)")
  }

  func participants(of collaboration: CollaborationID?) async throws -> [ParticipantView] {
    [try answer("participants \(collaboration?.short ?? "all")")]
  }

  func leave(_ collaboration: CollaborationID, reason: String) async throws -> CollaborationView {
    try answer("leave \(reason)", about: collaboration.digest)
  }

  func join(_ collaboration: CollaborationID) async throws -> CollaborationView {
    try answer("join", about: collaboration.digest)
  }

  func weights(of collaboration: CollaborationID?) async throws -> [WeightView] {
    [try answer("weights \(collaboration?.short ?? "all")")]
  }

  func elections() async throws -> [ElectionView] { [try answer("elections")] }

  func election(of collaboration: CollaborationID) async throws -> ElectionView {
    try answer("election", about: collaboration.digest)
  }

  func callElection(of collaboration: CollaborationID, person: String, reason: String) async throws -> ElectionView {
    try answer("callElection \(person) \(reason)", about: collaboration.digest)
  }

  func transferOffice(of collaboration: CollaborationID, to node: NodeID, person: String) async throws -> ElectionView {
    try answer("transferOffice \(node.short) \(person)", about: collaboration.digest)
  }

  func delegate(
    _ collaboration: CollaborationID, to agent: NodeID?, person: String, reason: String
  ) async throws -> ElectionView {
    try answer("delegate \(agent?.short ?? "nobody") \(person) \(reason)", about: collaboration.digest)
  }

  func prefer(_ nodes: [NodeID], in collaboration: CollaborationID) async throws -> ElectionView {
    try answer("prefer \(nodes.map(\.short))", about: collaboration.digest)
  }

  func reconstitute(_ collaboration: CollaborationID, person: String, reason: String) async throws -> CollaborationView
  {
    try answer("reconstitute \(person) \(reason)", about: collaboration.digest)
  }

  func submit(_ request: SubmissionRequest) async throws -> TaskView { try answer("submit \(request.submission.name)") }
  func tasks() async throws -> [TaskView] { [try answer("tasks")] }
  func task(_ id: TaskID) async throws -> TaskDetailView { try answer("task", about: id.digest) }
  func summary(of task: TaskID) async throws -> TaskView { try answer("summary", about: task.digest) }
  func plans(of task: TaskID) async throws -> [PlanView] { [try answer("plans", about: task.digest)] }
  func preview(_ request: SubmissionRequest) async throws -> PlanView { try answer("preview") }
  func explain(_ task: TaskID) async throws -> ExplanationView { try answer("explain", about: task.digest) }

  func cancel(_ task: TaskID, reason: String) async throws -> TaskView {
    try answer("cancel \(reason)", about: task.digest)
  }

  func log(
    of task: TaskID, subtask: Int, attempt: Int?, stream: String, offset: Int, limit: Int
  ) async throws -> LogView {
    try answer(
      "log \(subtask)\(attempt.map { " attempt \($0)" } ?? "") \(stream) \(offset) \(limit)", about: task.digest)
  }

  func offers() async throws -> [OfferView] { [try answer("offers")] }

  func decideOffer(_ offer: OfferID, accept: Bool, reason: String) async throws -> OfferView {
    try answer("decideOffer \(accept) \(reason)", about: offer.digest)
  }

  func events(limit: Int) async throws -> [EventView] { [try answer("events \(limit)")] }
  func event(_ id: String) async throws -> EventView { try answer("event \(id)") }
  func trace(_ id: TraceID) async throws -> [TraceView] { [try answer("trace", about: id.digest)] }
  func ledgers() async throws -> [LedgerView] { [try answer("ledgers")] }

  func entries(of collaboration: CollaborationID, from: Int, limit: Int) async throws -> [EntryView] {
    [try answer("entries \(from) \(limit)", about: collaboration.digest)]
  }

  func hasObject(_ reference: ObjectReference) async throws -> Bool {
    state.withLock { $0.objects[reference] != nil }
  }

  func putObject(_ reference: ObjectReference, chunks: some AsyncSequence<[UInt8], any Error> & Sendable) async throws {
    var content: [UInt8] = []
    for try await chunk in chunks { content += chunk }
    guard content.count == reference.byteCount, Digest(of: content) == reference.digest else {
      throw Refusal(.invalid, "the bytes do not hash to the digest", subject: "digest")
    }
    state.withLock { [content] in $0.objects[reference] = content }
  }

  func readObject(_ reference: ObjectReference, offset: Int, limit: Int) async throws -> [UInt8] {
    state.withLock { Array($0.objects[reference]?.dropFirst(offset).prefix(limit) ?? []) }
  }

  func notices() async throws -> AsyncStream<NoticeView> { noticeStream }
}
