import Consensus
import Ledger
import LedgerFixtures
import Model
import Sodium
import Testing

@Suite struct ReplicationTests {
  let seed = UInt64.random(in: .min ... .max)

  /// A world whose ledger is open and linked, with entry 1 written.
  func world(_ memberCount: Int = 4, linked: Bool = true) throws -> World {
    var world = try World(memberCount: memberCount, seed: seed)
    if linked { world.linkAll() }
    var effects: Replication.Effects = []
    _ = try world.nodes[0].replication.append(
      kind: "round.opened", body: world.ledger.openingBody(), to: world.ledger.collaboration, at: world.now,
      into: &effects)
    world.carryOut(effects, at: 0)
    return world
  }

  @Test func everyMemberEndsWithTheSameVerifiedLedger() throws {
    var world = try world()
    for _ in 0..<100 { try world.append() }
    world.settle()
    for index in world.nodes.indices {
      #expect(world.nodes[index].disk.entries == world.nodes[0].disk.entries, "seed \(seed)")
      #expect(world.nodes[index].disk.entries.count == 101)
      #expect(world.report(index).findings == [], "seed \(seed)")
    }
    for node in world.ledger.nodes {
      #expect(world.nodes[0].replication.heldNumber(of: world.ledger.collaboration, by: node.id) == 101)
    }
  }

  @Test func whatWaitsIsSignedAsOneBatch() throws {
    var world = try world()
    for _ in 0..<300 { try world.append() }
    world.settle()
    // The first signature covers entry 1 alone, the next what gathered meanwhile, up to the limit.
    #expect(world.nodes[1].disk.proposals.map { $0.numbers.count } == [1, 256, 44])
  }

