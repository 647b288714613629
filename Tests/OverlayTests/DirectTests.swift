import Model
import Overlay
import Testing

@Suite struct DirectTests {
  static let seed = UInt64.random(in: 0...UInt64.max)

  private func pair() throws -> World {
    var world = World(seed: Self.seed)
    for _ in 0..<2 { try world.add() }
    world.run(for: .seconds(2))
    return world
  }

  @Test func theOutcomeIsAlwaysKnown() throws {
    var world = try pair()
    let accepted = try world.send("yes", from: 0, to: 1)
    world.run(for: .seconds(1))
    world.hosts[1].answer = .refused(reason: "CAPACITY")
    let refused = try world.send("no", from: 0, to: 1)
    world.run(for: .seconds(1))
    world.hosts[1].answer = nil
    let expired = try world.send("silence", from: 0, to: 1, within: .seconds(6))
    world.run(for: .seconds(7))
    #expect(world.hosts[0].outcomes[accepted] == .accepted)
    #expect(world.hosts[0].outcomes[refused] == .refused(reason: "CAPACITY"))
    #expect(world.hosts[0].outcomes[expired] == .expired)
    #expect(world.hosts[1].directs.map(\.id) == [accepted, refused, expired])
  }

  @Test func whatThereWasNoRoomForIsTakenWhenItComesAgain() throws {
    var world = try pair()
    world.hosts[1].answer = .busy
    let note = try world.hosts[0].identity.sign(Note(expiresMilliseconds: 1, text: "later"))
    let (id, to) = (note.id, world.node(1))
    world.give(.send(note, to: to, within: .seconds(30)), to: 0)
    world.run(for: .seconds(1))
    #expect(world.hosts[0].outcomes[id] == .busy)
    world.hosts[1].answer = .accepted
    world.give(.send(note, to: to, within: .seconds(30)), to: 0)
    world.run(for: .seconds(1))
    #expect(world.hosts[0].outcomes[id] == .accepted)
    #expect(world.hosts[1].directs.map(\.id) == [id, id])
  }

  @Test func whatIsTooMuchForOnePeerIsWorthAnotherTry() throws {
    var limits = OverlayLimits()
    limits.directsPerPeer = 3
    var world = World(seed: Self.seed)
    for _ in 0..<2 { try world.add(limits: limits) }
    world.run(for: .seconds(2))
    let ids = try (0..<5).map { try world.send("\($0)", from: 0, to: 1) }
    #expect(ids.filter { world.hosts[0].outcomes[$0] == .busy } == Array(ids[3...]))
  }

  @Test func orderIsKeptWhenMoreIsSentThanMayBeUnderWay() throws {
    var world = try pair()
    var limits: [StatementID] = []
    for number in 0..<1_000 { limits.append(try world.send("\(number)", from: 0, to: 1)) }
    world.run(for: .seconds(3))
    #expect(world.hosts[1].directs.map(\.id) == limits, "seed \(Self.seed)")
    #expect(world.hosts[0].outcomes.count == 1_000)
  }

  @Test func aLostLinkLosesNothingAndDeliversNothingTwice() throws {
    var world = try pair()
    var random = Random.seeded(Self.seed)
    world.tamper = { _, _, frame in Int.random(in: 0..<3, using: &random) == 0 ? nil : frame }
    var ids: [StatementID] = []
    for number in 0..<40 {
      ids.append(try world.send("\(number)", from: 0, to: 1, within: .seconds(300)))
      if number % 10 == 9, let link = world.ends.keys.sorted().first(where: { world.ends[$0]?.host == 0 }),
        let end = world.ends[link]
      {
        world.ends[link] = nil
        world.ends[end.other] = nil
        world.give(.linkClosed(link, .broken("reset")), to: 0)
        world.give(.linkClosed(end.other, .broken("reset")), to: 1)
      }
      world.run(for: .milliseconds(400))
    }
    world.tamper = nil
    world.run(for: .seconds(30))
    #expect(ids.allSatisfy { world.hosts[0].outcomes[$0] == .accepted }, "seed \(Self.seed)")
    #expect(Set(world.hosts[1].directs.map(\.id)) == Set(ids))
    #expect(world.hosts[1].directs.count == ids.count, "seed \(Self.seed)")
  }

