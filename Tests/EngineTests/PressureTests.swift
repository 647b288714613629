import Contract
import Coordination
import Engine
import Model
import Overlay
import Simulations
import Testing

/// Queues that are full, and members that would fill them (R28, R58).
@Suite struct PressureTests {
  @Test("What a full queue does not take comes again: nothing is lost and nobody punished", arguments: [111, 112])
  func fullQueues(seed: UInt64) throws {
    let cast = [NodePlan(name: "coordinator", queueCapacity: 3), NodePlan(name: "b"), SevenNodesTests.decliner]
    let (network, id) = try ParticipantTests.opened(seed, cast)
    network.work = { order, node in SimulatedWork.echo(order, node, lasting: .milliseconds(300)) }
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 8), at: 0, to: id), at: 0))
    network.run(for: .seconds(5)) { !$0.nodes[0].running.isEmpty && !$0.nodes[1].running.isEmpty }
    // Three submissions wait for a round that opens late, since one node is not heard: they fill the lane.
    network.tamperFrames[2] = { _, _ in [] }
    let first = network.submit(TaskPlan(labels: ["round": "late"]), at: 0, opens: true)
    network.run(for: .milliseconds(100)) { $0.nodes[0].answers[first] != nil }
    for _ in 0..<2 { network.submit(TaskPlan(labels: ["round": "late"]), at: 0) }
    #expect(network.finish(task, at: 0) == "succeeded", "seed \(seed)\n\(network.story(0))")
    let shares = try #require(network.book(of: task, at: 0)?.tasks[task]?.shares)
    #expect(shares.values.reduce(0) { $0 + $1.succeeded } == 8)
    #expect(shares.values.allSatisfy { $0.succeeded > 0 && $0.lost == 0 }, "seed \(seed)\n\(network.story(0))")
    let full = network.nodes.map { $0.engine.dropped["business: queue full"] ?? 0 }
    #expect(full[0] > 0, "seed \(seed): the queue was never full")
    #expect(!network.nodes.flatMap(\.notices).contains { ["message.refused", "message.expired"].contains($0.kind) })
    try network.expectHealthy()
  }

  @Test("Who has no part in a collaboration puts no row into anybody's queue")
  func strangers() throws {
    let (network, id) = try ParticipantTests.opened(113, [.asker(), NodePlan(name: "b"), SevenNodesTests.decliner])
    let book = try #require(network.nodes[0].engine.books[id])
    #expect(book.roster[network.nodes[2].id] == nil)
    let invented = CollaborationID(Digest(of: [7]))
    network.settle()
    let before = network.nodes.map { $0.disk.recovered.events.count + $0.disk.recovered.handledEventIDs.count }
    let offer = Offer(
      task: TaskID(.zero), participant: network.nodes[1].id, attempts: [AttemptRange(first: 0, count: 1, number: 1)],
      priceMicroPerCPUSecond: 1_000,
      expiresMilliseconds: network.now.wallMilliseconds + 5_000, leaseMilliseconds: 1_000, plan: 1, term: 1,
      trace: TraceID(.zero))
    let answer = OfferAnswer(
      offer: OfferID(.zero), task: TaskID(.zero), accepted: [], declined: [], trace: TraceID(.zero))
    for collaboration in [id, invented] {
      try network.say(offer, from: 2, to: 1, in: collaboration)
      try network.say(answer, from: 2, to: 0, in: collaboration)
      try network.say(
        ResultReport(task: TaskID(.zero), results: [], trace: TraceID(.zero)), from: 2, to: 0, in: collaboration)
      try network.say(
        RosterSignature(agreement: .zero, call: StatementID(.zero)), from: 2, to: 1, in: collaboration)
    }
    let fact = try network.nodes[2].identity.sign(offer, collaboration: id)
    network.transmit(fact: fact, from: 2, to: 1)
    network.run(for: .seconds(2))
    let after = network.nodes.map { $0.disk.recovered.events.count + $0.disk.recovered.handledEventIDs.count }
    #expect(after == before)
    #expect(network.nodes[1].engine.dropped["business: unexpected offer"] == 3)
    #expect(network.nodes[1].engine.dropped["business: unexpected signature"] == 2)
    #expect(network.nodes[0].engine.dropped["business: unexpected report"] == 2)
    #expect(network.nodes[0].engine.dropped["business: unexpected offerAnswer"] == 2)
  }
}
