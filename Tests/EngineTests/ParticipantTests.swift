import Contract
import Coordination
import Engine
import Model
import Simulations
import Testing

/// What a participant decides for itself, and what it costs (R35, R36, R40, R58).
@Suite struct ParticipantTests {
  static func opened(
    _ seed: UInt64, _ cast: [NodePlan], kind: String = "batch"
  ) throws -> (SimulatedNetwork, CollaborationID) {
    let network = try SimulatedNetwork(seed: seed, cast)
    network.meet()
    let command = network.command(
      .create(
        CollaborationRequest(
          name: "lasting", kind: kind, labels: [:], needs: .zero, replyByMilliseconds: 1_000,
          priceLimitMicroPerCPUSecond: nil)), at: 0)
    network.run(for: .seconds(10)) { $0.nodes[0].answers[command] != nil && !$0.nodes[0].engine.books.isEmpty }
    guard case .success(.collaboration(let id)) = network.nodes[0].answers[command] else {
      throw Refusal(.failed, "\(network.nodes[0].answers)")
    }
    #expect(network.nodes[0].engine.books[id] != nil, "seed \(seed)\n\(network.story(0))")
    return (network, id)
  }

  @Test("A policy declines at the offer; others take the work", arguments: [51, 52] as [UInt64])
  func policyAtTheOffer(seed: UInt64) throws {
    var careful = NodePlan(name: "careful")
    careful.policy.decline = [.init(kind: nil, label: ["secret": "yes"], code: .trust, text: "not here")]
    let (network, id) = try Self.opened(seed, [.asker(), careful, NodePlan(name: "open")])
    let plan = TaskPlan(labels: ["secret": "yes"], subtasks: 8)
    let task = try #require(network.task(network.submit(plan, at: 0, to: id), at: 0))
    #expect(network.finish(task, at: 0) == "succeeded", "seed \(seed)\n\(network.story(0))")
    let record = try #require(network.book(of: task, at: 0)?.tasks[task])
    let carefulNode = network.nodes[1].id
    #expect(record.shares[carefulNode]?.succeeded == 0)
    #expect(record.answers.contains { $0.node == carefulNode && $0.code == "TRUST" && $0.detail == "not here" })
    #expect(record.plans.last?.plan.previous ?? 0 >= 1, "a second plan names the first")
    #expect(record.planCount <= 4, "seed \(seed)\n\(network.story(0))")
    #expect((network.nodes[0].engine.books[id]?.weights[carefulNode]?.ppm ?? 0) < 1_000_000)
    try network.expectHealthy()
  }

