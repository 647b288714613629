import Contract
import Coordination
import Engine
import Model
import Simulations
import Testing

/// Processes die around every transaction of a small task: nothing is lost, nothing counts twice (R15, R27).
@Suite struct CrashTests {
  static let plan = TaskPlan(subtasks: 4, reduces: true, executeMilliseconds: 2_000, totalMilliseconds: 120_000)
  static let cast: [NodePlan] = [.asker(), NodePlan(name: "b"), NodePlan(name: "c")]

  /// How many transactions each node makes when nothing goes wrong.
  static func transactions(seed: UInt64, node: Int) throws -> ClosedRange<Int> {
    let network = try SimulatedNetwork(seed: seed, cast)
    network.meet()
    let before = network.nodes[node].disk.transactions
    let task = try #require(network.task(network.submit(plan, at: 0), at: 0))
    #expect(network.finish(task, at: 0) == "succeeded", "seed \(seed)\n\(network.story(0))")
    return (before + 1)...network.nodes[node].disk.transactions
  }

  static func run(seed: UInt64, node: Int, at transaction: Int, isApplied: Bool) throws {
    let what = "seed \(seed), node \(node), transaction \(transaction), \(isApplied ? "after" : "before")"
    let network = try SimulatedNetwork(seed: seed, cast)
    network.meet()
    network.crashPoint = (node, transaction, isApplied)
    let command = network.submit(plan, at: 0)
    network.run(for: .seconds(4)) { $0.nodes[0].isUp && !$0.nodes[0].engine.taskViews(at: $0.now).isEmpty }
    guard let task = network.nodes[0].engine.taskViews(at: network.now).first?.task else {
      // It died before the submission was kept: then nobody was told that it was.
      #expect(network.nodes[0].answers[command] == nil, "\(what)")
      return
    }
    #expect(network.finish(task, at: 0, within: .seconds(100)) == "succeeded", "\(what)\n\(network.story(0))")
    network.settle()
    let book = try #require(network.book(of: task, at: 0), "\(what)")
    let record = try #require(book.tasks[task])
    #expect(record.succeededCount == 5 && record.subtasks.allSatisfy(\.isDone), "\(what)")
    #expect(record.shares.values.reduce(0) { $0 + $1.succeeded } == 5, "\(what): counted twice")
    #expect(network.output(of: task, at: 0) == "0\n1\n2\n3\n", "\(what)")
    #expect(book.taskOrder == [task], "\(what)")
    network.expectEqualLedgers(book.id)
    try network.expectHealthy()
  }

  @Test("The coordinator dies at any boundary", arguments: [false, true])
  func coordinator(isApplied: Bool) throws {
    let range = try Self.transactions(seed: 41, node: 0)
    for transaction in range { try Self.run(seed: 41, node: 0, at: transaction, isApplied: isApplied) }
  }

  @Test("A result that was counted before its bytes came into the store is there again after a restart (R65)")
  func contentsThatMissedTheStore() throws {
    let network = try SimulatedNetwork(seed: 43, Self.cast)
    network.meet()
    let task = try #require(network.task(network.submit(Self.plan, at: 0), at: 0))
    #expect(network.finish(task, at: 0) == "succeeded")
    let results = try #require(network.nodes[0].engine.taskDetail(task, at: network.now)).results
    network.crash(0)
    for result in results { network.nodes[0].objects[result.digest] = nil }
    try network.boot(0)
    network.run(for: .seconds(1))
    #expect(network.output(of: task, at: 0) == "0\n1\n2\n3\n")
  }

  @Test("A participant dies at any boundary", arguments: [false, true])
  func participant(isApplied: Bool) throws {
    let range = try Self.transactions(seed: 42, node: 1)
    for transaction in range { try Self.run(seed: 42, node: 1, at: transaction, isApplied: isApplied) }
  }
}
