import Contract
import Coordination
import Engine
import Model
import Testing

/// Crashes, broken links and repeated frames in random order; then calm, in which everything must come to its end.
@Suite struct StormTests {
  static let cast: [NodePlan] = [.asker(), NodePlan(name: "b"), NodePlan(name: "c"), NodePlan(name: "d")]

  @Test(
    "After any storm the task succeeds, each subtask counts once, all ledgers are equal",
    arguments: 201...208 as ClosedRange<UInt64>)
  func storm(seed: UInt64) throws {
    let network = try SimulatedNetwork(seed: seed, Self.cast)
    network.work = { order, node in SimulatedWork.echo(order, node, lasting: .milliseconds(150)) }
    network.settleLinks()
    var dice = Random.seeded(seed &* 31)
    let plan = TaskPlan(
      subtasks: 60, reduces: true, attempts: 5, queueMilliseconds: 60_000, totalMilliseconds: 600_000)
    let task = try #require(network.task(network.submit(plan, at: 0), at: 0))
    network.duplicatePermille = 50
    for _ in 0..<12 {
      network.run(for: .milliseconds(Int64.random(in: 50...700, using: &dice)))
      let index = Int.random(in: 0..<Self.cast.count, using: &dice)
      if Bool.random(using: &dice), network.nodes[index].isUp {
        network.crash(index)
        network.restart(index, after: .milliseconds(Int64.random(in: 100...1_500, using: &dice)))
      } else {
        network.breakLinks(between: index, and: (index + 1) % Self.cast.count)
      }
    }
    network.duplicatePermille = 0
    network.run(for: .seconds(2))
    let outcome = network.finish(task, at: 0, within: .seconds(300))
    #expect(outcome == "succeeded", "seed \(seed)\n\(network.story(0))")
    network.run(for: .seconds(15))
    let book = try #require(network.book(of: task, at: 0))
    #expect(book.tasks[task]?.shares.values.reduce(0) { $0 + $1.succeeded } == 61, "seed \(seed)")
    #expect(network.output(of: task, at: 0) == (0..<60).map { "\($0)\n" }.joined(), "seed \(seed)")
    network.expectEqualLedgers(book.id)
    try network.expectHealthy()
  }
}
