import Engine
import Model
import Simulations
import Testing

@testable import Overlay

/// Statements for one node: what becomes of them, and who is told.
@Suite struct DirectTests {
  static let seed = UInt64.random(in: 0...UInt64.max)

  private func pair(limits: OverlayLimits = OverlayLimits()) throws -> SimulatedNetwork {
    try .met(2, seed: Self.seed, limits: limits, after: .seconds(2))
  }

  @Test func theOutcomeIsAlwaysKnown() throws {
    let network = try pair()
    let accepted = try network.send(from: 0, to: 1)
    network.run(for: .seconds(1))
    let refused = try network.say(network.note("what is this?"), from: 0, to: 1, in: nil)
    network.run(for: .seconds(1))
    // What is not on the disk is not answered.
    network.diskDelay[1] = .seconds(60)
    let silence = try network.call(from: 0)
    network.tell(.send(silence, to: network.node(1), within: .seconds(6)), to: 0)
    network.run(for: .seconds(7))
    #expect(network.log(0).outcomes[accepted] == .accepted)
    #expect(network.log(0).outcomes[refused] == .refused(reason: "purpose note is not known here"))
    #expect(network.log(0).outcomes[silence.id] == .expired)
    #expect(network.log(1).directs == [accepted, refused, silence.id])
  }

  @Test func whatThereWasNoRoomForIsTakenWhenItComesAgain() throws {
    let network = try pair()
    // The engine is silent; the test answers in its place.
    network.diskDelay[1] = .seconds(60)
    let call = try network.call(from: 0)
    func send(answered answer: DirectAnswer) {
      network.tell(.send(call, to: network.node(1), within: .seconds(30)), to: 0)
      network.run(for: .seconds(1))
      network.tell(.settle(call.id, from: network.node(0), answer), to: 1)
      network.run(for: .seconds(1))
    }
    send(answered: .busy)
    #expect(network.log(0).outcomes[call.id] == .busy)
    send(answered: .accepted)
    #expect(network.log(0).outcomes[call.id] == .accepted)
    #expect(network.log(1).directs == [call.id, call.id])
    // What was accepted is answered from memory.
    let duplicates = network.count(.duplicate, at: 1)
    network.tell(.send(call, to: network.node(1), within: .seconds(30)), to: 0)
    network.run(for: .seconds(1))
    #expect(network.log(1).directs == [call.id, call.id])
    #expect(network.count(.duplicate, at: 1) > duplicates)
  }

  @Test("The answers to one peer's many statements push out its own, not the others'")
  func rememberedAnswers() {
    func id(_ number: Int) -> StatementID { StatementID(Digest(of: "\(number)".utf8)) }
    let (many, few) = (NodeID(Digest(of: [1])), NodeID(Digest(of: [2])))
    var incoming = IncomingDirects()
    for number in 0..<4 { incoming.remember(id(number), from: few, .accepted, limit: 10) }
    for number in 4..<100 { incoming.remember(id(number), from: many, .accepted, limit: 10) }
    incoming.remember(id(99), from: many, .busy, limit: 10)
    let kept = Array(0..<4) + Array(94..<100)
    #expect(Set(incoming.answers.keys) == Set(kept.map(id)))
    #expect(incoming.answers[id(99)]?.answer == .busy)
    for number in 100..<110 { incoming.remember(id(number), from: few, .accepted, limit: 10) }
    #expect(incoming.answers.values.count { $0.node == few } == 5, "each has as much, where both want more")
  }

  @Test func whatIsTooMuchForOnePeerIsWorthAnotherTry() throws {
    var limits = OverlayLimits()
    limits.directsPerPeer = 3
    let network = try pair(limits: limits)
    let ids = try (0..<5).map { _ in try network.send(from: 0, to: 1) }
    #expect(ids.filter { network.log(0).outcomes[$0] == .busy } == Array(ids[3...]))
  }

  @Test func orderIsKeptWhenMoreIsSentThanMayBeUnderWay() throws {
    let network = try pair()
    let ids = try (0..<1_000).map { _ in try network.send(from: 0, to: 1) }
    network.run(for: .seconds(3))
    #expect(network.log(1).directs == ids, "seed \(Self.seed)")
    #expect(network.log(0).outcomes.count == 1_000)
  }

