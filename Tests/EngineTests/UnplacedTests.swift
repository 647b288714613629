import Contract
import Coordination
import Engine
import Model
import Simulations
import Testing

/// Every task ends, with reasons (R37, R57).
@Suite struct UnplacedTests {
  static func outcome(
    _ seed: UInt64, _ cast: [NodePlan], _ plan: TaskPlan, to collaboration: CollaborationID? = nil
  ) throws -> (SimulatedNetwork, TaskView) {
    let network = try SimulatedNetwork(seed: seed, cast)
    network.meet()
    let task = try #require(network.task(network.submit(plan, at: 0), at: 0))
    network.finish(task, at: 0)
    network.settle()
    try network.expectHealthy()
    return (network, try #require(network.nodes[0].engine.taskView(task, at: network.now)))
  }

  @Test("A node that is alone and offers nothing")
  func alone() throws {
    let (_, view) = try Self.outcome(71, [.asker()], TaskPlan())
    #expect(view.state == "unplaced" && view.reason == "nobody who offers resources takes part")
  }

  @Test("All decline the call")
  func allDecline() throws {
    let (network, view) = try Self.outcome(72, [.asker(), SevenNodesTests.decliner], TaskPlan())
    #expect(view.state == "unplaced" && view.reason.hasPrefix("nobody who offers resources takes part: "))
    #expect(view.reason.contains("(declined at the call: POLICY: no batch here)"), "\(view.reason)")
    let explanation = try #require(network.nodes[0].engine.explanation(of: view.task, at: network.now))
    #expect(explanation.participants.contains { $0.code == "POLICY" && $0.detail == "no batch here" })
  }

  @Test("All decline at the offer: unplaced at once, with each reason")
  func allDeclineOffers() throws {
    var careful = NodePlan(name: "careful")
    careful.policy.decline = [.init(kind: nil, label: ["x": "y"], code: .policy, text: "never")]
    let (network, id) = try ParticipantTests.opened(73, [.asker(), careful])
    let plan = TaskPlan(labels: ["x": "y"], queueMilliseconds: 60_000)
    let task = try #require(network.task(network.submit(plan, at: 0, to: id), at: 0))
    #expect(network.finish(task, at: 0, within: .seconds(5)) == "unplaced", "\(network.story(0))")
    let reason = network.nodes[0].engine.taskView(task, at: network.now)?.reason ?? ""
    #expect(reason.contains("careful (declined: POLICY: never)"), "\(reason)")
  }

  @Test("Needs too large say by how much")
  func tooLarge() throws {
    let (network, id) = try ParticipantTests.opened(74, [.asker(), NodePlan(name: "small")])
    let plan = TaskPlan(needs: Amounts(cpuMillicores: 5_500, memoryBytes: 1 << 20), queueMilliseconds: 60_000)
    let task = try #require(network.task(network.submit(plan, at: 0, to: id), at: 0))
    #expect(network.finish(task, at: 0, within: .seconds(5)) == "unplaced", "\(network.story(0))")
    let reason = network.nodes[0].engine.taskView(task, at: network.now)?.reason ?? ""
    #expect(reason.contains("small (size: short by 1500m CPU in all"), "\(reason)")
  }

  @Test("Who asked for more than the price limit is named with what to raise, although it is no member")
  func tooDear() throws {
    let (_, alone) = try Self.outcome(81, [.asker(), NodePlan(name: "dear", price: 180)], TaskPlan())
    #expect(alone.state == "unplaced", "\(alone.reason)")
    #expect(alone.reason.contains("dear (countered the call: asks 0.00018 credits"), "\(alone.reason)")
    let cast: [NodePlan] = [.asker(), NodePlan(name: "dear", price: 180), NodePlan(name: "cheap")]
    let (_, beside) = try Self.outcome(82, cast, TaskPlan(adapter: "slurm"))
    #expect(beside.reason.contains("cheap (adapter: "), "\(beside.reason)")
    #expect(beside.reason.contains("dear (countered the call: asks 0.00018 credits"), "\(beside.reason)")
    #expect(beside.reason.contains("raise priceLimit"), "\(beside.reason)")
  }

  @Test("Of a task that failed, each subtask names its last attempt and who made it, and nothing is pending")
  func lastAttempts() throws {
    let network = try SimulatedNetwork(seed: 83, [.asker(), NodePlan(name: "b")])
    network.work = { _, _ in SimulatedWork.failing("command") }
    network.meet()
    let task = try #require(network.task(network.submit(TaskPlan(attempts: 1), at: 0), at: 0))
    #expect(network.finish(task, at: 0) == "failed")
    let detail = try #require(network.nodes[0].engine.taskDetail(task, at: network.now))
    #expect(detail.subtasks.map(\.attempt) == [1] && detail.subtasks.map(\.nodeName) == ["b"])
    #expect(detail.task.pending == 0 && detail.task.running == 0)
    #expect(!detail.task.reason.contains("1 times"), "\(detail.task.reason)")
  }

  @Test("Another adapter is asked than anybody has")
  func adapter() throws {
    let (_, view) = try Self.outcome(75, [.asker(), NodePlan(name: "b")], TaskPlan(adapter: "slurm"))
    #expect(view.state == "unplaced" && view.reason.contains("asked is slurm"), "\(view.reason)")
  }

  @Test("The total time ends a task that runs for ever")
  func totalTimeout() throws {
    let network = try SimulatedNetwork(seed: 76, [.asker(), NodePlan(name: "b")])
    network.work = { _, _ in nil }
    network.meet()
    let plan = TaskPlan(totalMilliseconds: 3_000)
    let task = try #require(network.task(network.submit(plan, at: 0), at: 0))
    #expect(network.finish(task, at: 0, within: .seconds(10)) == "failed", "\(network.story(0))")
    #expect(network.nodes[0].engine.taskView(task, at: network.now)?.category == "timeout")
    network.settle()
    #expect(network.nodes[1].running.isEmpty, "its work was stopped")
    try network.expectHealthy()
  }

  @Test("An assignment is a lease: past it, the attempt is lost and tried again, in bounded attempts")
  func leases() throws {
    let network = try SimulatedNetwork(seed: 77, [.asker(), NodePlan(name: "b")])
    network.work = { _, _ in nil }
    network.meet()
    let plan = TaskPlan(attempts: 2, executeMilliseconds: 1_000, totalMilliseconds: 600_000)
    let task = try #require(network.task(network.submit(plan, at: 0), at: 0))
    #expect(network.finish(task, at: 0, within: .seconds(200)) == "failed", "\(network.story(0))")
    let record = try #require(network.book(of: task, at: 0)?.tasks[task])
    #expect(record.subtasks[0].failures == 2 && record.ending?.body.category == "lost")
    network.settle()
    try network.expectHealthy()
  }

  @Test("Cancelled while negotiating, queued and running")
  func cancel() throws {
    let network = try SimulatedNetwork(seed: 78, [.asker(), NodePlan(name: "b")])
    network.work = { _, _ in nil }
    network.meet()
    func cancel(_ task: TaskID) -> Result<CommandAnswer, Refusal>? {
      let command = network.command(.cancel(task, reason: "changed my mind"), at: 0)
      network.run(for: .seconds(2)) { $0.nodes[0].answers[command] != nil }
      return network.nodes[0].answers[command]
    }
    let early = try #require(network.task(network.submit(TaskPlan(), at: 0), at: 0))
    #expect(throws: Never.self) { try cancel(early)?.get() }
    #expect(network.finish(early, at: 0) == "cancelled")
    let running = try #require(network.task(network.submit(TaskPlan(subtasks: 8), at: 0), at: 0))
    network.run(for: .seconds(10)) { $0.nodes[1].running.count == 8 }
    let queued = try #require(network.task(network.submit(TaskPlan(queueMilliseconds: 60_000), at: 0), at: 0))
    network.run(for: .seconds(1))
    #expect(network.state(queued, at: 0) == "queued")
    for task in [queued, running] {
      #expect(throws: Never.self) { try cancel(task)?.get() }
      #expect(network.finish(task, at: 0) == "cancelled")
    }
    #expect(throws: Refusal.self) { try cancel(running)?.get() }
    network.settle()
    #expect(network.nodes[1].running.isEmpty)
    try network.expectHealthy()
  }

  @Test("Cancelled while its offers are out: the next task gets the room that they asked for")
  func cancelledWhileOffered() throws {
    var manual = NodePlan(name: "manual")
    manual.policy.decidesByHand = true
    let (network, id) = try ParticipantTests.opened(79, [.asker(), manual])
    func offers() -> [OfferView] { network.nodes[1].engine.offerViews().filter { $0.state == "waiting" } }
    let plan = TaskPlan(subtasks: 8, queueMilliseconds: 60_000)
    let first = try #require(network.task(network.submit(plan, at: 0, to: id), at: 0))
    network.run(for: .seconds(3)) { _ in !offers().isEmpty }
    network.command(.cancel(first, reason: ""), at: 0)
    #expect(network.finish(first, at: 0) == "cancelled")
    let second = try #require(network.task(network.submit(plan, at: 0, to: id), at: 0))
    network.run(for: .seconds(3)) { _ in offers().contains { $0.task == second } }
    let offer = try #require(offers().first { $0.task == second }, "\(network.story(0))")
    network.command(.decideOffer(offer.offer, accept: true, reason: ""), at: 1)
    #expect(network.finish(second, at: 0) == "succeeded", "\(network.story(0))")
    network.run(for: .seconds(10))
    try network.expectHealthy()
  }

  @Test("Cancelled while the assignment is on its way to the participant's disk: nothing of it runs on")
  func cancelledWhileWritten() throws {
    let (network, id) = try ParticipantTests.opened(80, [.asker(), NodePlan(name: "b"), .asker("c")])
    network.work = { _, _ in nil }
    // The specification is there already, so that work begins as soon as it is assigned.
    let before = try #require(network.task(network.submit(TaskPlan(subtasks: 2), at: 0, to: id), at: 0))
    network.run(for: .seconds(5)) { $0.nodes[1].running.count == 2 }
    network.command(.cancel(before, reason: ""), at: 0)
    network.finish(before, at: 0)
    network.settle()
    let begun = network.nodes[1].begun.count
    network.diskDelay[1] = .milliseconds(400)
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 2), at: 0, to: id), at: 0))
    network.run(for: .seconds(10)) { $0.nodes[1].engine.executor.attempts.values.contains { $0.stage == .queued } }
    #expect(network.nodes[1].begun.count == begun)
    network.command(.cancel(task, reason: ""), at: 0)
    #expect(network.finish(task, at: 0) == "cancelled", "\(network.story(0))")
    network.run(for: .seconds(10))
    #expect(network.nodes[1].running.isEmpty && network.nodes[1].engine.executor.attempts.isEmpty)
    try network.expectHealthy()
  }
}