  @Test func anUnsettledStatementComesAgainToARestartedReceiver() throws {
    var world = try pair()
    world.hosts[1].answer = nil
    let id = try world.send("work", from: 0, to: 1, within: .seconds(60))
    world.run(for: .seconds(1))
    world.kill(1)
    world.hosts[1].answer = .accepted
    try world.restart(1)
    world.run(for: .seconds(10))
    #expect(world.hosts[0].outcomes[id] == .accepted)
    #expect(world.hosts[1].directs.map(\.id) == [id, id])
  }

  @Test func aStatementForAnAbsentMemberWaitsForItsReturnOrItsDeadline() throws {
    var world = try pair()
    world.kill(1)
    world.run(for: .seconds(5))
    let waits = try world.send("wait", from: 0, to: 1, within: .seconds(60))
    let expires = try world.send("brief", from: 0, to: 1, within: .seconds(2))
    world.run(for: .seconds(5))
    #expect(world.hosts[0].outcomes == [expires: .expired])
    try world.restart(1)
    world.run(for: .seconds(15))
    #expect(world.hosts[0].outcomes[waits] == .accepted)
  }

  @Test func whatCannotBeSentIsRefusedAtOnce() throws {
    var world = try pair()
    let toItself = try world.send("me", from: 0, to: 0)
    #expect(world.hosts[0].outcomes[toItself] != nil)
    let note = Note(expiresMilliseconds: 1, text: "x")
    let signed = try world.hosts[0].identity.sign(note)
    world.give(.send(signed, to: NodeID(Digest.zero), within: .seconds(1)), to: 0)
    #expect(world.hosts[0].outcomes[signed.id] != nil)
    let foreign = try world.hosts[1].identity.sign(note)
    world.give(.send(foreign, to: world.node(1), within: .seconds(1)), to: 0)
    #expect(world.hosts[0].outcomes[foreign.id] != nil)
  }

  @Test func aStatementOfSomebodyElseIsNotTakenFromAPeer() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<3 { try world.add() }
    world.run(for: .seconds(4))
    // Node 1 sends to node 0; on its way it is put on node 2's link.
    var caught: [UInt8]?
    world.tamper = { from, to, frame in
      guard from == 1, to == 0, frame.count > 200 else { return frame }
      caught = frame
      return nil
    }
    try world.send("for node 0", from: 1, to: 0)
    world.tamper = nil
    let link = try #require(world.ends.first { $0.value.host == 0 && $0.value.otherHost == 2 }?.key)
    world.give(.frame(link, try #require(caught)), to: 0)
    world.run(for: .milliseconds(20))
    #expect(world.count(.notTheAuthor, at: 0) == 1)
    #expect(world.hosts[0].directs.isEmpty)
  }

  @Test func messagesBetweenEnginesArriveAsTheyWere() throws {
    var world = try pair()
    var random = Random.seeded(Self.seed)
    let collaboration = CollaborationID(random.digest())
    let note = try world.hosts[0].identity.sign(Note(expiresMilliseconds: 1, text: "n"))
    let attempt = AttemptID(task: TaskID(random.digest()), subtask: 3, number: 1)
    let messages: [PeerMessage] = [
      .ledgerHead(.init(collaboration: collaboration, number: 0, hash: .zero)),
      .ledgerRequest(.init(collaboration: collaboration, from: 4, limit: 256)),
      .ledgerEntries(.init(collaboration: collaboration, entries: [[1, 2], []], proposals: [note])),
      .ledgerAcknowledgement(
        .init(collaboration: collaboration, number: 9, hash: random.digest(), statement: note)),
      .logRequest(.init(attempt: attempt, stream: .stderr, offset: 12, limit: 1_000)),
      .logChunk(.init(attempt: attempt, stream: .stdout, offset: 12, bytes: [7, 8], end: true)),
      .logChunk(.init(attempt: attempt, stream: .stdout, offset: 0, bytes: [], end: false, problem: "gone")),
    ]
    for message in messages { world.give(.sendMessage(message, to: world.node(1)), to: 0) }
    world.run(for: .seconds(1))
    #expect(world.hosts[1].messages == messages)
  }
}
