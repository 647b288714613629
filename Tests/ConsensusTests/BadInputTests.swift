import Consensus
import Ledger
import LedgerFixtures
import Model
import Sodium
import Testing

/// What a participant makes of messages that an honest coordinator would not send.
@Suite struct BadInputTests {
  var world: World
  let good: FixtureLedger

  init() throws {
    world = try World(memberCount: 3, seed: 1)
    world.linkAll()
    good = try FixtureLedger(count: 6, batch: 3)
  }

  mutating func deliver(
    _ entries: [Entry], _ proposals: [SignedStatement], to index: Int = 1, from: NodeID? = nil
  ) {
    let message = ReplicationMessage.entries(
      good.collaboration, entries: entries.map(\.bytes), proposals: proposals)
    world.facts = []
    world.step(index, .received(message, from: from ?? good.coordinator.id))
    world.settle()
  }

  var drops: [ReplicationDrop] {
    world.facts.compactMap { if case .dropped(let reason, _) = $0 { reason } else { nil } }
  }

  var held: Int { world.nodes[1].disk.entries.count }

  @Test mutating func aGoodBatchIsTakenFromAnyMember() throws {
    deliver(Array(good.entries[0..<3]), [good.proposals[0].signed], from: good.nodes[2].id)
    #expect(held == 3)
  }

  @Test mutating func aStrangerIsNoMember() throws {
    deliver(Array(good.entries[0..<3]), [good.proposals[0].signed], from: try FixtureNode(77).id)
    #expect(drops == [.notMember])
  }

  @Test mutating func aForgedSignatureIsDroppedAndTheGoodOneTaken() throws {
    let statement = good.proposals[0].signed.statement
    let forged = SignedStatement(statement, signature: try FixtureNode(9).signing.sign(statement.signedBytes))
    deliver(Array(good.entries[0..<3]), [forged])
    #expect(drops == [.badSignature])
    #expect(held == 0)
    deliver(Array(good.entries[0..<3]), [good.proposals[0].signed])
    #expect(held == 3)
  }

  @Test mutating func entriesThatNoProposalCoversAreDropped() {
    deliver(Array(good.entries[0..<4]), [good.proposals[0].signed])
    #expect(drops == [.uncovered])
    deliver(Array(good.entries[0..<3]), [])
    #expect(drops == [.uncovered])
    deliver([], [good.proposals[0].signed])
    #expect(drops == [.tooLarge])
  }

  @Test mutating func entriesThatTheSignedHeadDoesNotNameAreDropped() throws {
    let old = good.entries[2]
    let forged = try Entry(
      LedgerRecord(number: 3, term: 1, timeMilliseconds: 0, kind: "note.added", body: .string("forged")),
      collaboration: old.collaboration, configuration: old.configuration, previous: old.previous)
    deliver([good.entries[0], good.entries[1], forged], [good.proposals[0].signed])
    #expect(drops == [.uncovered])
    #expect(held == 0)
  }

  @Test mutating func aGapIsNamed() {
    deliver(Array(good.entries[3..<6]), [good.proposals[1].signed])
    #expect(drops == [.gap(expected: 1, found: 4)])
  }

  @Test mutating func entriesThatDoNotLinkAreDropped() {
    deliver([good.entries[0], good.entries[2], good.entries[1]], [good.proposals[0].signed])
    #expect(drops.count == 1)
    #expect(held == 0)
  }

  @Test mutating func aRepetitionIsADuplicate() {
    deliver(Array(good.entries[0..<3]), [good.proposals[0].signed])
    deliver(Array(good.entries[0..<3]), [good.proposals[0].signed])
    // The coordinator of this world proposed nothing itself, and drops the repeated acknowledgement.
    #expect(drops.first == .duplicate)
    #expect(held == 3)
  }

  @Test mutating func anotherMembersProposalIsOfTheWrongAuthor() throws {
    let signed = good.nodes[2].sign(try good.statement(good.proposals[0].proposal, by: good.nodes[2]))
    deliver(Array(good.entries[0..<3]), [signed])
    #expect(drops == [.wrongAuthor])
  }

  @Test mutating func anotherTermIsRefused() throws {
    let body = Proposal(
      term: 2, configuration: FixtureLedger.configuration, first: 1, last: 3, head: good.entries[2].hash)
    deliver(Array(good.entries[0..<3]), [good.coordinator.sign(try good.statement(body, by: good.coordinator))])
    #expect(drops == [.wrongTerm(expected: 1, found: 2)])
  }

