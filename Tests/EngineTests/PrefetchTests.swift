import Contract
import Coordination
import Engine
import Model
import Simulations
import Testing

/// Inputs of unfinished subtasks lie on two nodes, where the second one's owner would take the work (R55, R58).
@Suite struct PrefetchTests {
  /// More subtasks than both participants can run, each with its own input; work that does not end.
  static func planned(seed: UInt64, second: NodePlan) throws -> (SimulatedNetwork, TaskRecord, [[UInt8]]) {
    let (network, id) = try ParticipantTests.opened(seed, [.asker(), NodePlan(name: "b"), second])
    network.work = { _, _ in nil }
    let inputs = (0..<40).map { Array("input \($0)".utf8) }
    var plan = TaskPlan()
    plan.inputs = inputs
    plan.executeMilliseconds = 600_000
    let task = try #require(network.task(network.submit(plan, at: 0, to: id), at: 0))
    network.run(for: .seconds(2))
    return (network, try #require(network.book(of: task, at: 0)?.tasks[task]), inputs)
  }

  @Test("What a plan gives to a node is there before it is offered", arguments: [71, 72] as [UInt64])
  func ahead(seed: UInt64) throws {
    let (network, task, inputs) = try Self.planned(seed: seed, second: NodePlan(name: "c"))
    let waiting = task.subtasks.indices.filter { task.subtasks[$0].isPending }
    try #require(waiting.count >= 20, "seed \(seed): they run 8 at a time each")
    let plan = try #require(task.plans.last?.plan)
    for (index, node) in network.nodes.enumerated().dropFirst() {
      let chosen = plan.choices.first { $0.node == node.id }?.attempts.flatMap(\.subtasks) ?? []
      #expect(!chosen.isEmpty && chosen.contains(where: waiting.contains), "seed \(seed), node \(index)")
      for subtask in chosen {
        #expect(node.objects[Digest(of: inputs[subtask])] == inputs[subtask], "seed \(seed), subtask \(subtask)")
      }
    }
  }

  @Test("Nothing is brought to a node whose owner declines such work or decides by hand", arguments: [true, false])
  func onlyWhatIsWelcome(byHand: Bool) throws {
    var careful = NodePlan(name: "careful")
    careful.policy.decidesByHand = byHand
    if !byHand {
      careful.policy.decline = [.init(kind: nil, label: ["secret": "yes"], code: .trust, text: "no")]
    }
    let (network, id) = try ParticipantTests.opened(73, [.asker(), careful])
    var plan = TaskPlan(labels: ["secret": "yes"])
    plan.inputs = [Array("not for you".utf8)]
    let task = try #require(network.task(network.submit(plan, at: 0, to: id), at: 0))
    network.run(for: .seconds(3))
    #expect(network.book(of: task, at: 1)?.tasks[task]?.planCount ?? 0 > 0, "the plan names it")
    #expect(network.nodes[1].objects.isEmpty)
  }
}
