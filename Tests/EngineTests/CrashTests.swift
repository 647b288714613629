import Contract
import Coordination
import Engine
import Foundation
import Model
import Simulations
import Testing

/// Processes die around the effects of a small task: nothing is lost, nothing counts twice (R15, R27).
@Suite struct CrashTests {
  static let plan = TaskPlan(subtasks: 4, reduces: true, executeMilliseconds: 2_000, totalMilliseconds: 120_000)
  static let cast: [NodePlan] = [SnapshotTests.asker(intervalEntries: 5), NodePlan(name: "b"), NodePlan(name: "c")]

  /// What one node's process does from the submission to the task's end when nothing goes wrong, and from which number.
  static func effects(seed: UInt64, node: Int) throws -> (first: Int, effects: [ProcessEffect]) {
    let network = try SimulatedNetwork(seed: seed, cast)
    network.meet()
    var seen: [ProcessEffect] = []
    network.effectSeen = { index, _, effect in if index == node { seen.append(effect) } }
    let first = network.nodes[node].effects + 1
    let task = try #require(network.task(network.submit(plan, at: 0), at: 0))
    #expect(network.finish(task, at: 0) == "succeeded", "seed \(seed)\n\(network.story(0))")
    return (first, seen)
  }

  static func run(seed: UInt64, at point: CrashPoint) throws {
    let what = "seed \(seed), \(point)"
    let network = try SimulatedNetwork(seed: seed, cast)
    network.meet()
    network.crashPoint = point
    let command = network.submit(plan, at: 0)
    network.run(for: .seconds(4)) { $0.nodes[0].isUp && !$0.nodes[0].engine.taskViews(at: $0.now).isEmpty }
    defer { #expect(network.crashPoint == nil && network.faultCounts[.crash] == 1, "\(what) never came") }
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

  /// Crashes before each effect, with what waits for the disk lost, and after each, with it durable and nobody told.
  static func points(seed: UInt64, node: Int) throws -> (aroundSyncs: [CrashPoint], others: [CrashPoint]) {
    let (first, effects) = try effects(seed: seed, node: node)
    var (aroundSyncs, others): ([CrashPoint], [CrashPoint]) = ([], [])
    for (offset, effect) in effects.enumerated() {
      let both = [
        CrashPoint(node: node, effect: first + offset, isAfter: false, unsynced: .lost),
        CrashPoint(node: node, effect: first + offset, isAfter: true, unsynced: .kept),
      ]
      if case .sync = effect { aroundSyncs += both } else { others += both }
    }
    return (aroundSyncs, others)
  }

  private static let environment = ProcessInfo.processInfo.environment
  /// Chooses among the points, of which all take minutes; `JOINTCLOUD_CRASHES=all` has them all.
  static let choiceSeed = environment["JOINTCLOUD_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999)
  static let hasAll = environment["JOINTCLOUD_CRASHES"] == "all"

  /// Each k-th, from an offset that the choice's seed gives; an odd k takes from both sides of effects.
  static func some(_ points: [CrashPoint], each step: Int, _ dice: inout Random) -> [CrashPoint] {
    precondition(!step.isMultiple(of: 2))
    let step = hasAll ? 1 : step
    return stride(from: Int.random(in: 0..<step, using: &dice), to: points.count, by: step).map { points[$0] }
  }

  @Test(
    "The coordinator, or a participant, dies around any effect of its process",
    arguments: [(41, 0), (42, 1)] as [(UInt64, Int)])
  func aroundAnyEffect(seed: UInt64, node: Int) throws {
    var dice = Random.seeded(Self.choiceSeed)
    let (aroundSyncs, others) = try Self.points(seed: seed, node: node)
    #expect(aroundSyncs.count >= 40 && others.count >= 100)
    let chosen = Self.some(aroundSyncs, each: 5, &dice) + Self.some(others, each: 21, &dice)
    print(
      "node \(node): \(chosen.count) of \(aroundSyncs.count + others.count) crashes, chosen by JOINTCLOUD_SEED="
        + "\(Self.choiceSeed)")
    for point in chosen { try Self.run(seed: seed, at: point) }
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
}