  @Test func aLostLinkLosesNothingAndDeliversNothingTwice() throws {
    let network = try pair()
    var random = Random.seeded(Self.seed)
    for host in 0..<2 {
      network.tamperFrames[host] = { _, frame in Int.random(in: 0..<3, using: &random) == 0 ? [] : [frame] }
    }
    var ids: [StatementID] = []
    for number in 0..<40 {
      ids.append(try network.send(from: 0, to: 1, within: .seconds(300)))
      if number % 10 == 9 { network.breakLinks(between: 0, and: 1) }
      network.run(for: .milliseconds(400))
    }
    #expect(network.faultCounts[.linkBroken] > 0 && network.faultCounts[.frameAltered] > 0)
    for host in 0..<2 { network.behave(host) }
    network.run(for: .seconds(30))
    #expect(ids.allSatisfy { network.log(0).outcomes[$0] == .accepted }, "seed \(Self.seed)")
    #expect(Set(network.log(1).directs) == Set(ids))
    #expect(network.log(1).directs.count == ids.count, "seed \(Self.seed)")
  }

  @Test func anUnsettledStatementComesAgainToARestartedReceiver() throws {
    let network = try pair()
    network.diskDelay[1] = .seconds(60)
    let work = try network.call(from: 0)
    network.tell(.send(work, to: network.node(1), within: .seconds(60)), to: 0)
    network.run(for: .seconds(1))
    network.diskDelay[1] = nil
    try network.startAnew(1)
    network.run(for: .seconds(10))
    #expect(network.log(0).outcomes[work.id] == .accepted)
    #expect(network.log(1).directs == [work.id, work.id])
  }

  @Test func aStatementForAnAbsentMemberWaitsForItsReturnOrItsDeadline() throws {
    let network = try pair()
    network.crash(1)
    network.run(for: .seconds(5))
    let waits = try network.send(from: 0, to: 1, within: .seconds(60))
    let expires = try network.send(from: 0, to: 1, within: .seconds(2))
    network.run(for: .seconds(5))
    #expect(network.log(0).outcomes == [expires: .expired])
    try network.boot(1)
    network.run(for: .seconds(15))
    #expect(network.log(0).outcomes[waits] == .accepted)
  }

  @Test func whatCannotBeSentIsRefusedAtOnce() throws {
    let network = try pair()
    let toItself = try network.send(from: 0, to: 0)
    #expect(network.log(0).outcomes[toItself] == .refused(reason: "a node sends nothing to itself"))
    let signed = try network.nodes[0].identity.sign(network.note("x"))
    network.tell(.send(signed, to: NodeID(Digest.zero), within: .seconds(1)), to: 0)
    #expect(network.log(0).outcomes[signed.id] != nil)
    let foreign = try network.nodes[1].identity.sign(network.note("x"))
    network.tell(.send(foreign, to: network.node(1), within: .seconds(1)), to: 0)
    #expect(network.log(0).outcomes[foreign.id] == .refused(reason: "the statement is not this node's own"))
  }

  @Test func aStatementOfSomebodyElseIsNotTakenFromAPeer() throws {
    let network = try SimulatedNetwork.met(3, seed: Self.seed)
    // Node 1 sends to node 0; on its way it is put on node 2's link.
    var caught: [[UInt8]] = []
    network.tamperFrames[1] = { to, frame in
      if to == 0 { caught.append(frame) }
      return to == 0 ? [] : [frame]
    }
    try network.send(from: 1, to: 0)
    network.behave(1)
    let link = try #require(network.links(from: 0, to: 2).first)
    try #require(caught.count == 1)
    network.give(.overlay(.frame(link, caught[0])), to: 0)
    network.run(for: .milliseconds(20))
    #expect(network.count(.notTheAuthor, at: 0) == 1)
    #expect(network.log(0).directs.isEmpty)
  }

  @Test func messagesBetweenEnginesArriveAsTheyWere() throws {
    let network = try pair()
    let collaboration = CollaborationID(network.random.digest())
    let note = try network.nodes[0].identity.sign(network.note("n"))
    let attempt = AttemptID(task: TaskID(network.random.digest()), subtask: 3, number: 1)
    let messages: [PeerMessage] = [
      .consensus(
        .init(collaboration: collaboration, kind: "entries", statements: [note], entries: [[1, 2], []], document: [])),
      .consensus(
        .init(collaboration: collaboration, kind: "standing", statements: [], entries: [], document: [3, 4])),
      .logRequest(.init(attempt: attempt, stream: .stderr, offset: 12, limit: 1_000)),
      .logChunk(.init(attempt: attempt, stream: .stdout, offset: 12, bytes: [7, 8], end: true)),
      .logChunk(.init(attempt: attempt, stream: .stdout, offset: 0, bytes: [], end: false, problem: "gone")),
    ]
    for message in messages { network.send(message, from: 0, to: 1) }
    network.run(for: .seconds(1))
    // Those of one lane may overtake those of the other.
    #expect(network.log(1).messages.count == messages.count)
    for message in messages { #expect(network.log(1).messages.contains(message), "seed \(Self.seed)") }
  }
}