  @Test func anAppendElsewhereThanAtTheCoordinatorIsRefused() throws {
    var world = try world()
    var effects: Replication.Effects = []
    #expect(throws: AppendError.notCoordinator(coordinator: world.ledger.coordinator.id)) {
      try world.nodes[1].replication.append(
        kind: "note", body: .null, to: world.ledger.collaboration, at: world.now, into: &effects)
    }
    #expect(throws: AppendError.self) {
      try world.nodes[0].replication.append(
        kind: "note", body: .null, to: CollaborationID(.zero), at: world.now, into: &effects)
    }
    #expect(effects.isEmpty)
  }

  @Test func nothingLeavesTheCoordinatorBeforeItIsDurable() throws {
    var world = try world()
    for _ in 0..<10 { try world.append() }
    // Signatures come back, but no write finishes.
    while !world.nodes[0].jobs.isEmpty { world.step(0, world.nodes[0].jobs.removeFirst()) }
    for other in 1..<4 {
      let sent = world.links[0][other] ?? []
      #expect(!sent.contains { if case .entries = $0 { true } else { false } })
    }
  }

  @Test func aParticipantAcknowledgesOnlyWhatIsDurable() throws {
    var world = try world(2)
    try world.append()
    while let head = world.links[1][0]?.first {
      world.links[1][0]?.removeFirst()
      world.step(0, .received(head, from: world.ledger.nodes[1].id))
    }
    while true {
      while !world.nodes[1].jobs.isEmpty { world.step(1, world.nodes[1].jobs.removeFirst()) }
      let toOne = world.links[0][1] ?? []
      let zero = !world.nodes[0].writes.isEmpty || !world.nodes[0].jobs.isEmpty
      guard zero || !toOne.isEmpty else { break }
      if let message = toOne.first {
        world.links[0][1]?.removeFirst()
        world.step(1, .received(message, from: world.ledger.nodes[0].id))
      } else if !world.nodes[0].jobs.isEmpty {
        world.step(0, world.nodes[0].jobs.removeFirst())
      } else {
        world.step(0, .durable(world.nodes[0].writes.removeFirst().token))
      }
    }
    #expect(!world.nodes[1].writes.isEmpty)
    let sent = world.links[1][0] ?? []
    #expect(!sent.contains { if case .acknowledgement = $0 { true } else { false } })
  }

  @Test func aMemberThatWasAwayCatchesUpWhenItsLinkOpens() throws {
    var world = try world(linked: false)
    world.link(0, 1)
    for _ in 0..<1_500 { try world.append() }
    world.settle()
    #expect(world.nodes[2].disk.entries.isEmpty)
    world.linkAll()
    world.settle()
    for index in 1..<4 { #expect(world.nodes[index].disk.entries.count == 1_501, "seed \(seed)") }
  }

  @Test func aMemberCatchesUpFromAnotherWhileTheCoordinatorIsAway() throws {
    var world = try world(linked: false)
    world.link(0, 1)
    for _ in 0..<700 { try world.append() }
    world.settle()
    world.unlink(0, 1)
    world.link(1, 2)
    world.settle()
    #expect(world.nodes[2].disk.entries.count == 701, "seed \(seed)")
    #expect(world.report(2).findings == [])
  }

  @Test func unsignedEntriesAreProposedAgainAfterARestart() throws {
    var world = try world(2, linked: false)
    try world.append()
    try world.append()
    // The entries reach the disk, the proposals do not.
    while let write = world.nodes[0].writes.first {
      world.nodes[0].writes.removeFirst()
      for case .entry(let entry) in write.changes { world.nodes[0].disk.entries.append(entry) }
    }
    world.crash(0)
    world.linkAll()
    world.settle()
    #expect(world.nodes[1].disk.entries == world.nodes[0].disk.entries)
    #expect(world.nodes[1].disk.entries.count == 3)
    #expect(world.report(0).findings == [])
  }

  @Test func crashesAndCutLinksAtAnyMomentLoseNothingDurableAndEndAlike() throws {
    // The first seed once found batches dropped by a participant that was sent too many messages.
    for round in [14_286_838_636_330_314_292] + (0..<50).map({ seed &+ $0 }) {
      var world = try World(memberCount: 4, seed: round)
      world.linkAll()
      for _ in 0..<600 {
        switch Int.random(in: 0..<40, using: &world.random) {
        case 0: world.crash(Int.random(in: 0..<4, using: &world.random))
        case 1:
          world.unlink(Int.random(in: 0..<4, using: &world.random), Int.random(in: 0..<4, using: &world.random))
        case 2...4: world.link(Int.random(in: 0..<4, using: &world.random), Int.random(in: 0..<4, using: &world.random))
        case 5...12:
          if world.nodes[0].replication.head(of: world.ledger.collaboration)?.number == 0 {
            var effects: Replication.Effects = []
            _ = try world.nodes[0].replication.append(
              kind: "round.opened", body: world.ledger.openingBody(), to: world.ledger.collaboration, at: world.now,
              into: &effects)
            world.carryOut(effects, at: 0)
          } else {
            try world.append()
          }
        default: _ = world.advance()
        }
      }
      let held = world.nodes.map(\.disk.entries)
      world.linkAll()
      world.settle()
      // What was asked for more often than once a second.
      world.now = world.now.advanced(by: .seconds(1))
      world.step(0, .tick)
      world.settle()
      let final = world.nodes[0].disk.entries
      for index in world.nodes.indices {
        #expect(world.nodes[index].disk.entries == final, "seed \(round), node \(index)")
        #expect(Array(final.prefix(held[index].count)) == held[index], "seed \(round), node \(index)")
        if !final.isEmpty { #expect(world.report(index).findings == [], "seed \(round)") }
      }
      let bad = world.facts.filter {
        switch $0 {
        case .conflict, .refused, .diverged, .memberLostState: true
        case .dropped(let reason, _): reason == .badSignature
        default: false
        }
      }
      #expect(bad.isEmpty, "seed \(round): \(bad.prefix(3))")
    }
  }

  @Test func whatTheContractForbidsIsNeitherStoredNorAcknowledged() throws {
    var world = try world(2)
    world.settle()
    world.refusedKinds = ["theft"]
    try world.append("theft")
    try world.append()
    world.settle()
    #expect(world.nodes[1].disk.entries.count == 1)
    #expect(world.facts.contains(.refused(world.ledger.collaboration, number: 2, reason: "theft")))
    #expect(world.nodes[0].replication.heldNumber(of: world.ledger.collaboration, by: world.ledger.nodes[1].id) == 1)
  }

  @Test func sameSeedSameRun() throws {
    func run() throws -> [Replication.Effect] {
      var world = try world()
      for _ in 0..<50 { try world.append() }
      world.settle()
      return world.facts
    }
    #expect(try run() == run())
  }

  // MARK: Members that ask for much

  @Test func whatWasSentIsSentAgainToOneMemberOnceASecond() throws {
    var world = try world()
    for _ in 0..<20 { try world.append() }
    world.settle()
    let (id, member) = (world.ledger.collaboration, world.ledger.nodes[1].id)
    func ask(_ world: inout World) {
      world.step(0, .received(.head(id, number: 0, hash: id.digest), from: member))
    }
    ask(&world)
    let once = world.links[0][1]?.count ?? 0
    #expect(once > 0)
    for _ in 0..<100 { ask(&world) }
    #expect(world.links[0][1]?.count == once)
    world.now = world.now.advanced(by: .seconds(1))
    world.step(0, .tick)
    #expect(world.links[0][1]?.count == once * 2)
    world.step(0, .tick)
    #expect(world.links[0][1]?.count == once * 2)
  }

  @Test func requestsAreServedToOneMemberInBounds() throws {
    var world = try world()
    try world.append()
    world.settle()
    let (id, member) = (world.ledger.collaboration, world.ledger.nodes[1].id)
    for _ in 0..<100 { world.step(0, .received(.request(id, from: 1, limit: 256), from: member)) }
    #expect(world.links[0][1]?.count == ReplicationLimits.requestsPerSecond)
    world.now = world.now.advanced(by: .seconds(1))
    world.step(0, .received(.request(id, from: 1, limit: 256), from: member))
    #expect(world.links[0][1]?.count == ReplicationLimits.requestsPerSecond + 1)
  }

  @Test func aDivergenceOfAMemberIsToldOnceOnItsLink() throws {
    var world = try world()
    world.settle()
    let (id, member) = (world.ledger.collaboration, world.ledger.nodes[1].id)
    world.facts = []
    for number in 1...50 { world.step(0, .received(.head(id, number: number, hash: .zero), from: member)) }
    #expect(world.facts == [.diverged(id, number: 1, member: member)])
    world.unlink(0, 1)
    world.link(0, 1)
    world.step(0, .received(.head(id, number: 7, hash: .zero), from: member))
    #expect(world.facts.contains(.diverged(id, number: 7, member: member)))
  }

  @Test func whoTellsOfMuchAndSendsNothingKeepsNobodyFromCatchingUp() throws {
    var world = try world(4, linked: false)
    let ids = world.ledger.nodes.map(\.id)
    let liar = ids[1] < ids[2] ? 1 : 2
    let honest = 3 - liar
    world.link(0, honest)
    for _ in 0..<10 { try world.append() }
    world.settle()
    world.link(3, liar)
    world.settle()
    world.link(3, honest)
    world.step(3, .received(.head(world.ledger.collaboration, number: 1_000, hash: .zero), from: ids[liar]))
    for _ in 0..<3 {
      world.settle()
      world.step(3, .tick)
    }
    world.settle()
    #expect(world.nodes[3].disk.entries.count == 11, "seed \(seed)")
  }
}
