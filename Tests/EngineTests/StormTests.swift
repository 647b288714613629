import Contract
import Coordination
import Engine
import Model
import Simulations
import Testing

/// Crashes, broken links and repeated frames in random order; then calm, in which everything must come to its end.
@Suite struct StormTests {
  static let cast: [NodePlan] = [.asker(), NodePlan(name: "b"), NodePlan(name: "c"), NodePlan(name: "d")]

  @Test(
    "After any storm the task succeeds, each subtask counts once, all ledgers are equal",
    arguments: 201...208 as ClosedRange<UInt64>)
  func storm(seed: UInt64) throws { try Self.weather(seed, disksFail: false) }

  @Test("The same where disks fail, are full, and lose or tear what they had not synced")
  func stormOfDisks() throws {
    var (failed, lost) = (0, 0)
    for seed in UInt64(209)...213 {
      let counts = try Self.weather(seed, disksFail: true)
      failed += counts[.diskFailed] + counts[.diskFull]
      lost += counts[.diskLost] + counts[.diskTorn]
    }
    #expect(failed > 2 && lost > 2, "the disks did too little: \(failed) failed, \(lost) lost something")
  }

  @discardableResult
  private static func weather(_ seed: UInt64, disksFail: Bool) throws -> FaultCounts {
    let (network, task) = try Self.play(seed, disksFail: disksFail)
    let outcome = network.finish(task, at: 0, within: .seconds(300))
    #expect(outcome == "succeeded", "seed \(seed)\n\(network.story(0))")
    network.run(for: .seconds(15))
    let book = try #require(network.book(of: task, at: 0))
    #expect(book.tasks[task]?.shares.values.reduce(0) { $0 + $1.succeeded } == 61, "seed \(seed)")
    #expect(network.output(of: task, at: 0) == (0..<60).map { "\($0)\n" }.joined(), "seed \(seed)")
    network.expectEqualLedgers(book.id)
    try network.expectHealthy()
    return network.faultCounts
  }

  @Test(
    "One seed gives one storm, effect for effect, in processes that hash differently",
    arguments: [201, 206] as [UInt64])
  func stormOfTwoProcesses(seed: UInt64) async throws {
    var told: [[String]] = []
    for _ in 0..<2 {
      // Each process orders its sets and dictionaries by a seed of its own.
      let child = try await #require(processExitsWith: .success, observing: [\.standardOutputContent]) { [seed] in
        let (network, task) = try Self.play(seed)
        let outcome = network.finish(task, at: 0, within: .seconds(300))
        let order = Set(0..<64).map(String.init).joined(separator: ",")
        print("told", network.steps, outcome, network.fingerprint.digest.hexadecimal, order)
      }
      let lines = String(decoding: child.standardOutputContent, as: UTF8.self).split(separator: "\n")
      told.append(try #require(lines.last { $0.hasPrefix("told ") }).split(separator: " ").map(String.init))
    }
    let (first, second) = (told[0], told[1])
    try #require(first.count == 5 && second.count == 5)
    #expect(first[4] != second[4], "both processes hash alike, so this shows nothing")
    #expect(first[2] == "succeeded")
    #expect(first[1...3] == second[1...3], "seed \(seed)")
  }

  /// A storm up to its end, and the task that was submitted before it.
  private static func play(_ seed: UInt64, disksFail: Bool = false) throws -> (SimulatedNetwork, TaskID) {
    let network = try SimulatedNetwork(seed: seed, Self.cast)
    network.work = { order, node in SimulatedWork.echo(order, node, lasting: .milliseconds(150)) }
    network.meet()
    var dice = Random.seeded(seed &* 31)
    let plan = TaskPlan(
      subtasks: 60, reduces: true, attempts: 5, queueMilliseconds: 60_000, totalMilliseconds: 600_000)
    let task = try #require(network.task(network.submit(plan, at: 0), at: 0))
    network.frameDuplicationPermille = 50
    if disksFail {
      network.diskFaults.partialLossPermille = 500
      network.diskFaults.tearPermille = 300
      for index in cast.indices { network.slowDisk(index, by: .milliseconds(60)) }
    }
    for _ in 0..<12 {
      network.run(for: .milliseconds(Int64.random(in: 50...700, using: &dice)))
      let index = Int.random(in: 0..<Self.cast.count, using: &dice)
      if disksFail, Bool.random(using: &dice) {
        Self.trouble(index, network, &dice)
      } else if Bool.random(using: &dice), network.nodes[index].isUp {
        network.crash(index)
        network.restart(index, after: .milliseconds(Int64.random(in: 100...1_500, using: &dice)))
      } else {
        network.breakLinks(between: index, and: (index + 1) % Self.cast.count)
      }
    }
    network.frameDuplicationPermille = 0
    network.diskDelay = [:]
    network.run(for: .seconds(2))
    return (network, task)
  }

  private static func trouble(_ index: Int, _ network: SimulatedNetwork, _ dice: inout Random) {
    let length = Duration.milliseconds(Int64.random(in: 200...2_000, using: &dice))
    switch Int.random(in: 0..<3, using: &dice) {
    case 0: network.failDisk(index)
    case 1:
      network.fillDisk(index)
      network.act(after: length) { $0.freeDisk(index) }
    default: network.slowDisk(index, by: .milliseconds(300))
    }
  }
}
