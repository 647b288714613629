import Contract
import Coordination
import Engine
import Model
import Simulations
import Testing

/// Which collaboration a task goes to when nobody names one (R1, R33).
@Suite struct ChoosingTests {
  private static let large = Amounts(cpuMillicores: 500, memoryBytes: 9 << 30)

  private static func cast() -> [NodePlan] {
    let big = Amounts(cpuMillicores: 4_000, memoryBytes: 16 << 30)
    return [.asker(), NodePlan(name: "beta"), NodePlan(name: "gamma", offer: big)]
  }

  private static func placed(
    _ plan: TaskPlan, opens: Bool = false, _ network: SimulatedNetwork
  ) throws -> CollaborationState {
    let task = try #require(network.task(network.submit(plan, at: 0, opens: opens), at: 0))
    #expect(network.finish(task, at: 0) == "succeeded", "\(network.story(0))")
    network.settle()
    return try #require(network.book(of: task, at: 0))
  }

  /// What the next small task would be planned with.
  private static func preview(_ network: SimulatedNetwork) throws -> PlanView {
    let task = try #require(
      network.nodes[0].engine.books.values.flatMap { $0.tasks.values }.first { $0.submission.name == "small" })
    return try network.nodes[0].engine.preview(task.submission, in: nil, at: network.now).get()
  }

  @Test("A task goes where most could take it, not to the newest that others declined for its size")
  func mostTakers() throws {
    let network = try SimulatedNetwork(seed: 201, Self.cast())
    network.meet()
    let wide = try Self.placed(TaskPlan(name: "small"), network)
    let narrow = try Self.placed(TaskPlan(name: "nine", needs: Self.large), opens: true, network)
    #expect(wide.roster.members.count == 3 && narrow.roster.members.count == 2)
    let preview = try Self.preview(network)
    #expect(preview.collaboration == wide.id && preview.collaborationName == "small")
    #expect(Set(preview.candidates.map(\.name)) == ["beta", "gamma"])
    let again = try Self.placed(TaskPlan(name: "again"), network)
    #expect(again.id == wide.id)
    let largeAgain = try Self.placed(TaskPlan(name: "ten", needs: Self.large), network)
    #expect(largeAgain.id == narrow.id, "its call asked for just that")
    try network.expectHealthy()
  }

  @Test("A call for more that somebody declined for its size is no call for a smaller task: everybody is asked anew")
  func askedAnew() throws {
    let network = try SimulatedNetwork(seed: 202, Self.cast())
    network.meet()
    let narrow = try Self.placed(TaskPlan(name: "nine", needs: Self.large), network)
    let wide = try Self.placed(TaskPlan(name: "small"), network)
    #expect(wide.id != narrow.id && wide.roster.members.count == 3)
    let preview = try Self.preview(network)
    #expect(preview.collaboration == wide.id)
    try network.expectHealthy()
  }

  @Test("Of equals the newest is taken, and another price limit is another call")
  func newest() throws {
    let network = try SimulatedNetwork(seed: 203, Self.cast())
    network.meet()
    _ = try Self.placed(TaskPlan(name: "small"), network)
    let newer = try Self.placed(TaskPlan(name: "newer"), opens: true, network)
    #expect(try Self.placed(TaskPlan(name: "next"), network).id == newer.id)
    #expect(try Self.placed(TaskPlan(name: "priced", priceLimit: 400), network).id != newer.id)
    #expect(network.nodes[0].engine.books.count == 3)
  }

  @Test("An answer to the call of the collaboration is told apart from an answer to the task")
  func answersToTheCall() throws {
    let network = try SimulatedNetwork(seed: 204, Self.cast())
    network.meet()
    let narrow = try Self.placed(TaskPlan(name: "nine", needs: Self.large), network)
    let task = try #require(narrow.taskOrder.first)
    let explanation = try #require(network.nodes[0].engine.explanation(of: task, at: network.now))
    let toCall = explanation.participants.filter { $0.to == .call }
    #expect(toCall.map(\.name) == ["beta"] && toCall.map(\.code) == ["CAPACITY"])
    #expect(explanation.participants.contains { $0.to == .task && $0.name == "gamma" && $0.answer == "accepted" })
  }

  @Test("A plan that no open collaboration suits is refused, since submitting would call anew")
  func nothingSuits() throws {
    let network = try SimulatedNetwork(seed: 205, Self.cast())
    network.meet()
    let narrow = try Self.placed(TaskPlan(name: "small", kind: "batch", needs: Self.large), network)
    var other = try #require(narrow.tasks.values.first).submission
    other.kind = "other"
    #expect(throws: Refusal.self) {
      try network.nodes[0].engine.preview(other, in: nil, at: network.now).get()
    }
  }
}