  @Test mutating func anotherConfigurationIsRefusedThoughItsProposalAgrees() throws {
    var chain = Chain(good.collaboration)
    let entry = try chain.extend(
      kind: "round.opened", body: good.openingBody(), term: 1, timeMilliseconds: 1, configuration: .zero)
    let body = Proposal(term: 1, configuration: .zero, first: 1, last: 1, head: entry.hash)
    deliver([entry], [good.coordinator.sign(try good.statement(body, by: good.coordinator))])
    #expect(drops == [.wrongConfiguration])
    #expect(held == 0)
  }

  @Test mutating func twoEntriesForOnePlaceAreAConflictWithBothSignatures() throws {
    deliver(Array(good.entries[0..<3]), [good.proposals[0].signed])
    var other = try FixtureLedger()
    try other.open()
    for _ in 0..<2 { try other.append(body: .string("another story")) }
    try other.propose()
    deliver(other.entries, other.proposals.map(\.signed))
    let conflicts = world.facts.compactMap { if case .conflict(let conflict) = $0 { conflict } else { nil } }
    #expect(conflicts.map(\.number) == [2])
    #expect(conflicts.first?.held == good.proposals[0])
    #expect(conflicts.first?.other == other.proposals[0])
    #expect(world.nodes[1].disk.entries == Array(good.entries[0..<3]))
  }

  @Test mutating func aContinuationOfAnotherStoryIsADivergence() throws {
    deliver(Array(good.entries[0..<3]), [good.proposals[0].signed])
    var other = try FixtureLedger()
    try other.open()
    for _ in 0..<2 { try other.append(body: .string("another story")) }
    try other.propose()
    try other.append()
    try other.propose()
    deliver([other.entries[3]], [other.proposals[1].signed])
    #expect(world.facts.contains(.diverged(good.collaboration, number: 3, member: good.coordinator.id)))
    #expect(held == 3)
  }

  @Test mutating func garbageIsAnErrorValue() {
    let seed = UInt64.random(in: .min ... .max)
    var random = Random.seeded(seed)
    for _ in 0..<500 {
      let message = ReplicationMessage.entries(
        good.collaboration, entries: [random.bytes(Int.random(in: 0...300, using: &random))],
        proposals: [good.proposals[0].signed])
      world.step(1, .received(message, from: good.coordinator.id))
    }
    world.step(1, .received(.request(good.collaboration, from: -4, limit: 0), from: good.coordinator.id))
    world.step(1, .received(.head(good.collaboration, number: -1, hash: .zero), from: good.coordinator.id))
    #expect(drops.count == 502, "seed \(seed)")
  }

  @Test mutating func anAcknowledgementOfWhatWasNeverProposedIsADivergence() throws {
    world.facts = []
    let known = try good.acknowledgement(of: 6, by: good.nodes[1])
    world.step(0, .received(.acknowledgement(known.signed), from: good.nodes[1].id))
    #expect(world.facts.contains(.diverged(good.collaboration, number: 6, member: good.nodes[1].id)))
    #expect(world.nodes[0].replication.heldNumber(of: good.collaboration, by: good.nodes[1].id) == 0)
  }

  @Test mutating func aCoordinatorThatHoldsLessThanItSignedIsADivergenceToldOnce() throws {
    world.settle()
    deliver(Array(good.entries[0..<3]), [good.proposals[0].signed])
    world.facts = []
    for _ in 0..<10 {
      let head = ReplicationMessage.head(good.collaboration, number: 1, hash: good.entries[0].hash)
      world.step(1, .received(head, from: good.coordinator.id))
    }
    let told = world.facts.filter { if case .diverged = $0 { true } else { false } }
    #expect(told == [.diverged(good.collaboration, number: 2, member: good.coordinator.id)])
    deliver(Array(good.entries[3..<6]), [good.proposals[1].signed])
    #expect(drops == [.halted])
    #expect(held == 3)
  }

  @Test mutating func tooManyBatchesAtOnceAreRefused() {
    for _ in 0..<40 {
      let message = ReplicationMessage.entries(
        good.collaboration, entries: good.entries[0..<3].map(\.bytes), proposals: [good.proposals[0].signed])
      world.step(1, .received(message, from: good.coordinator.id))
    }
    #expect(drops.contains(.overloaded) || drops.contains(.duplicate))
    world.settle()
    #expect(held == 3)
  }
}
