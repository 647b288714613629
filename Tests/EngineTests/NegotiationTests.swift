import Contract
import Coordination
import Engine
import Model
import Overlay
import Simulations
import Testing

/// How rounds come about (R1, R2, R3, R4).
@Suite struct NegotiationTests {
  @Test(
    "A counter-proposal within the limit becomes contract version 2; a task submitted earlier waits",
    arguments: [81, 82] as [UInt64])
  func counterProposal(seed: UInt64) throws {
    let network = try SimulatedNetwork(
      seed: seed, [.asker(), NodePlan(name: "cheap"), NodePlan(name: "dear", price: 180)])
    network.meet()
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 20, priceLimit: 200), at: 0), at: 0))
    #expect(network.nodes[0].engine.taskView(task, at: network.now)?.state == "negotiating")
    #expect(network.finish(task, at: 0) == "succeeded", "seed \(seed)\n\(network.story(0))")
    let book = try #require(network.book(of: task, at: 0))
    #expect(book.contract.version == 2 && book.contract.price.microPerCPUSecond == 180)
    #expect(book.roster.members.count == 3)
    network.settle()
    network.expectEqualLedgers(book.id)
    try network.expectHealthy()
  }

  @Test("A counter-proposal above the limit leaves the contract as it is")
  func refusedCounter() throws {
    let network = try SimulatedNetwork(
      seed: 83, [.asker(), NodePlan(name: "cheap"), NodePlan(name: "dear", price: 180)])
    network.meet()
    let task = try #require(network.task(network.submit(TaskPlan(priceLimit: 150), at: 0), at: 0))
    #expect(network.finish(task, at: 0) == "succeeded", "\(network.story(0))")
    let book = try #require(network.book(of: task, at: 0))
    #expect(book.contract.version == 1 && book.roster.members.count == 2)
    #expect(book.negotiation.contains { $0.name == "dear" && $0.answer == .countered && $0.text.contains("0.00018") })
    try network.expectHealthy()
  }

  @Test("The roster says who runs work without a sandbox, at every member")
  func sandboxes() throws {
    let network = try SimulatedNetwork(
      seed: 89, [.asker(), NodePlan(name: "walled"), NodePlan(name: "open", sandboxed: false)])
    network.meet()
    let task = try #require(network.task(network.submit(TaskPlan(), at: 0), at: 0))
    #expect(network.finish(task, at: 0) == "succeeded", "\(network.story(0))")
    network.settle()
    for node in network.nodes {
      let views = node.engine.participantViews(of: nil, at: network.now)
      #expect(views.map(\.name) == ["asker", "open", "walled"])
      #expect(views.map(\.sandboxed) == [true, false, true])
    }
  }

  @Test("Silence is recorded, and the round opens without who keeps it")
  func silence() throws {
    let network = try SimulatedNetwork(seed: 84, [.asker(), NodePlan(name: "b"), NodePlan(name: "mute")])
    network.meet()
    // What it says does not arrive for a while; pings are lost too, but the reply-by time is over first.
    network.tamperFrames[2] = { _, _ in [] }
    let task = try #require(network.task(network.submit(TaskPlan(negotiateMilliseconds: 800), at: 0), at: 0))
    #expect(network.finish(task, at: 0) == "succeeded", "\(network.story(0))")
    let book = try #require(network.book(of: task, at: 0))
    #expect(book.negotiation.contains { $0.name == "mute" && $0.answer == .silent })
    #expect(book.roster[network.nodes[2].id] == nil)
  }

  @Test("Who does not sign is dropped, and the others go on")
  func dropped() throws {
    let network = try SimulatedNetwork(seed: 85, [.asker(), NodePlan(name: "b"), NodePlan(name: "quitter")])
    network.meet()
    let task = try #require(network.task(network.submit(TaskPlan(), at: 0), at: 0))
    network.run(for: .seconds(5)) {
      $0.nodes[0].notices.contains { $0.kind == "call.joined" && $0.text.contains("quitter") }
    }
    network.crash(2)
    #expect(network.finish(task, at: 0) == "succeeded", "\(network.story(0))")
    let book = try #require(network.book(of: task, at: 0))
    if book.roster[network.nodes[2].id] == nil {
      #expect(book.negotiation.contains { $0.name == "quitter" && $0.answer == .dropped })
    }
  }

  @Test("A node known only through others gets the call (R3)", arguments: [86, 87] as [UInt64])
  func throughOthers(seed: UInt64) throws {
    let network = try SimulatedNetwork(seed: seed, [NodePlan(name: "middle"), .asker(), NodePlan(name: "far")])
    network.cut(1, 2)
    network.meet()
    network.run(for: .seconds(3))
    let task = try #require(network.task(network.submit(TaskPlan(negotiateMilliseconds: 2_000), at: 1), at: 1))
    #expect(network.finish(task, at: 1) == "succeeded", "seed \(seed)\n\(network.story(1))")
    let calls = network.nodes[2].disk.eventViews.filter { $0.kind == "call" }
    #expect(calls.count == 1, "seed \(seed): delivered once")
    #expect(calls.first?.author == network.nodes[1].id)
  }

  @Test("One node coordinates A and takes part in B at once (R1)", arguments: [88, 89] as [UInt64])
  func bothRoles(seed: UInt64) throws {
    let network = try SimulatedNetwork(seed: seed, [NodePlan(name: "x"), NodePlan(name: "y")])
    network.work = { order, node in SimulatedWork.echo(order, node, lasting: .milliseconds(50)) }
    network.meet()
    let commands = [0, 1].map { network.submit(TaskPlan(subtasks: 30, reduces: true), at: $0) }
    let tasks = try [0, 1].map { try #require(network.task(commands[$0], at: $0)) }
    for index in 0..<2 {
      #expect(network.finish(tasks[index], at: index) == "succeeded", "seed \(seed)\n\(network.story(index))")
      #expect(network.output(of: tasks[index], at: index) == (0..<30).map { "\($0)\n" }.joined())
    }
    let shares = try #require(network.book(of: tasks[0], at: 0)?.tasks[tasks[0]]?.shares)
    #expect((shares[network.nodes[0].id]?.succeeded ?? 0) > 0, "it runs work of its own collaboration too")
    let roles = Set(network.nodes[0].engine.collaborationViews().map(\.role))
    #expect(roles == ["coordinator", "participant"])
    network.settle()
    try network.expectHealthy()
  }

  @Test("A node alone that offers resources does its own work")
  func aloneWithResources() throws {
    let network = try SimulatedNetwork(seed: 90, [NodePlan(name: "x")])
    network.run(for: .seconds(1))
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 20, reduces: true), at: 0), at: 0))
    #expect(network.finish(task, at: 0) == "succeeded", "\(network.story(0))")
    try network.expectHealthy()
  }

  @Test("A lasting collaboration takes task after task; equal work goes to the same one")
  func lasting() throws {
    let network = try SimulatedNetwork(seed: 91, [.asker(), NodePlan(name: "b")])
    network.meet()
    for _ in 0..<5 {
      let task = try #require(network.task(network.submit(TaskPlan(subtasks: 3), at: 0), at: 0))
      #expect(network.finish(task, at: 0) == "succeeded")
    }
    #expect(network.nodes[0].engine.books.count == 1)
    let other = try #require(network.task(network.submit(TaskPlan(), at: 0, opens: true), at: 0))
    #expect(network.finish(other, at: 0) == "succeeded")
    #expect(network.nodes[0].engine.books.count == 2)
    network.settle()
    try network.expectHealthy()
  }
}
