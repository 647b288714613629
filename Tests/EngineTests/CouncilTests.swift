import Consensus
import Contract
import Coordination
import Engine
import Ledger
import Model
import Overlay
import Simulations
import Testing

/// Who belongs to a network is decided by its own collaboration (R20).
@Suite struct CouncilTests {
  private static let policy = Genesis.AdmissionPolicy(invitation: true, vote: true)

  /// A network whose own collaboration has `voters` voters.
  private func network(seed: UInt64, _ count: Int, voters: Int? = nil) throws -> SimulatedNetwork {
    let network = try SimulatedNetwork(seed: seed, (0..<count).map { .plain($0) }, policy: Self.policy)
    network.meet()
    let wanted = voters ?? min(7, count)
    let formed = network.run(for: .seconds(60)) { network in
      network.live.allSatisfy { network.council($0)?.configuration.voters.count == wanted }
    }
    #expect(formed, "\(network.story(0))")
    return network
  }

  @Test("The founder founds it, all join it up to its bound, and the others follow its ledger")
  func followed() throws {
    let network = try network(seed: 301, 22)
    let bound = network.run(for: .seconds(60)) { network in
      network.live.allSatisfy { network.council($0)?.roster.members.count == 20 }
    }
    #expect(bound, "\(network.live.map { network.council($0)?.roster.members.count })")
    network.run(for: .seconds(5))
    let observers = network.live.filter { network.council($0)?.roster[network.nodes[$0].id] == nil }
    #expect(observers.count == 2)
    for index in observers {
      let engine = network.nodes[index].engine
      let id = try #require(network.council(index)?.id)
      #expect(network.council(index) == network.council(0))
      #expect(engine.consensus.fellows(of: id).isEmpty, "an observer needs no streams of its own for it")
    }
    #expect(network.nodes[0].engine.collaborationViews().isEmpty, "people meant none of theirs by it")
    try network.expectHealthy()
  }

  @Test("Who is revoked is cut off by all within seconds, observers and restarted nodes too, and told why")
  func revokes() throws {
    let network = try network(seed: 302, 22)
    network.run(for: .seconds(30)) { network in
      network.live.allSatisfy { network.council($0)?.roster.members.count == 20 }
    }
    let voters = network.voters
    let subject = try #require(network.live.last { !voters.contains($0) })
    let victim = network.nodes[subject].id
    let motion = try #require(network.propose(.revoke, victim, at: voters[0]))
    #expect(!network.isDecided(motion, at: voters[0]), "one vote is too few")
    network.vote(motion, yes: true, at: Array(voters.dropFirst()))
    let others = network.live.filter { $0 != subject }
    let cutOff = network.run(for: .seconds(3)) { network in
      others.allSatisfy { network.hasCutOff(victim, at: $0) }
    }
    #expect(cutOff, "\(others.filter { !network.hasCutOff(victim, at: $0) })")
    #expect(network.council(subject)?.council?.revoked[victim] == motion, "it knows why")
    #expect(network.council(subject)?.council?[motion]?.motion.reason == "because")
    // Its datagrams and streams change nothing, whatever it tries.
    network.run(for: .seconds(20))
    for index in others {
      #expect(network.hasCutOff(victim, at: index))
      #expect(network.nodes[index].engine.overlay.member(victim)?.state == .left)
    }
    #expect(others.contains { (network.nodes[$0].engine.overlay.counters[.revoked] ?? 0) > 0 })
    // What was decided is in force before the first packet.
    let observer = try #require(others.last { network.council($0)?.roster[network.nodes[$0].id] == nil })
    network.crash(observer)
    try network.boot(observer)
    #expect(network.nodes[observer].engine.overlay.revoked == [victim])
    network.run(for: .seconds(20))
    #expect(network.hasCutOff(victim, at: observer))
    #expect(network.nodes[observer].engine.overlay.member(victim)?.state == .left)
  }

  @Test("A founder can be revoked, gives up its vote, and is let in again by vote")
  func founder() throws {
    let network = try network(seed: 303, 6)
    let victim = network.nodes[0].id
    let motion = try #require(network.propose(.revoke, victim, at: 1))
    network.vote(motion, yes: true, at: [2, 3, 4, 5])
    let gone = network.run(for: .seconds(40)) { network in
      (1...5).allSatisfy {
        network.hasCutOff(victim, at: $0) && network.council($0)?.configuration.hasVote(victim) == false
          && network.council($0)?.roster[victim] == nil
      }
    }
    #expect(gone, "\(network.story(1))")
    let again = try #require(network.propose(.admit, victim, at: 2))
    network.vote(again, yes: true, at: [1, 3, 4, 5])
    let back = network.run(for: .seconds(60)) { network in
      (1...5).allSatisfy { network.nodes[$0].engine.overlay.member(victim)?.state == .alive }
        && network.council(0)?.council?.revoked.isEmpty == true
    }
    #expect(back, "\(network.story(1))")
  }

