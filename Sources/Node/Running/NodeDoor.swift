internal import Contract
internal import Coordination
internal import Engine
internal import Interface
internal import Model
internal import NIOPosix
internal import Overlay
internal import Storage

/// The node as its outside interface sees it: every answer is taken between two steps of the engine.
struct NodeDoor: NodeService {
  let loop: EngineLoop
  let hands: Hands
  let workshop: Workshop
  let history: EventHistory
  let facts: Facts

  /// What does not change while the node runs.
  struct Facts: Sendable {
    var configuration: NodeConfiguration
    var identity: LocalIdentity
    var startedMilliseconds: Int64
    var folder: DataFolder
    var addresses: @Sendable () -> (listen: String, http: String?)
    /// Why the newest heads are not kept beside the database.
    var headsProblem: @Sendable () -> String?
  }

  func status() async throws -> NodeStatusView {
    let (summary, standstills, problem, now) = await loop.read {
      ($0.summary(), $0.standstillViews(), $0.ownRevocation ?? $0.exclusion(at: $1)?.description, $1)
    }
    let addresses = facts.addresses()
    return NodeStatusView(
      node: facts.identity.node, name: facts.configuration.name, kind: facts.configuration.kind.rawValue,
      network: facts.identity.network, networkName: facts.identity.genesis.name, version: Software.version,
      listenAddress: addresses.listen, httpAddress: addresses.http, startedMilliseconds: facts.startedMilliseconds,
      nowMilliseconds: now.wallMilliseconds, members: summary.members, membersAlive: summary.membersAlive,
      membersByState: summary.membersByState, links: summary.links, localHealth: summary.localHealth,
      admissionProblem: problem,
      collaborations: summary.collaborations, standstills: standstills,
      total: summary.total, committed: summary.committed,
      queuedEvents: summary.queuedEvents, deadEvents: summary.deadEvents, dropped: summary.dropped,
      traffic: summary.traffic)
  }

  func members() async throws -> [MemberView] { await loop.read { engine, _ in engine.memberViews() } }

  func member(_ id: NodeID) async throws -> MemberDetailView {
    guard let view = await loop.read({ engine, _ in engine.memberDetail(id) }) else { throw Self.unknown(id) }
    return view
  }

  func adapters() async throws -> [AdapterView] { await loop.read { engine, _ in engine.adapterViews() } }

  // MARK: Collaborations

  func collaborations() async throws -> [CollaborationView] {
    await loop.read { engine, _ in engine.collaborationViews() }
  }

  func createCollaboration(_ request: CollaborationRequest) async throws -> CollaborationView {
    guard case .collaboration(let id) = try await loop.command(.create(request)),
      let view = await loop.read({ engine, _ in engine.collaborationView(id) })
    else { throw Refusal(.failed, "the collaboration was not kept") }
    return view
  }

  func participants(of collaboration: CollaborationID?) async throws -> [ParticipantView] {
    await loop.read { $0.participantViews(of: collaboration, at: $1) }
  }

  func weights(of collaboration: CollaborationID?) async throws -> [WeightView] {
    await loop.read { engine, _ in engine.weightViews(of: collaboration) }
  }

  // MARK: Tasks

  func submit(_ request: SubmissionRequest) async throws -> TaskView {
    guard case .task(let id) = try await loop.command(.submit(request)) else {
      throw Refusal(.failed, "the submission was not kept")
    }
    return try await view(of: id)
  }

  private func view(of id: TaskID) async throws -> TaskView {
    guard let view = await loop.read({ $0.taskView(id, at: $1) }) else { throw Self.unknown(id) }
    return view
  }

  private static func unknown(_ id: TaskID) -> Refusal {
    Refusal(.notFound, "no task \(id.short) is known here", subject: id.short, next: "jointcloud task list")
  }

  func tasks() async throws -> [TaskView] { await loop.read { $0.taskViews(at: $1) } }

  func task(_ id: TaskID) async throws -> TaskDetailView {
    // Of as many as 100,000 subtasks: not while the loop waits.
    let (engine, now) = await loop.read { ($0, $1) }
    guard let view = engine.taskDetail(id, at: now) else { throw Self.unknown(id) }
    return view
  }

  func summary(of task: TaskID) async throws -> TaskView { try await view(of: task) }

  func plans(of task: TaskID) async throws -> [PlanView] {
    guard let plans = await loop.read({ engine, _ in engine.planViews(of: task) }) else { throw Self.unknown(task) }
    return plans
  }

