import Contract
import Coordination
import Engine
import Model
import Overlay
import Simulations
import Sodium
import Testing

/// A member that says what no honest engine says changes nothing but results and counters (R19, R58).
@Suite struct HostileTests {
  /// A running task with an attempt at node 1, and node 2 idle.
  static func running(_ seed: UInt64) throws -> (SimulatedNetwork, CollaborationState, TaskID) {
    let (network, id) = try ParticipantTests.opened(seed, [.asker(), NodePlan(name: "b"), NodePlan(name: "evil")])
    network.work = { _, _ in nil }
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 4), at: 0, to: id), at: 0))
    network.run(for: .seconds(10)) { network in
      network.nodes[0].engine.books[id]?.tasks[task]?.assignedCount == 4
    }
    network.settle()
    return (network, try #require(network.nodes[0].engine.books[id]), task)
  }

  static func expectUnchanged(
    _ network: SimulatedNetwork, _ before: CollaborationState, _ say: () throws -> StatementID, result expected: String
  ) throws {
    let id = try say()
    network.run(for: .seconds(2))
    for index in 0..<2 {
      let isSame = network.nodes[index].engine.books[before.id] == before
      #expect(isSame, "node \(index) changed: \(expected)")
    }
    let results = (0..<2).compactMap { network.result(of: id, at: $0) }
    #expect(results.contains { $0.contains(expected) }, "\(results), expected \(expected)")
  }

  @Test("Results for attempts that are not its own, huge ranges, wrong answers, offers of no coordinator")
  func lies() throws {
    let (network, book, task) = try Self.running(101)
    let trace = TraceID(.zero)
    let victim = network.nodes[1].id
    let index = try #require(book.tasks[task]?.subtasks.firstIndex { $0.assignee == victim })
    let stolen = AttemptResult(
      subtask: index, number: 1, failure: nil, files: [],
      usage: Usage(cpuMilliseconds: 1, wallMilliseconds: 1, peakMemoryBytes: 1), nativeID: "", nativeState: "")
    func report(_ results: [AttemptResult]) throws -> StatementID {
      try network.say(ResultReport(task: task, results: results, trace: trace), from: 2, to: 0, in: book.id)
    }
    try Self.expectUnchanged(network, book, { try report([stolen]) }, result: "stale")
    try Self.expectUnchanged(network, book, { try report([]) }, result: "malformed report")
    try Self.expectUnchanged(network, book, { try report([stolen, stolen]) }, result: "malformed report")
    var absurd = stolen
    absurd.usage.cpuMilliseconds = Int(JSON.integerLimit)
    try Self.expectUnchanged(network, book, { try report([absurd]) }, result: "malformed report")
    let everything = AttemptRange(first: 0, count: (1 << 31) - 1, number: 1)
    try Self.expectUnchanged(
      network, book,
      {
        try network.say(
          OfferAnswer(
            offer: OfferID(.zero), task: task, accepted: [everything, everything], declined: [], trace: trace),
          from: 2, to: 0, in: book.id)
      }, result: "no such offer")
    try Self.expectUnchanged(
      network, book,
      {
        try network.say(
          Offer(
            task: task, participant: victim, attempts: [everything], priceMicroPerCPUSecond: 1_000,
            expiresMilliseconds: network.now.wallMilliseconds + 5_000, leaseMilliseconds: 1_000, plan: 1, term: 1,
            trace: trace),
          from: 2, to: 1, in: book.id)
      }, result: "not from the coordinator")
    try Self.expectUnchanged(
      network, book,
      { try network.say(RosterSignature(agreement: .zero, call: StatementID(.zero)), from: 2, to: 0, in: book.id) },
      result: "no roster is out")
    try Self.expectUnchanged(
      network, book,
      {
        try network.say(
          CallAnswer(call: StatementID(.zero), verdict: .decline(code: .policy, text: "")), from: 2, to: 0, in: book.id)
      }, result: "too late")
  }

  @Test("A coordinator that offers what the task does not have is told nothing and gets nothing")
  func wildOffers() throws {
    let (network, book, task) = try Self.running(102)
    let wide = AttemptRange(first: 0, count: (1 << 31) - 1, number: 1)
    let many = Array(repeating: AttemptRange(first: 0, count: 4, number: 1), count: 3_000)
    for attempts in [[wide], many, []] {
      try Self.expectUnchanged(
        network, book,
        {
          try network.say(
            Offer(
              task: task, participant: network.nodes[1].id, attempts: attempts, priceMicroPerCPUSecond: 1_000,
              expiresMilliseconds: network.now.wallMilliseconds + 5_000, leaseMilliseconds: 1_000,
              plan: book.lastEntry, term: 1, trace: TraceID(.zero)), from: 0, to: 1, in: book.id)
        }, result: "malformed offer")
    }
  }

  @Test("A call with a foreign charter, wild numbers, or a purpose that nobody knows")
  func wildCalls() throws {
    let network = try SimulatedNetwork(seed: 103, [.asker(), NodePlan(name: "b"), NodePlan(name: "evil")])
    network.meet()
    let charter = Charter(
      founder: network.nodes[0].id, name: "stolen", network: network.nodes[0].identity.network, nonce: "n")
    var wild = ContractDocument.standard
    wild.weights.acceptedPPM = Int(JSON.integerLimit)
    let own = Charter(
      founder: network.nodes[2].id, name: "wild", network: network.nodes[0].identity.network, nonce: "n")
    for (charter, contract, expected) in [
      (charter, ContractDocument.standard, "malformed call"), (own, wild, "declined UNSUPPORTED"),
    ] {
      let call = Call(
        charter: charter, contract: contract, kind: "batch", labels: [:], needs: .zero,
        replyByMilliseconds: network.now.wallMilliseconds + 2_000, trace: TraceID(.zero))
      let id = try network.say(call, from: 2, to: 1, in: charter.id())
      network.run(for: .seconds(1))
      #expect(network.result(of: id, at: 1)?.contains(expected) == true, "\(network.result(of: id, at: 1) ?? "nil")")
    }
    struct Nonsense: StatementBody {
      static let purpose = Purpose("nonsense")
      var text = "hello"
    }
    let id = try network.say(Nonsense(), from: 2, to: 1, in: nil)
    network.run(for: .seconds(1))
    #expect(network.result(of: id, at: 1) == nil)
    #expect(network.nodes[1].engine.books.isEmpty)
    try network.expectHealthy()
  }

  @Test("Who joins with another's certificate, or with texts without end, is refused and the round opens")
  func badJoins() throws {
    let network = try SimulatedNetwork(seed: 104, [.asker(), NodePlan(name: "b"), SevenNodesTests.decliner])
    network.meet()
    let task = try #require(network.task(network.submit(TaskPlan(), at: 0), at: 0))
    let call = try #require(network.nodes[0].engine.negotiator.negotiations.first)
    var member = network.nodes[2].engine.rosterMember
    member.certificate = network.nodes[1].identity.certificate
    try network.say(
      CallAnswer(call: try #require(call.value.call), verdict: .join(member: member)), from: 2, to: 0, in: call.key)
    #expect(network.finish(task, at: 0) == "succeeded", "\(network.story(0))")
    let book = try #require(network.book(of: task, at: 0))
    #expect(book.roster[network.nodes[2].id] == nil)
  }

  @Test("Logs are read for members of the collaboration; anybody else is told why not")
  func foreignLogs() throws {
    let plans = [NodePlan.asker(), NodePlan(name: "b"), SevenNodesTests.decliner]
    let (network, id) = try ParticipantTests.opened(106, plans)
    network.work = { _, _ in nil }
    let task = try #require(network.task(network.submit(TaskPlan(), at: 0, to: id), at: 0))
    network.run(for: .seconds(10)) { $0.nodes[0].engine.books[id]?.tasks[task]?.assignedCount == 1 }
    network.settle()
    try #require(network.nodes[0].engine.books[id]?.roster[network.nodes[2].id] == nil)
    let request = PeerMessage.LogRequest(
      attempt: AttemptID(task: task, subtask: 0, number: 1), stream: .stdout, offset: 0, limit: 100)
    network.send(.logRequest(request), from: 0, to: 1)
    network.send(.logRequest(request), from: 2, to: 1)
    network.run(for: .seconds(1))
    #expect(network.nodes[1].logRequests.map(\.node) == [network.nodes[0].id])
    let told = try #require(network.nodes[2].logChunks.first)
    #expect(told.node == network.nodes[1].id && told.chunk.problem?.contains("members") == true)
  }

  @Test("Every member that becomes known is let in from then on")
  func admissions() throws {
    let network = try SimulatedNetwork(seed: 107, [.asker(), NodePlan(name: "b"), NodePlan(name: "c")])
    network.meet()
    for node in network.nodes {
      #expect(node.admitted == Set(network.nodes.map(\.id)).subtracting([node.id]))
    }
  }

  @Test("A forged fact is dropped and counted")
  func forgedFact() throws {
    let network = try SimulatedNetwork(seed: 105, [.asker(), NodePlan(name: "b"), NodePlan(name: "evil")])
    network.meet()
    let charter = Charter(
      founder: network.nodes[0].id, name: "forged", network: network.nodes[0].identity.network, nonce: "n")
    let call = Call(
      charter: charter, contract: .standard, kind: "batch", labels: [:], needs: .zero,
      replyByMilliseconds: network.now.wallMilliseconds + 2_000, trace: TraceID(.zero))
    let statement = try Statement(
      call, by: network.nodes[0].id, epoch: 1, network: network.nodes[0].identity.network,
      collaboration: charter.id())
    let forged = SignedStatement(
      statement, signature: network.nodes[2].identity.signingKey.sign(statement.signedBytes))
    #expect(network.run(for: .seconds(5)) { !$0.links(from: 2, to: 1).isEmpty })
    network.transmit(fact: forged, from: 2, to: 1)
    network.run(for: .seconds(2))
    #expect(network.nodes[1].engine.dropped["overlay: badSignature"] == 1, "\(network.nodes[1].engine.dropped)")
    #expect(network.result(of: forged.id, at: 1) == nil)
  }

  @Test("Counters are as many as there are reasons, whatever is said")
  func counters() throws {
    let (network, id) = try ParticipantTests.opened(114, [.asker(), NodePlan(name: "b"), NodePlan(name: "evil")])
    for number in 0..<50 {
      let junk = Array("{\"\(number) of many\":\(number)}".utf8)
      network.send(
        .consensus(.init(collaboration: id, kind: "entries", statements: [], entries: [junk], document: [])), from: 2,
        to: 1)
      network.send(
        .consensus(
          .init(
            collaboration: CollaborationID(Digest(of: junk)), kind: "credentialsRequest", statements: [], entries: [],
            document: [])), from: 2, to: 1)
    }
    network.run(for: .seconds(1))
    let counted = network.nodes[1].engine.dropped.filter { $0.key.hasPrefix("ledger: ") }
    #expect(counted == ["ledger: malformed": 50, "ledger: unknownCollaboration": 50])
  }
}