  @Test("A node joins by a vote alone; who only claims so is refused and counted, and nothing of it is relayed")
  func admits() throws {
    let network = try network(seed: 304, 5)
    var plan = NodePlan.plain(5)
    plan.comesBy = 3
    let newcomer = try network.add(plan)
    let id = network.nodes[newcomer].id
    network.run(for: .seconds(10))
    for index in 0..<5 { #expect(network.nodes[index].engine.overlay.member(id) == nil, "no decision lets it in") }
    #expect((network.nodes[3].engine.overlay.counters[.notVotedIn] ?? 0) > 0)
    let motion = try #require(network.propose(.admit, id, at: 1))
    network.vote(motion, yes: true, at: [0, 2, 3])
    let joined = network.run(for: .seconds(15)) { network in
      (0..<5).allSatisfy { network.nodes[$0].engine.overlay.member(id)?.state == .alive }
    }
    #expect(joined, "\(network.story(newcomer))\n\(network.story(3))")
  }

  @Test("No proposal passes once too many say no, nobody votes twice, and who has no vote is told so")
  func refuses() throws {
    let network = try network(seed: 305, 9, voters: 7)
    let voters = network.voters
    let victim = network.nodes[voters[6]].id
    let motion = try #require(network.propose(.revoke, victim, at: voters[0]))
    let twice = network.command(.voteOnMotion(motion, yes: true, person: "ada"), at: voters[0])
    let own = network.command(.voteOnMotion(motion, yes: false, person: "ada"), at: voters[6])
    let stranger = try #require(network.live.first { !voters.contains($0) })
    let none = network.command(.voteOnMotion(motion, yes: true, person: "ada"), at: stranger)
    network.settle()
    #expect(network.refusal(twice, at: voters[0])?.kind == .conflict)
    #expect(network.refusal(own, at: voters[6])?.kind == .notPermitted)
    #expect(network.refusal(none, at: stranger)?.kind == .notPermitted)
    // More than it takes, at once: the last of them come when it is decided.
    network.vote(motion, yes: false, at: Array(voters[1...5]))
    network.run(for: .seconds(3))
    guard case .failed? = network.council(0)?.council?[motion]?.outcome else {
      Issue.record("\(String(describing: network.council(0)?.council?[motion]))")
      return
    }
    #expect(!network.hasCutOff(victim, at: 0))
    // What the contract refused keeps nothing else from its decision.
    let again = try #require(network.propose(.revoke, victim, at: voters[1]))
    network.vote(again, yes: true, at: [voters[0]] + voters[2...5])
    #expect(network.run(for: .seconds(5)) { $0.isDecided(again, at: 0) && $0.hasCutOff(victim, at: 0) })
  }

  @Test("A coordinator that passes over what is proposed of it is replaced")
  func hides() throws {
    let network = try network(seed: 308, 5)
    let before = try #require(network.council(0))
    let hider = try #require(network.host(of: before.coordinator))
    for index in network.live where index != hider {
      network.tamperFrames[index] = { to, bytes in
        to == hider && String(decoding: bytes, as: UTF8.self).contains(Motion.purpose.name) ? [] : [bytes]
      }
    }
    let others = network.live.filter { $0 != hider }
    network.command(.propose(.revoke, before.coordinator, person: "ada", reason: "because"), at: others[0])
    let known = network.run(for: .seconds(40)) { network in
      others.allSatisfy { network.council($0)?.council?.motions.isEmpty == false }
    }
    #expect(known, "\(network.story(others[0]))")
    let terms = try #require(network.council(others[0])).terms
    #expect(terms.map(\.cause) == before.terms.map(\.cause) + ["idle"], "\(terms)")
  }

  @Test("A network without votes has no such collaboration, and says so")
  func none() throws {
    let network = try SimulatedNetwork(seed: 306, plainNodes: 2)
    network.meet()
    network.run(for: .seconds(5))
    #expect(network.nodes[0].engine.books.isEmpty)
    let command = network.command(
      .propose(.revoke, network.nodes[1].id, person: "ada", reason: "because"), at: 0)
    network.settle()
    #expect(network.refusal(command, at: 0)?.kind == .notPermitted)
  }
}

extension SimulatedNetwork {
  /// The network's own collaboration as a node knows it decided.
  func council(_ index: Int) -> CollaborationState? { nodes[index].engine.books.values.first { $0.council != nil } }

  /// The nodes that have a vote, as the founder knows it.
  var voters: [Int] { council(0)?.configuration.voters.compactMap { host(of: $0.node) } ?? [] }

  func hasCutOff(_ node: NodeID, at index: Int) -> Bool {
    let overlay = nodes[index].engine.overlay
    return overlay.revoked.contains(node) && !overlay.linkedPeers.contains(node)
  }

  func isDecided(_ motion: StatementID, at index: Int) -> Bool {
    if case .holds? = council(index)?.council?[motion]?.outcome { true } else { false }
  }

  /// Proposes, and waits until all that are live know of it.
  func propose(_ act: MotionAct, _ node: NodeID, at index: Int) -> StatementID? {
    let command = command(.propose(act, node, person: "ada", reason: "because"), at: index)
    settle()
    guard case .success(.proposed(let motion))? = nodes[index].answers[command] else { return nil }
    run(for: .seconds(10)) { network in
      network.live.allSatisfy { network.nodes[$0].id == node || network.council($0)?.council?[motion] != nil }
    }
    return motion
  }

  func vote(_ motion: StatementID, yes: Bool, at indices: [Int]) {
    for index in indices { command(.voteOnMotion(motion, yes: yes, person: "bob"), at: index) }
  }
}
