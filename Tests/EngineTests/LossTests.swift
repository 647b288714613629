import Contract
import Coordination
import Engine
import Model
import Simulations
import Testing

/// Nodes and links fail; the work is planned anew (R15, R37).
@Suite struct LossTests {
  @Test(
    "A participant dies in mid-task: a second plan names the first, and the result is right",
    arguments: [61, 62] as [UInt64])
  func participantDies(seed: UInt64) throws {
    let cast: [NodePlan] = [.asker(), NodePlan(name: "b"), NodePlan(name: "c")]
    let network = try SimulatedNetwork(seed: seed, cast)
    network.work = { order, node in SimulatedWork.echo(order, node, lasting: .milliseconds(200)) }
    network.meet()
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 30, reduces: true), at: 0), at: 0))
    network.run(for: .seconds(10)) { !$0.nodes[1].running.isEmpty && ($0.nodes[1].begun.count > 6) }
    network.crash(1)
    #expect(network.finish(task, at: 0) == "succeeded", "seed \(seed)\n\(network.story(0))")
    let record = try #require(network.book(of: task, at: 0)?.tasks[task])
    #expect((record.shares[network.nodes[1].id]?.lost ?? 0) > 0)
    let replan = try #require(record.plans.first { $0.plan.cause == "lost" }, "\(record.plans.map(\.plan.cause))")
    #expect(replan.plan.previous == replan.plan.number - 1)
    #expect(network.output(of: task, at: 0) == (0..<30).map { "\($0)\n" }.joined())
    try network.boot(1)
    network.settle()
    network.settle()
    network.expectEqualLedgers(try #require(network.book(of: task, at: 0)).id)
    #expect(network.nodes[1].engine.summary().committed.isZero)
    try network.expectHealthy()
  }

  @Test("A coordinator that is lost in mid-task is replaced, and running work goes on (R14, R15)")
  func coordinatorLost() throws {
    let network = try SimulatedNetwork(seed: 63, [.asker(), NodePlan(name: "b"), NodePlan(name: "c")])
    network.work = { _, _ in nil }
    network.meet()
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 4), at: 0), at: 0))
    network.run(for: .seconds(10)) { !$0.nodes[1].running.isEmpty }
    network.settle()
    network.crash(0)
    network.run(for: .seconds(5))
    let view = try #require(network.nodes[1].engine.taskView(task, at: network.now))
    #expect(view.state == "running" && view.reason.isEmpty, "\(view)")
    let book = try #require(network.nodes[1].engine.books[view.collaboration])
    #expect(book.term == 2 && book.coordinator != network.nodes[0].id)
    #expect(book.terms.map(\.cause) == ["lost"])
    #expect(network.nodes[1].engine.collaborationView(view.collaboration)?.reason == "")
    #expect(!network.nodes[1].running.isEmpty && network.nodes[1].begun.values.allSatisfy { $0 == 1 })
  }

  @Test("A side without a quorum decides nothing, says so, and goes on with what runs (R17)")
  func quorumLost() throws {
    let network = try SimulatedNetwork(seed: 69, [.asker(), NodePlan(name: "b"), NodePlan(name: "c")])
    network.work = { _, _ in nil }
    network.meet()
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 4), at: 0), at: 0))
    network.run(for: .seconds(10)) { !$0.nodes[1].running.isEmpty }
    network.settle()
    network.crash(0)
    network.crash(2)
    // Nobody is left who could say so too.
    network.run(for: .seconds(60))
    let engine = network.nodes[1].engine
    let view = try #require(engine.taskView(task, at: network.now))
    #expect(view.state == "running" && view.reason.contains("no quorum: 1 of 3 voters in reach"), "\(view.reason)")
    #expect(view.reason.contains("asker (failed)") && view.reason.contains("c (failed)"), "\(view.reason)")
    #expect(engine.unfinished(at: network.now).contains { !$0.ok && $0.detail.contains("no quorum") })
    #expect(!network.nodes[1].running.isEmpty)
    #expect(engine.books[view.collaboration]?.term == 1)
  }

  @Test(
    "Who is heard by nobody says that nothing is decided, whatever it heard of an election before (R17)",
    arguments: [171, 172, 173] as [UInt64])
  func unheard(seed: UInt64) throws {
    let network = try SimulatedNetwork(seed: seed, [.asker(), NodePlan(name: "b"), NodePlan(name: "c")])
    network.work = { _, _ in nil }
    network.meet()
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 4), at: 0), at: 0))
    network.run(for: .seconds(10)) { !$0.nodes[1].running.isEmpty }
    network.settle()
    for other in [1, 2] { network.cut(from: 0, to: other) }
    network.run(for: .seconds(60))
    let id = try #require(network.book(of: task, at: 1)).id
    let view = try #require(network.nodes[0].engine.electionView(id))
    #expect(view.state == "noQuorum" && view.sinceMilliseconds != nil, "seed \(seed): \(view)")
    #expect(network.nodes[1].engine.electionView(id)?.state == "inOffice")
    network.healAll()
    network.run(for: .seconds(30))
    #expect(network.nodes[0].engine.electionView(id)?.state == "inOffice", "seed \(seed)")
    network.expectEqualLedgers(id)
  }

  @Test("Repeated frames and broken links change nothing", arguments: [64, 65, 66] as [UInt64])
  func duplicatesAndReconnects(seed: UInt64) throws {
    let network = try SimulatedNetwork(seed: seed, [.asker(), NodePlan(name: "b"), NodePlan(name: "c")])
    network.work = { order, node in SimulatedWork.echo(order, node, lasting: .milliseconds(50)) }
    network.meet()
    network.frameDuplicationPermille = 200
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 60, reduces: true), at: 0), at: 0))
    for step in 0..<20 {
      network.breakLinks(between: 0, and: 1 + step % 2)
      if network.run(for: .milliseconds(150), until: { $0.state(task, at: 0) == "succeeded" }) { break }
    }
    #expect(network.finish(task, at: 0) == "succeeded", "seed \(seed)\n\(network.story(0))")
    #expect(network.output(of: task, at: 0) == (0..<60).map { "\($0)\n" }.joined())
    network.settle()
    let book = try #require(network.book(of: task, at: 0))
    #expect(book.tasks[task]?.shares.values.reduce(0) { $0 + $1.succeeded } == 61)
    network.expectEqualLedgers(book.id)
    try network.expectHealthy()
  }

  @Test("A partition heals: what was lost is done elsewhere, nothing counts twice", arguments: [67, 68] as [UInt64])
  func partition(seed: UInt64) throws {
    let network = try SimulatedNetwork(seed: seed, [.asker(), NodePlan(name: "b"), NodePlan(name: "c")])
    network.work = { order, node in SimulatedWork.echo(order, node, lasting: .milliseconds(400)) }
    network.meet()
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 40), at: 0), at: 0))
    network.run(for: .seconds(10)) { !$0.nodes[1].running.isEmpty }
    network.cut(0, 1)
    network.run(for: .seconds(8))
    network.heal(0, 1)
    #expect(network.finish(task, at: 0) == "succeeded", "seed \(seed)\n\(network.story(0))")
    network.run(for: .seconds(15))
    let book = try #require(network.book(of: task, at: 0))
    #expect(book.tasks[task]?.shares.values.reduce(0) { $0 + $1.succeeded } == 40)
    network.expectEqualLedgers(book.id)
    try network.expectHealthy()
  }
}
