import Contract
import Engine
import Model
import Simulations
import Testing

/// A member that offers no resources votes and keeps the ledger of two others (R71).
@Suite struct WitnessTests {
  /// The pair, the witness, and a first task that both know of.
  private func network(seed: UInt64) throws -> (SimulatedNetwork, CollaborationID) {
    let network = try SimulatedNetwork(seed: seed, [NodePlan(name: "a"), NodePlan(name: "b"), .asker("witness")])
    network.work = { order, node in SimulatedWork.echo(order, node, lasting: .milliseconds(500)) }
    network.meet()
    let first = try #require(network.task(network.submit(TaskPlan(subtasks: 2), at: 0), at: 0))
    network.run(for: .seconds(20)) { network in
      network.live.allSatisfy { network.book(of: first, at: $0)?.configuration.voters.count == 3 }
    }
    return (network, try #require(network.book(of: first, at: 0)).id)
  }

  @Test("The pair survives the loss of one, and the witness gets neither work nor office")
  func lost() throws {
    let (network, id) = try network(seed: 406)
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 20), at: 1, to: id), at: 1))
    network.run(for: .seconds(10)) { !$0.nodes[0].running.isEmpty && !$0.nodes[1].running.isEmpty }
    network.crash(0)
    #expect(network.finish(task, at: 1) == "succeeded", "\(network.story(1))")
    let book = try #require(network.nodes[1].engine.books[id])
    #expect(book.term == 2 && book.coordinator == network.nodes[1].id)
    #expect(network.nodes[2].begun.isEmpty, "it got no work")
    try network.boot(0)
    network.run(for: .seconds(20))
    network.expectEqualLedgers(id)
  }

  @Test("What both rewrite together the witness finds, and it keeps what was decided")
  func rewritten() throws {
    let (network, id) = try network(seed: 407)
    for index in 0...1 { network.keepDiskCopies(of: index, every: .seconds(600)) }
    network.run(for: .seconds(1))
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 3), at: 0, to: id), at: 0))
    #expect(network.finish(task, at: 2) == "succeeded")
    let decided = try #require(network.nodes[2].engine.books[id])
    // Both put their data back, say that it is the newest, and go on without that task.
    network.isolate(2)
    for index in 0...1 { network.crash(index) }
    for index in 0...1 {
      #expect(network.rollBackDisk(index, by: .zero))
      try network.boot(index, isVouchedFor: true)
    }
    network.run(for: .seconds(20))
    let other = try #require(network.task(network.submit(TaskPlan(subtasks: 30), at: 0, to: id), at: 0))
    #expect(network.finish(other, at: 0) == "succeeded", "\(network.story(0))")
    let rewritten = try #require(network.nodes[0].engine.books[id])
    #expect(rewritten.tasks[task] == nil && rewritten.lastEntry > decided.lastEntry)
    network.rejoin(2)
    let found = network.run(for: .seconds(60)) { $0.nodes[2].engine.electionView(id)?.state == "halted" }
    #expect(found, "\(network.story(2))")
    #expect(network.nodes[2].engine.electionView(id)?.reason.contains("certificates contradict") == true)
    #expect(network.nodes[2].engine.books[id] == decided)
  }
}
