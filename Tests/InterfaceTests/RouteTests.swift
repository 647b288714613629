import Contract
import Engine
import Interface
import Model
import NIOHTTP1
import Testing

@Suite struct RouteTests {
  @Test func everyRouteIsDocumentedAndEveryDocumentedRouteExists() throws {
    #expect(try routeNames(of: FakeNode()).sorted() == OpenAPIDocument().routes)
  }

  @Test func everyDocumentedShapeIsTheViews() throws {
    let document = try OpenAPIDocument()
    // Decoding refuses keys that the type does not know, and keys that are missing.
    _ = try document.sample(of: NodeStatusView.self)
    _ = try document.sample(of: TaskDetailView.self)
    _ = try document.sample(of: ExplanationView.self)
    _ = try document.sample(of: SubmissionRequest.self)
    _ = try document.sample(of: CollaborationRequest.self)
    _ = try document.sample(of: AnnouncementRequest.self)
    _ = try document.sample(of: CollaborationView.self)
    _ = try document.sample(of: ElectionView.self)
    _ = try document.sample(of: NoticeView.self)
    _ = try document.sample(of: Refusal.self)
  }

  @Test func everyCallReachesTheNodeWithItsArgumentsAndComesBackWhole() async throws {
    let document = try OpenAPIDocument()
    let id = Digest(of: "id".utf8)
    try await Served.run { served in
      let client = served.client
      #expect(try await client.status() == document.sample(of: NodeStatusView.self))
      #expect(try await client.members() == [document.sample(of: MemberView.self)])
      #expect(try await client.member(NodeID(id)) == document.sample(of: MemberDetailView.self))
      #expect(try await client.adapters() == [document.sample(of: AdapterView.self)])
      #expect(try await client.doctor() == [document.sample(of: DoctorFinding.self)])
      #expect(
        try await client.announce(AnnouncementRequest(text: "maintenance", lifetimeMilliseconds: 5_000))
          == document.sample(of: AnnouncementReceipt.self))
      #expect(try await client.announcements() == [document.sample(of: AnnouncementView.self)])
      #expect(try await client.ping(NodeID(id)) == document.sample(of: PingView.self))
      #expect(try await client.collaborations() == [document.sample(of: CollaborationView.self)])
      _ = try await client.createCollaboration(document.sample(of: CollaborationRequest.self))
      _ = try await client.participants(of: CollaborationID(id))
      _ = try await client.participants()
      _ = try await client.weights(of: CollaborationID(id))
      _ = try await client.submit(document.sample(of: SubmissionRequest.self))
      #expect(try await client.tasks() == [document.sample(of: TaskView.self)])
      #expect(try await client.task(TaskID(id)) == document.sample(of: TaskDetailView.self))
      #expect(try await client.summary(of: TaskID(id)) == document.sample(of: TaskView.self))
      #expect(try await client.plans(of: TaskID(id)) == [document.sample(of: PlanView.self)])
      _ = try await client.preview(document.sample(of: SubmissionRequest.self))
      #expect(try await client.explain(TaskID(id)) == document.sample(of: ExplanationView.self))
      _ = try await client.cancel(TaskID(id), reason: "no longer needed")
      #expect(
        try await client.log(of: TaskID(id), subtask: 3, attempt: 2, stream: "stderr", offset: 12)
          == document.sample(of: LogView.self))
      _ = try await client.offers()
      _ = try await client.decideOffer(OfferID(id), accept: false, reason: "maintenance")
      _ = try await client.events(limit: 5)
      _ = try await client.event("an/event id")
      _ = try await client.trace(TraceID(id))
      _ = try await client.ledgers()
      _ = try await client.entries(of: CollaborationID(id), from: 4, limit: 9)
      #expect(
        served.node.calls == [
          "status", "members", "member", "adapters", "doctor", "announce maintenance 5000", "announcements", "ping",
          "collaborations",
          "createCollaboration text",
          "participants \(id.short)", "participants all", "weights \(id.short)", "submit text", "tasks", "task",
          "summary", "plans", "preview", "explain", "cancel no longer needed", "log 3 attempt 2 stderr 12 262144",
          "offers",
          "decideOffer false maintenance", "events 5", "event an/event id", "trace", "ledgers", "entries 4 9",
        ])
    }
  }

  @Test func electionsAreAskedForCalledAndOfficesHandedOver() async throws {
    let sample = try OpenAPIDocument().sample(of: ElectionView.self)
    let id = CollaborationID(Digest(of: "id".utf8))
    let node = NodeID(Digest(of: "node".utf8))
    try await Served.run { served in
      let client = served.client
      let listed = try await client.elections()
      #expect(listed == [sample])
      #expect(try await client.election(of: id) == sample)
      #expect(try await client.callElection(of: id, person: "ada", reason: "maintenance at alpha") == sample)
      #expect(try await client.transferOffice(of: id, to: node, person: "ada") == sample)
      #expect(try await client.delegate(id, to: node, person: "ada", reason: "no time") == sample)
      #expect(try await client.delegate(id, to: nil, person: "ada", reason: "") == sample)
      #expect(try await client.prefer([node], in: id) == sample)
      #expect(try await client.prefer([], in: id) == sample)
      #expect(
        served.node.calls == [
          "elections", "election", "callElection ada maintenance at alpha", "transferOffice \(node.short) ada",
          "delegate \(node.short) ada no time", "delegate nobody ada ", "prefer [\"\(node.short)\"]", "prefer []",
        ])
      let unknown = CollaborationID(FakeNode.unknown)
      let refusal = await #expect(throws: ClientError.self) { try await client.election(of: unknown) }
      #expect(refusal?.refusal.kind == .notFound)
    }
  }

  @Test func aNodeLeavesAndJoinsOpenRounds() async throws {
    let sample = try OpenAPIDocument().sample(of: CollaborationView.self)
    let id = CollaborationID(Digest(of: "id".utf8))
    try await Served.run { served in
      let left = try await served.client.leave(id, reason: "maintenance")
      #expect(left == sample)
      #expect(try await served.client.join(id) == sample)
      #expect(try await served.client.reconstitute(id, person: "ada", reason: "fire") == sample)
      #expect(served.node.calls == ["leave maintenance", "join", "reconstitute ada fire"])
      let long = String(repeating: "x", count: 201)
      let refusal = await #expect(throws: ClientError.self) { try await served.client.leave(id, reason: long) }
      #expect(refusal?.refusal.kind == .invalid)
    }
  }

  @Test func openPathsNeedNoToken() async throws {
    try await Served.run { served in
      for (path, body) in [("/healthz", "ok\n"), ("/metrics", "measured 1\n"), ("/openapi.yaml", openAPIDocument)] {
        let answer = try await served.raw(.GET, path)
        #expect(answer.body == body)
      }
    }
  }
}