  func preview(_ request: SubmissionRequest) async throws -> PlanView {
    try await loop.read { $0.preview(request.submission, in: request.collaboration, at: $1) }.get()
  }

  func explain(_ task: TaskID) async throws -> ExplanationView {
    guard let view = await loop.read({ $0.explanation(of: task, at: $1) }) else { throw Self.unknown(task) }
    return view
  }

  func cancel(_ task: TaskID, reason: String) async throws -> TaskView {
    _ = try await loop.command(.cancel(task, reason: reason))
    return try await view(of: task)
  }

  // MARK: Offers, events, ledgers

  func offers() async throws -> [OfferView] { await loop.read { engine, _ in engine.offerViews() } }

  func decideOffer(_ offer: OfferID, accept: Bool, reason: String) async throws -> OfferView {
    _ = try await loop.command(.decideOffer(offer, accept: accept, reason: reason))
    guard let view = await loop.read({ engine, _ in engine.offerViews().first { $0.offer == offer } }) else {
      throw Refusal(.notFound, "no offer \(offer.short) is here", subject: offer.short, next: "jointcloud offer list")
    }
    return view
  }

  func events(limit: Int) async throws -> [EventView] {
    let limit = min(max(1, limit), 10_000)
    // In this order nothing falls between the two: what is handled meanwhile is in the second.
    let queued = await loop.read { engine, _ in engine.queuedEventViews() }
    return EventView.page(queued: queued, finished: try await history.newest(limit), limit: limit)
  }

  func event(_ id: String) async throws -> EventView {
    let queued = await loop.read { engine, _ in engine.queuedEventView(id) }
    guard let view = try await history.event(id) ?? queued else {
      throw Refusal(
        .notFound, "no event \(id.prefix(8)) is queued or was handled in the last week", subject: id,
        next: "jointcloud event list")
    }
    return view
  }

  func ledgers() async throws -> [LedgerView] { await loop.read { engine, _ in engine.ledgerViews() } }

  func entries(of collaboration: CollaborationID, from: Int, limit: Int) async throws -> [EntryView] {
    guard let views = await loop.read({ engine, _ in engine.entryViews(of: collaboration, from: from, limit: limit) })
    else {
      throw Refusal(
        .notFound, "no ledger \(collaboration.short) is here", subject: collaboration.short,
        next: "jointcloud ledger list")
    }
    return views
  }

  // MARK: Objects

  func hasObject(_ reference: ObjectReference) async throws -> Bool { hands.objects.has(reference) }

  func putObject(
    _ reference: ObjectReference, chunks: some AsyncSequence<[UInt8], any Error> & Sendable
  ) async throws {
    do {
      if hands.objects.has(reference) {
        // Read to its end all the same: the connection carries more requests.
        for try await _ in chunks {}
      } else {
        let objects = hands.objects
        let partial = try await hands.disk.runIfActive { try objects.partial(reference) }
        // The client sends the whole; what an earlier try left is passed over.
        let present = partial.offset
        var offset = 0
        for try await chunk in chunks {
          let fresh = chunk.dropFirst(max(0, present - offset))
          if !fresh.isEmpty { try partial.append(Array(fresh), at: offset + chunk.count - fresh.count) }
          offset += chunk.count
        }
        try await hands.disk.runIfActive { try partial.finish() }
      }
    } catch let error as StorageError {
      throw Self.refusal(error, reference)
    }
    await loop.feed(.object(.arrived(reference)))
  }

  private static func refusal(_ error: StorageError, _ reference: ObjectReference) -> Refusal {
    let kind: Refusal.Kind =
      switch error {
      case .objectTooLarge, .noRoom: .tooLarge
      case .objectDiffers, .wrongOffset: .invalid
      case .locked: .conflict
      case .notFound: .notFound
      default: .failed
      }
    return Refusal(
      kind, "\(error)", subject: reference.digest.short, next: kind == .failed ? "jointcloud doctor" : "")
  }

  func readObject(_ reference: ObjectReference, offset: Int, limit: Int) async throws -> [UInt8] {
    try objectBytes(reference, offset: offset, limit: limit)
  }

  func objectBytes(_ reference: ObjectReference, offset: Int, limit: Int) throws -> [UInt8] {
    do {
      return try hands.objects.read(reference.digest, at: offset, count: min(max(0, limit), 4 << 20))
    } catch {
      throw Self.refusal(error, reference)
    }
  }

  func notices() async throws -> AsyncStream<NoticeView> {
    guard let stream = hands.notices.subscribe() else {
      throw Refusal(.unavailable, "too many follow the notices already")
    }
    return stream
  }
}
