import Contract
import Coordination
import Engine
import Model
import Simulations
import Testing

/// Many subtasks take few entries and bounded steps (R28, R32).
@Suite(.serialized) struct ScaleTests {
  static let small = Amounts(cpuMillicores: 10, memoryBytes: 1 << 20)

  @Test("5,000 subtasks take few entries and steps")
  func manySubtasks() throws {
    let network = try SimulatedNetwork(seed: 111, [.asker()] + (1...3).map { NodePlan(name: "c\($0)") })
    network.meet()
    let plan = TaskPlan(subtasks: 5_000, reduces: true, needs: Self.small)
    let before = network.steps
    let task = try #require(network.task(network.submit(plan, at: 0), at: 0))
    #expect(network.finish(task, at: 0) == "succeeded", "\(network.story(0))")
    let book = try #require(network.book(of: task, at: 0))
    #expect(book.lastEntry <= 5_000 / 20, "\(book.lastEntry) entries")
    #expect((book.tasks[task]?.planCount ?? 99) <= 8, "\(book.tasks[task]?.plans.map(\.plan.cause) ?? [])")
    #expect(network.steps - before < 60_000, "\(network.steps - before) steps")
    network.settle()
    network.expectEqualLedgers(book.id)
    try network.expectHealthy()
  }

  @Test("3,000 subtasks of which every other fails once stay within entries of 64 KiB")
  func manyFailures() throws {
    let network = try SimulatedNetwork(seed: 112, [.asker()] + (1...3).map { NodePlan(name: "c\($0)") })
    network.work = { order, node in
      order.attempt.number == 1 && order.attempt.subtask % 2 == 0
        ? .failing("command") : SimulatedWork.echo(order, node)
    }
    network.meet()
    let plan = TaskPlan(subtasks: 3_000, needs: Self.small, attempts: 4)
    let task = try #require(network.task(network.submit(plan, at: 0), at: 0))
    #expect(network.finish(task, at: 0, within: .seconds(120)) == "succeeded", "\(network.story(0))")
    let book = try #require(network.book(of: task, at: 0))
    #expect((book.tasks[task]?.planCount ?? 999) <= 120, "plan churn: \(book.tasks[task]?.planCount ?? 0)")
    network.settle()
    try network.expectHealthy()
  }
}
