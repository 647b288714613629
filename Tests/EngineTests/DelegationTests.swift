import Contract
import Coordination
import Engine
import Model
import Simulations
import Testing

/// Members delegate coordination to a virtual operator, and take it back (R10).
@Suite struct DelegationTests {
  private static let agent = 3

  /// Three members with work of the first, and one that offers nothing.
  private func network(seed: UInt64) throws -> (SimulatedNetwork, TaskID, CollaborationID) {
    let network = try SimulatedNetwork(
      seed: seed, [NodePlan(name: "a"), NodePlan(name: "b"), NodePlan(name: "c"), .asker("x")])
    network.work = { order, node in SimulatedWork.echo(order, node, lasting: .milliseconds(1_000)) }
    network.meet()
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 60), at: 0), at: 0))
    network.run(for: .seconds(20)) { network in
      network.live.allSatisfy { network.book(of: task, at: $0)?.configuration.voters.count == 4 }
    }
    let id = try #require(network.book(of: task, at: 0)).id
    #expect(network.nodes[0].engine.electionView(id)?.voters.last?.name == "x", "who offers nothing comes last")
    return (network, task, id)
  }

  @discardableResult
  private func delegate(
    _ network: SimulatedNetwork, _ index: Int, to agent: Int?, in id: CollaborationID
  ) -> CommandID {
    let command = network.command(
      .delegate(id, to: agent.map { network.nodes[$0].id }, person: "ada", reason: "because"), at: index)
    network.run(for: .seconds(3)) { network in
      network.live.allSatisfy { live in
        network.nodes[live].engine.books[id]?.delegations[network.nodes[index].id]?.agent
          == agent.map { network.nodes[$0].id }
      }
    }
    return command
  }

  /// Everybody follows this coordinator.
  private func coordinates(_ network: SimulatedNetwork, _ index: Int, _ id: CollaborationID) -> Bool {
    network.run(for: .seconds(30)) { network in
      network.live.allSatisfy { network.nodes[$0].engine.books[id]?.coordinator == network.nodes[index].id }
    }
  }

  @Test("Once a quorum delegates, the virtual operator coordinates; once none does, another is elected; work goes on")
  func delegated() throws {
    let (network, task, id) = try network(seed: 401)
    delegate(network, 0, to: Self.agent, in: id)
    network.settle()
    #expect(network.nodes[1].engine.books[id]?.term == 1, "one is no quorum of three")
    delegate(network, 1, to: Self.agent, in: id)
    #expect(coordinates(network, Self.agent, id), "\(network.story(0))")
    let view = try #require(network.nodes[2].engine.electionView(id))
    #expect(view.agent == network.nodes[Self.agent].id && view.agentName == "x")
    #expect(view.delegations.map(\.name) == ["a", "b"] && view.delegations.allSatisfy { $0.counts && $0.needed == 2 })
    #expect(view.terms.last?.cause == "transferred" && view.terms.last?.delegated == true, "\(view.terms)")
    #expect(view.voters.first?.name == "x", "it stands first from now on")

    delegate(network, 1, to: nil, in: id)
    let over = network.run(for: .seconds(10)) { network in
      network.live.allSatisfy { (network.nodes[$0].engine.books[id]?.term ?? 0) > 2 }
    }
    #expect(over, "\(network.story(0))")
    let after = try #require(network.nodes[2].engine.electionView(id))
    #expect(after.agent == nil && after.coordinator != network.nodes[Self.agent].id)
    #expect(after.terms.last?.cause == "called" && after.terms.last?.byName == "b", "\(after.terms)")
    #expect(after.terms.last?.person == "ada" && after.terms.last?.delegated == false)
    #expect(network.finish(task, at: 0) == "succeeded")
    network.settle()
    #expect(network.nodes[0].engine.books[id]?.term == 3, "one election each, and no more")
    network.expectEqualLedgers(id)
    try network.expectHealthy()
  }

  @Test("An operator that hides the words against it is replaced all the same")
  func hidden() throws {
    let (network, _, id) = try network(seed: 402)
    for index in 0...1 { delegate(network, index, to: Self.agent, in: id) }
    #expect(coordinates(network, Self.agent, id), "\(network.story(0))")
    // It takes no word about who should coordinate, as if it had not heard it.
    for index in 0...2 {
      network.tamperFrames[index] = { to, bytes in
        to == Self.agent && String(decoding: bytes, as: UTF8.self).contains(Delegation.purpose.name) ? [] : [bytes]
      }
    }
    network.command(.delegate(id, to: nil, person: "ada", reason: "because"), at: 1)
    let replaced = network.run(for: .seconds(30)) { network in
      (0...2).allSatisfy { index in
        network.nodes[index].engine.books[id].map { $0.coordinator != network.nodes[Self.agent].id } ?? false
      }
    }
    #expect(replaced, "\(network.story(1))")
    network.run(for: .seconds(10))
    let book = try #require(network.nodes[2].engine.books[id])
    #expect(book.terms.last?.cause == "idle", "\(book.terms)")
    #expect(book.agency?.agent == nil && book.agency?.former == network.nodes[Self.agent].id)
  }

  @Test("Where the coordinator does not hand over, those who delegated call an election")
  func kept() throws {
    let (network, _, id) = try network(seed: 403)
    network.tamperFrames[0] = { _, bytes in
      String(decoding: bytes, as: UTF8.self).contains("election.transfer") ? [] : [bytes]
    }
    for index in 1...2 { delegate(network, index, to: Self.agent, in: id) }
    #expect(coordinates(network, Self.agent, id), "\(network.story(0))")
    let last = try #require(network.nodes[1].engine.electionView(id)?.terms.last)
    #expect(last.cause == "called" && last.delegated, "\(last)")
    #expect(last.detail == "a quorum delegates to x")
  }

  @Test("A coordinator that hands over to another cannot void a delegation")
  func elsewhere() throws {
    let (network, _, id) = try network(seed: 407)
    let agent = Self.agent
    network.tamperFrames[0] = { to, bytes in
      to == agent && String(decoding: bytes, as: UTF8.self).contains("election.transfer") ? [] : [bytes]
    }
    for index in 1...2 { delegate(network, index, to: Self.agent, in: id) }
    network.settle()
    network.command(.transferOffice(id, to: network.nodes[2].id, person: "eve"), at: 0)
    #expect(coordinates(network, Self.agent, id), "\(network.story(0))")
    #expect(network.nodes[1].engine.books[id]?.terms.contains { $0.coordinator == network.nodes[2].id } == true)
  }

  @Test("Who tells a wish to everybody but the coordinator brings it onto the ledger, and nobody out of office")
  func relayed() throws {
    let (network, _, id) = try network(seed: 408)
    network.tamperFrames[1] = { to, bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      return to == 0 && (text.contains(Delegation.purpose.name) || text.contains("request.relay")) ? [] : [bytes]
    }
    network.command(.delegate(id, to: network.nodes[Self.agent].id, person: "ada", reason: ""), at: 1)
    let known = network.run(for: .seconds(20)) { network in
      network.nodes[2].engine.books[id]?.delegations[network.nodes[1].id] != nil
    }
    #expect(known, "\(network.story(1))")
    network.run(for: .seconds(20))
    #expect(network.nodes[2].engine.books[id]?.term == 1)
  }

  @Test("What waits to be decided is taken back, and what was decided meanwhile too")
  func takenBack() throws {
    let (network, _, id) = try network(seed: 409)
    for other in [0, 2, Self.agent] { network.cut(1, other) }
    network.command(.delegate(id, to: network.nodes[Self.agent].id, person: "ada", reason: ""), at: 1)
    network.settle()
    #expect(network.nodes[1].engine.electionView(id)?.delegationWaits == true)
    let taken = network.command(.delegate(id, to: nil, person: "ada", reason: ""), at: 1)
    network.settle()
    #expect(network.refusal(taken, at: 1) == nil)
    network.healAll()
    network.run(for: .seconds(60)) { $0.nodes[1].engine.delegations.isEmpty }
    network.settle()
    #expect(network.nodes[1].engine.delegations.isEmpty, "\(network.story(1))")
    let record = try #require(network.nodes[0].engine.books[id]?.delegations[network.nodes[1].id])
    #expect(record.agent == nil && network.nodes[0].engine.books[id]?.term == 1)
  }

  @Test("A virtual operator that is lost is replaced, and comes back into office by the next election only")
  func lost() throws {
    let (network, _, id) = try network(seed: 404)
    for index in 0...1 { delegate(network, index, to: Self.agent, in: id) }
    #expect(coordinates(network, Self.agent, id))
    network.crash(Self.agent)
    let replaced = network.run(for: .seconds(20)) { network in
      (0...2).allSatisfy { (network.nodes[$0].engine.books[id]?.term ?? 0) > 2 }
    }
    #expect(replaced, "\(network.story(0))")
    try network.boot(Self.agent)
    network.run(for: .seconds(20))
    let term = try #require(network.nodes[0].engine.books[id]?.term)
    #expect(network.nodes[Self.agent].engine.books[id]?.coordinator != network.nodes[Self.agent].id)
    network.command(.callElection(id, person: "ada", reason: "it is back"), at: 2)
    #expect(coordinates(network, Self.agent, id), "\(network.story(0))")
    #expect(network.nodes[0].engine.books[id]?.term == term + 1)
  }

  @Test("A node that restarts goes on saying what people there delegated, and mistakes are told at once")
  func said() throws {
    let (network, _, id) = try network(seed: 405)
    for other in [0, 2, Self.agent] { network.cut(1, other) }
    network.command(.delegate(id, to: network.nodes[Self.agent].id, person: "ada", reason: ""), at: 1)
    network.settle()
    network.crash(1)
    try network.boot(1)
    // What lay in its outbox lapses meanwhile.
    network.run(for: .seconds(30))
    #expect(network.nodes[0].engine.books[id]?.delegations.isEmpty == true)
    network.healAll()
    let known = network.run(for: .seconds(60)) { network in
      network.nodes[0].engine.books[id]?.delegations[network.nodes[1].id]?.agent == network.nodes[Self.agent].id
    }
    #expect(known, "\(network.story(1))")
    network.settle()
    #expect(network.nodes[1].engine.delegations.isEmpty, "it is decided")
    let wrong: [(agent: Int?, kind: Refusal.Kind)] = [(2, .conflict), (1, .conflict), (Self.agent, .conflict)]
    for (agent, kind) in wrong {
      let command = delegate(network, 1, to: agent, in: id)
      #expect(network.refusal(command, at: 1)?.kind == kind, "\(agent ?? -1)")
    }
    let nobody = delegate(network, 2, to: nil, in: id)
    #expect(network.refusal(nobody, at: 2)?.kind == .conflict)
  }
}