  @Test("An adapter that runs nothing of its own accord does the work of those alone who name it")
  func onRequestOnly() throws {
    var idle = NodePlan(name: "idle")
    idle.runsOnRequestOnly = true
    let (network, id) = try Self.opened(57, [.asker(), idle])
    let unasked = try #require(network.task(network.submit(TaskPlan(), at: 0, to: id), at: 0))
    #expect(network.finish(unasked, at: 0) == "unplaced", "\(network.story(0))")
    let answers = try #require(network.book(of: unasked, at: 0)?.tasks[unasked]?.answers)
    #expect(answers.contains { $0.code == "UNSUPPORTED" && $0.detail.contains("no adapter here can run commands") })
    let asked = try #require(
      network.task(network.submit(TaskPlan(name: "noop", adapter: "noop"), at: 0, to: id), at: 0))
    #expect(network.finish(asked, at: 0) == "succeeded", "\(network.story(0))")
  }

  @Test("Without a name, a task goes where most members could run it, not where the last call was answered by few")
  func suitingCollaboration() throws {
    var big = NodePlan(name: "big")
    big.offer = Amounts(cpuMillicores: 16_000, memoryBytes: 4 << 30)
    let (network, wide) = try Self.opened(58, [.asker(), NodePlan(name: "b"), NodePlan(name: "c"), big])
    var large = TaskPlan(name: "large")
    large.needs = Amounts(cpuMillicores: 8_000, memoryBytes: 1 << 20)
    let first = try #require(network.task(network.submit(large, at: 0, opens: true), at: 0))
    #expect(network.finish(first, at: 0) == "succeeded", "\(network.story(0))")
    #expect(network.book(of: first, at: 0)?.roster.members.count == 2, "only one could take it")
    let second = try #require(network.task(network.submit(TaskPlan(name: "small"), at: 0), at: 0))
    #expect(network.finish(second, at: 0) == "succeeded")
    #expect(network.book(of: second, at: 0)?.id == wide)
    let third = try #require(network.task(network.submit(large, at: 0), at: 0))
    #expect(network.finish(third, at: 0) == "succeeded")
    #expect(network.book(of: third, at: 0)?.id != nil, "a new one is not needed where one member could run it")
    #expect(network.nodes[0].engine.books.count == 2)
  }

  @Test("By hand: an offer is accepted, declined, or lapses, and ignoring costs more than declining")
  func byHand() throws {
    func weight(deciding decision: Bool?) throws -> Int {
      var manual = NodePlan(name: "manual")
      manual.policy.decidesByHand = true
      let (network, id) = try Self.opened(53, [.asker(), manual])
      let plan = TaskPlan(queueMilliseconds: 7_000)
      let task = try #require(network.task(network.submit(plan, at: 0, to: id), at: 0))
      network.run(for: .seconds(3)) { $0.nodes[1].engine.offerViews().contains { $0.state == "waiting" } }
      let offer = try #require(network.nodes[1].engine.offerViews().first { $0.state == "waiting" })
      if let decision {
        let command = network.command(.decideOffer(offer.offer, accept: decision, reason: "by hand"), at: 1)
        network.run(for: .seconds(1))
        guard case .success(.offer(offer.offer)) = network.nodes[1].answers[command] else {
          Issue.record("\(network.nodes[1].answers)")
          return 0
        }
      }
      network.finish(task, at: 0)
      let expected = decision == true ? "succeeded" : "unplaced"
      #expect(network.state(task, at: 0) == expected, "\(network.story(0))")
      if decision == nil {
        let answers = try #require(network.book(of: task, at: 0)?.tasks[task]?.answers)
        #expect(answers.contains { $0.kind == .silent })
        #expect(network.nodes[1].engine.offerViews().contains { $0.state == "expired" })
      }
      network.settle()
      try network.expectHealthy()
      return network.nodes[0].engine.books[id]?.weights[network.nodes[1].id]?.ppm ?? 0
    }
    let (accepted, declined, ignored) = try (weight(deciding: true), weight(deciding: false), weight(deciding: nil))
    #expect(accepted > 1_000_000 && declined < 1_000_000 && ignored < declined)
  }

  @Test("Two coordinators race for one node: only what fits is accepted", arguments: [54, 55, 56] as [UInt64])
  func capacityRace(seed: UInt64) throws {
    let network = try SimulatedNetwork(seed: seed, [.asker("one"), .asker("two"), NodePlan(name: "scarce")])
    network.work = { order, node in SimulatedWork.echo(order, node, lasting: .milliseconds(300)) }
    network.meet()
    let plan = TaskPlan(subtasks: 12, queueMilliseconds: 60_000)
    let commands = [network.submit(plan, at: 0), network.submit(plan, at: 1)]
    let tasks = try [
      #require(network.task(commands[0], at: 0)), #require(network.task(commands[1], at: 1)),
    ]
    for index in 0..<2 {
      #expect(network.finish(tasks[index], at: index) == "succeeded", "seed \(seed)\n\(network.story(index))")
    }
    network.settle()
    #expect(network.nodes[2].peak.cpuMillicores == 4_000, "seed \(seed): the node was not filled")
    try network.expectHealthy()
  }

  @Test("Failing after accepting costs more than accepting gained; the floor holds")
  func failing() throws {
    let (network, id) = try Self.opened(57, [.asker(), NodePlan(name: "broken")])
    network.work = { _, _ in SimulatedWork.failing("command") }
    var last = 1_000_000
    for round in 1...12 {
      let task = try #require(network.task(network.submit(TaskPlan(attempts: 2), at: 0, to: id), at: 0))
      #expect(network.finish(task, at: 0) == "failed")
      let record = try #require(network.book(of: task, at: 0)?.tasks[task])
      #expect(record.subtasks[0].failures == 2, "attempts are bounded")
      #expect(record.ending?.body.category == "command")
      let weight = try #require(network.nodes[0].engine.books[id]?.weights[network.nodes[1].id]?.ppm)
      #expect(weight < last || weight <= 150_000, "round \(round)")
      #expect(weight >= 50_000)
      last = weight
    }
    network.settle()
    try network.expectHealthy()
  }
}
