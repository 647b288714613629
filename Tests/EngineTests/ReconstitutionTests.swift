import Consensus
import Contract
import Coordination
import Engine
import Ledger
import Model
import Simulations
import Testing

/// After permanent loss of a quorum people go on under a new identity (R17), and say whom they prefer (R14).
@Suite struct ReconstitutionTests {
  @Test("A collaboration that lost its quorum for good goes on as a new one that names its end; the old one is over")
  func reconstitutes() throws {
    let network = try SimulatedNetwork(seed: 81, [.asker(), NodePlan(name: "b"), NodePlan(name: "c")])
    network.meet()
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 4), at: 0), at: 0))
    #expect(network.finish(task, at: 0) == "succeeded", "\(network.story(0))")
    network.settle()
    let old = try #require(network.book(of: task, at: 1)).id
    let early = network.command(.reconstitute(old, person: "ada", reason: "fire"), at: 1)
    network.settle()
    #expect(network.refusal(early, at: 1)?.kind == .conflict, "a quorum is in reach")
    network.crash(0)
    network.crash(2)
    // Nobody is left who could say so too.
    network.run(for: .seconds(60))
    let end = try #require(network.nodes[1].engine.books[old])
    network.command(.reconstitute(old, person: "ada", reason: "fire"), at: 1)
    network.run(for: .seconds(10)) { $0.successor(of: old, at: 1) != nil }
    let made = try #require(network.successor(of: old, at: 1), "\(network.story(1))")
    let charter = try #require(network.nodes[1].engine.books[made]?.charter)
    #expect(charter.continues?.number == end.lastEntry && charter.continues?.person == "ada")
    #expect(charter.continues?.head == network.nodes[1].engine.consensus.entry(end.lastEntry, of: old)?.hash)
    let view = try #require(network.nodes[1].engine.collaborationView(old))
    #expect(view.state == "halted" && view.reason.contains(made.short), "\(view)")
    let again = try #require(network.task(network.submit(TaskPlan(subtasks: 2), at: 1, to: made), at: 1))
    #expect(network.finish(again, at: 1) == "succeeded", "\(network.story(1))")
    // Who comes back finds the old one over here, also after a restart.
    network.crash(1)
    try network.boot(1)
    try network.boot(0)
    try network.boot(2)
    network.run(for: .seconds(10))
    #expect(network.nodes[1].engine.collaborationView(old)?.state == "halted")
    #expect(network.nodes[1].engine.collaborationView(made)?.state == "open")
  }

  @Test("Whom a voter's people prefer it votes for first, also after a restart")
  func prefers() throws {
    let network = try SimulatedNetwork(
      seed: 82, [.asker(), NodePlan(name: "b"), NodePlan(name: "c"), NodePlan(name: "d")])
    network.meet()
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 4), at: 0), at: 0))
    #expect(network.finish(task, at: 0) == "succeeded", "\(network.story(0))")
    network.settle()
    let id = try #require(network.book(of: task, at: 0)).id
    let last = try #require(network.nodes[1].engine.electionView(id)?.voters.last { $0.node != network.nodes[0].id })
    for index in 1...3 { network.command(.preferCoordinators(id, [last.node]), at: index) }
    network.settle()
    network.crash(1)
    try network.boot(1)
    network.run(for: .seconds(5))
    #expect(network.nodes[1].engine.electionView(id)?.voters.first?.node == last.node)
    network.crash(0)
    network.run(for: .seconds(30)) { $0.nodes[1].engine.books[id]?.term ?? 1 > 1 }
    #expect(network.nodes[1].engine.books[id]?.coordinator == last.node)
  }
}

extension SimulatedNetwork {
  func successor(of id: CollaborationID, at index: Int) -> CollaborationID? {
    nodes[index].engine.books.values.first { $0.charter.continues?.collaboration == id }?.id
  }

  func refusal(_ command: CommandID, at index: Int) -> Refusal? {
    if case .failure(let refusal)? = nodes[index].answers[command] { refusal } else { nil }
  }
}
