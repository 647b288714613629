import FoundationEssentials
import Model
import Overlay
import Sodium
import SwiftProtobuf
import Testing
import Wire

@Suite struct FactTests {
  static let seed = UInt64.random(in: 0...UInt64.max)

  @Test func aFactReachesEverybodyOnce() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<7 { try world.add() }
    world.run(for: .seconds(4))
    for index in 0..<7 { try world.broadcast("from \(index)", from: index) }
    world.run(for: .seconds(25))
    for host in world.hosts {
      #expect(host.delivered.count == 6, "seed \(Self.seed)")
      #expect(Set(host.delivered).count == 6)
      #expect(host.facts.count == 7)
    }
  }

  @Test func aNodeKnownOnlyThroughOthersGetsTheFact() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<3 { try world.add() }
    world.cut(1, 2)
    world.run(for: .seconds(5))
    #expect(world.hosts[2].core.linkedPeers == [world.node(0)])
    let id = try world.broadcast("far", from: 1)
    world.run(for: .milliseconds(100))
    #expect(world.hosts[2].delivered == [id], "seed \(Self.seed)")
  }

  @Test func aLateJoinerGetsWhatIsStillValid() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<2 { try world.add() }
    world.run(for: .seconds(2))
    let valid = try world.broadcast("valid", from: 1)
    try world.broadcast("over", from: 1, lifetimeMilliseconds: 1_000)
    world.run(for: .seconds(2))
    let late = try world.add()
    world.run(for: .seconds(3))
    #expect(world.hosts[late].delivered == [valid], "seed \(Self.seed)")
  }

  @Test func manyFactsAreFetchedInBatches() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<2 { try world.add() }
    world.run(for: .seconds(2))
    for number in 0..<300 { try world.broadcast("\(number)", from: number % 2) }
    world.run(for: .seconds(2))
    let late = try world.add()
    world.run(for: .seconds(5))
    #expect(world.hosts[late].delivered.count == 300, "seed \(Self.seed)")
  }

  @Test func aForgedFactIsDroppedCountedAndPaidForByWhoRelaysIt() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<3 { try world.add() }
    world.run(for: .seconds(4))
    let link = try #require(world.ends.first { $0.value.host == 0 && $0.value.otherHost == 1 }?.key)
    for number in 0..<8 {
      let note = Note(expiresMilliseconds: world.now.wallMilliseconds + 60_000, text: "forged \(number)")
      let real = try world.hosts[2].identity.sign(note)
      let forged = SignedStatement(real.statement, signature: world.hosts[1].identity.signingKey.sign([1]))
      world.give(.frame(link, try Self.frame(forged)), to: 0)
    }
    world.run(for: .milliseconds(50))
    #expect(world.hosts[0].delivered.isEmpty)
    #expect(world.count(.badSignature, at: 0) == 8)
    #expect(world.hosts[2].delivered.isEmpty)
    #expect(world.hosts[0].core.linkedPeers == [world.node(2)])
  }

  @Test func aFactOfAnUnknownAuthorOrAnotherNetworkIsDropped() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<2 { try world.add() }
    world.run(for: .seconds(2))
    let link = try #require(world.ends.first { $0.value.host == 0 }?.key)
    var random = Random.seeded(3)
    let invitation = try world.hosts[0].identity.invite(
      seeds: [], expiresMilliseconds: world.now.wallMilliseconds + 1_000, keySeed: random.digest())
    let unknown = try LocalIdentity.joining(
      invitation, seeds: NodeSeeds(random: &random), nowMilliseconds: world.now.wallMilliseconds)
    let note = Note(expiresMilliseconds: world.now.wallMilliseconds + 1_000, text: "who?")
    world.give(.frame(link, try Self.frame(try unknown.sign(note))), to: 0)
    #expect(world.count(.unknownAuthor, at: 0) == 1)
    let other = try LocalIdentity.founding(
      name: "other", seeds: NodeSeeds(random: &random), createdMilliseconds: 0, nonce: random.digest())
    world.give(.frame(link, try Self.frame(try other.sign(note))), to: 0)
    #expect(world.count(.otherNetwork, at: 0) == 1)
  }

  @Test func aReplayedFactCostsACounterOnly() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<2 { try world.add() }
    world.run(for: .seconds(2))
    let note = Note(expiresMilliseconds: world.now.wallMilliseconds + 2_000, text: "again")
    let fact = try world.hosts[1].identity.sign(note)
    let frame = try Self.frame(fact)
    func deliver() throws {
      let link = try #require(world.ends.first { $0.value.host == 0 }?.key)
      world.give(.frame(link, frame), to: 0)
      world.run(for: .milliseconds(10))
    }
    try deliver()
    try deliver()
    #expect(world.hosts[0].delivered == [fact.id])
    #expect(world.count(.duplicate, at: 0) == 1)
    world.run(for: .seconds(5))
    #expect(world.hosts[0].facts.isEmpty)
    try deliver()
    #expect(world.hosts[0].delivered == [fact.id])
    // After a restart the expired fact is not taken either.
    world.kill(0)
    try world.restart(0)
    world.run(for: .seconds(3))
    try deliver()
    #expect(world.hosts[0].delivered == [fact.id])
    #expect(world.count(.expired, at: 0) == 1)
  }

  @Test func aFactIsDeliveredOnceAcrossARestart() throws {
    var world = World(seed: Self.seed)
    for _ in 0..<3 { try world.add() }
    world.run(for: .seconds(4))
    let id = try world.broadcast("once", from: 1)
    world.run(for: .seconds(1))
    world.kill(0)
    world.kill(1)
    try world.restart(0)
    try world.restart(1)
    world.run(for: .seconds(15))
    #expect(world.hosts[0].delivered == [id])
    #expect(world.hosts[1].delivered.isEmpty)
  }

  @Test func anAuthorsQuotaHolds() throws {
    var limits = OverlayLimits()
    limits.factsPerAuthorMinute = 5
    var world = World(seed: Self.seed)
    try world.add(limits: limits)
    try world.add()
    world.run(for: .seconds(2))
    for number in 0..<9 { try world.broadcast("\(number)", from: 1) }
    world.run(for: .seconds(1))
    #expect(world.hosts[0].delivered.count == 5)
    #expect(world.count(.authorQuota, at: 0) == 4)
    var refused = 0
    for number in 0..<9 {
      let id = try world.broadcast("own \(number)", from: 0)
      if world.hosts[0].refused[id] == .authorQuota { refused += 1 }
    }
    #expect(refused == 4)
  }

  @Test func oneAuthorFillsItsPartOfTheShelfAndNoOthers() throws {
    var limits = OverlayLimits()
    limits.factsPerAuthor = 5
    var world = World(seed: Self.seed)
    try world.add(limits: limits)
    for _ in 0..<2 { try world.add() }
    world.run(for: .seconds(4))
    for number in 0..<9 { try world.broadcast("\(number)", from: 1, lifetimeMilliseconds: 3_000) }
    world.run(for: .seconds(1))
    #expect(world.hosts[0].delivered.count == 5)
    let other = try world.broadcast("another's", from: 2)
    world.run(for: .seconds(5))
    #expect(world.hosts[0].delivered.last == other)
    let later = try world.broadcast("there is room again", from: 1)
    world.run(for: .seconds(1))
    #expect(world.hosts[0].delivered.last == later)
  }

  @Test func whatOthersForgeInItsNameCostsAnAuthorNothing() throws {
    var limits = OverlayLimits()
    limits.factsPerAuthorMinute = 5
    var world = World(seed: Self.seed)
    try world.add(limits: limits)
    for _ in 0..<2 { try world.add() }
    world.run(for: .seconds(4))
    let link = try #require(world.ends.first { $0.value.host == 0 && $0.value.otherHost == 1 }?.key)
    for number in 0..<7 {
      let note = Note(expiresMilliseconds: world.now.wallMilliseconds + 60_000, text: "forged \(number)")
      let real = try world.hosts[2].identity.sign(note)
      let forged = SignedStatement(real.statement, signature: world.hosts[1].identity.signingKey.sign([1]))
      world.give(.frame(link, try Self.frame(forged)), to: 0)
      world.run(for: .milliseconds(10))
    }
    #expect(world.count(.badSignature, at: 0) == 7)
    let ids = try (0..<5).map { try world.broadcast("real \($0)", from: 2) }
    world.run(for: .seconds(1))
    #expect(Set(world.hosts[0].delivered) == Set(ids), "seed \(Self.seed)")
  }

  @Test func aFactThatWaitsForItsAuthorsRecordIsTakenWhicheverRecordIsVerifiedFirst() throws {
    for seed in 0..<16 as Range<UInt64> {
      var world = World(seed: seed)
      for _ in 0..<2 { try world.add() }
      world.run(for: .seconds(2))
      var random = Random.seeded(seed)
      let invitation = try world.hosts[0].identity.invite(
        seeds: [], expiresMilliseconds: world.now.wallMilliseconds + 60_000, keySeed: random.digest())
      let author = try LocalIdentity.joining(
        invitation, seeds: NodeSeeds(random: &random), nowMilliseconds: world.now.wallMilliseconds)
      let link = try #require(world.ends.first { $0.value.host == 0 }?.key)
      for incarnation in [2, 1] {
        let record = try World.record(
          of: author, index: 9, incarnation: incarnation, now: world.now,
          process: World.Process(random: &random))
        world.give(.frame(link, try Self.frame(record)), to: 0)
      }
      let fact = try author.sign(Note(expiresMilliseconds: world.now.wallMilliseconds + 60_000, text: "waits"))
      world.give(.frame(link, try Self.frame(fact)), to: 0)
      world.run(for: .milliseconds(5))
      #expect(world.hosts[0].delivered == [fact.id], "seed \(seed)")
    }
  }

  @Test func aFactSaysUntilWhenItIsValidAndNotForTooLong() throws {
    var world = World(seed: Self.seed)
    try world.add()
    let timeless = try world.hosts[0].identity.sign(Timeless(text: "for ever"))
    world.give(.broadcast(timeless), to: 0)
    #expect(world.hosts[0].refused[timeless.id] == .noExpiry)
    let long = try world.broadcast("too long", from: 0, lifetimeMilliseconds: 25 * 3_600_000)
    #expect(world.hosts[0].refused[long] == .expired)
  }

  static func frame(_ signed: SignedStatement) throws -> [UInt8] {
    try WireFrame.with {
      $0.fact.statement.statement = .init(signed.statement.bytes)
      $0.fact.statement.signature = .init(signed.signature.bytes)
    }.serializedBytes()
  }
}
