import Contract
import Coordination
import Engine
import Model
import Simulations
import Testing

/// Members come and go while a round is open (R7), and votes with them (R13).
@Suite struct RosterTests {
  private static func network(seed: UInt64, _ names: [String]) throws -> SimulatedNetwork {
    let network = try SimulatedNetwork(seed: seed, [.asker()] + names.map { NodePlan(name: $0) })
    network.work = { order, node in SimulatedWork.echo(order, node, lasting: .milliseconds(300)) }
    network.meet()
    return network
  }

  @Test("A node that comes while there is work is asked, gets work, holds the ledger and votes", arguments: [1, 2])
  func newcomer(seed: UInt64) throws {
    let network = try Self.network(seed: seed, ["b", "c"])
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 200, reduces: true), at: 0), at: 0))
    network.run(for: .seconds(10)) { $0.nodes[1].begun.count > 6 }
    let newcomer = try network.add(NodePlan(name: "d"))
    #expect(network.finish(task, at: 0) == "succeeded", "seed \(seed)\n\(network.story(0))")
    network.settle()
    #expect(network.output(of: task, at: 0) == (0..<200).map { "\($0)\n" }.joined())
    let book = try #require(network.book(of: task, at: 0))
    let id = network.nodes[newcomer].id
    #expect(book.roster.version == 2 && book.roster[id] != nil, "\(network.story(0))\n\(network.story(newcomer))")
    #expect(book.rosterChanges.map(\.kind) == [.joined])
    #expect(book.configuration.next == nil && book.configuration.hasVote(id))
    #expect(!network.nodes[newcomer].begun.isEmpty && (book.tasks[task]?.shares[id]?.succeeded ?? 0) > 0)
    network.expectEqualLedgers(book.id)
    try network.expectHealthy()
  }

  @Test("Who leaves finishes what it took on, takes nothing new, loses its vote and is gone; and may come back")
  func leaver() throws {
    let network = try Self.network(seed: 3, ["b", "c", "d"])
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 150), at: 0), at: 0))
    network.run(for: .seconds(10)) { $0.nodes[2].begun.count > 4 }
    let leaver = network.nodes[2].id
    let book = try #require(network.book(of: task, at: 0))
    network.command(.leaveCollaboration(book.id, reason: "maintenance"), at: 2)
    #expect(network.run(for: .seconds(20)) { $0.book(of: task, at: 0)?.roster[leaver] == nil }, "\(network.story(0))")
    let after = try #require(network.book(of: task, at: 0))
    #expect(after.rosterChanges.map(\.kind) == [.leaving, .left])
    #expect(after.rosterChanges.first?.reason == "maintenance")
    #expect(!after.configuration.hasVote(leaver) && after.roster.version == 2)
    #expect(after.tasks[task]?.shares[leaver]?.lost == 0)
    // It hears that it is gone, and nothing that comes after.
    network.run(for: .seconds(5)) { $0.book(of: task, at: 2)?.roster[leaver] == nil }
    let known = try #require(network.book(of: task, at: 2))
    #expect(known.roster[leaver] == nil)
    let begun = network.nodes[2].begun.count
    network.run(for: .seconds(3))
    #expect(network.nodes[2].begun.count == begun)
    #expect((network.book(of: task, at: 2)?.lastEntry ?? 0) - known.lastEntry < 20)
    network.command(.joinCollaboration(book.id), at: 2)
    #expect(network.run(for: .seconds(20)) { $0.book(of: task, at: 0)?.roster[leaver] != nil }, "\(network.story(0))")
    #expect(network.finish(task, at: 0) == "succeeded", "\(network.story(0))")
    network.settle()
    network.settle()
    let last = try #require(network.book(of: task, at: 0))
    #expect(last.configuration.hasVote(leaver) && last.roster.version == 3)
    network.expectEqualLedgers(book.id)
    try network.expectHealthy()
  }

  @Test("A member that is let in by a coordinator which is lost then outlives it", arguments: [4, 5])
  func coordinatorLost(seed: UInt64) throws {
    let network = try Self.network(seed: seed, ["b", "c"])
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 200), at: 1), at: 1))
    network.run(for: .seconds(10)) { $0.nodes[2].begun.count > 6 }
    let newcomer = try network.add(NodePlan(name: "d"))
    let id = network.nodes[newcomer].id
    network.run(for: .seconds(20)) { $0.book(of: task, at: 2)?.roster[id] != nil }
    let coordinator = try #require(network.book(of: task, at: 2)?.coordinator)
    let lost = try #require(network.nodes.firstIndex { $0.id == coordinator })
    #expect(lost == 1)
    network.crash(lost)
    network.run(for: .seconds(3))
    try network.boot(lost)
    #expect(network.finish(task, at: 1) == "succeeded", "seed \(seed)\n\(network.story(1))")
    network.settle()
    network.settle()
    let book = try #require(network.book(of: task, at: 2))
    #expect(book.configuration.hasVote(id) && book.configuration.next == nil)
    #expect(book.tasks[task]?.shares.values.reduce(0) { $0 + $1.succeeded } == 200)
    network.expectEqualLedgers(book.id)
    try network.expectHealthy()
  }
}
