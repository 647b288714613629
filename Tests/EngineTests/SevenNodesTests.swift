import Contract
import Coordination
import Engine
import Model
import Simulations
import Testing

@Suite struct SevenNodesTests {
  static let decliner = NodePlan(
    name: "decliner",
    policy: LocalPolicy(
      decline: [.init(kind: "batch", label: nil, code: .policy, text: "no batch here")],
      decidesByHand: false))

  static var cast: [NodePlan] {
    [.asker()] + (1...5).map { NodePlan(name: "cloud \($0)") } + [decliner]
  }

  @Test("A call reaches all, five join, one declines with its reason, all sign", arguments: [11, 12, 13] as [UInt64])
  func fortySubtasks(seed: UInt64) throws {
    let network = try SimulatedNetwork(seed: seed, Self.cast)
    network.meet()
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 40, reduces: true), at: 0), at: 0))
    #expect(network.finish(task, at: 0) == "succeeded", "seed \(seed)\n\(network.story(0))")
    network.settle()
    let book = try #require(network.book(of: task, at: 0))
    #expect(book.roster.members.count == 6)
    let answers = Dictionary(uniqueKeysWithValues: book.negotiation.map { ($0.name, $0) })
    #expect(answers["decliner"]?.answer == .declined)
    #expect(answers["decliner"]?.code == "POLICY")
    #expect(answers["decliner"]?.text == "no batch here")
    #expect(answers.values.count { $0.answer == .joined } == 5)
    #expect(network.output(of: task, at: 0) == (0..<40).map { "\($0)\n" }.joined())
    network.expectEqualLedgers(book.id)
    #expect((book.tasks[task]?.planCount ?? 99) <= 12, "seed \(seed): plan churn\n\(network.story(0))")
    let begun = network.nodes.flatMap(\.begun)
    #expect(begun.count == 41 && begun.allSatisfy { $0.value == 1 }, "seed \(seed): each once")
    try network.expectHealthy()
  }

  @Test("One seed gives one run", arguments: [21] as [UInt64])
  func repeats(seed: UInt64) throws {
    func run() throws -> Digest {
      let network = try SimulatedNetwork(seed: seed, Self.cast)
      network.meet()
      let task = try #require(network.task(network.submit(TaskPlan(subtasks: 20), at: 0), at: 0))
      network.finish(task, at: 0)
      return network.fingerprint.digest
    }
    let (first, second) = try (run(), run())
    #expect(first == second)
    #expect(try SimulatedNetwork(seed: seed + 1, Self.cast).fingerprint.digest != first)
  }

  @Test("Weights 1:3 give about 25:75 (R33)", arguments: [31, 32] as [UInt64])
  func sharesFollowWeights(seed: UInt64) throws {
    // Equal weights and three times the room stand for weights 1:3: the score is their product.
    var (small, large) = (NodePlan(name: "small"), NodePlan(name: "large"))
    small.offer = Amounts(cpuMillicores: 2_000, memoryBytes: 4 << 30)
    large.offer = Amounts(cpuMillicores: 6_000, memoryBytes: 4 << 30)
    let network = try SimulatedNetwork(seed: seed, [.asker(), small, large])
    network.meet()
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 400), at: 0), at: 0))
    #expect(network.finish(task, at: 0) == "succeeded", "seed \(seed)\n\(network.story(0))")
    let shares = try #require(network.book(of: task, at: 0)?.tasks[task]?.shares)
    let part = Double(shares[network.nodes[1].id]?.succeeded ?? 0) / 400
    #expect((0.15...0.35).contains(part), "seed \(seed): \(part)")
    try network.expectHealthy()
  }
}
