import Engine
import Model
import Overlay
import Simulations
import Sodium
import Testing

/// Facts: who gets them, how often, and what is not taken for one.
@Suite struct FactTests {
  static let seed = UInt64.random(in: 0...UInt64.max)

  @Test func aFactReachesEverybodyOnce() throws {
    let network = try SimulatedNetwork.met(7, seed: Self.seed)
    let texts = (0..<7).map { "from \($0)" }
    for index in 0..<7 { network.broadcast(texts[index], from: index) }
    network.run(for: .seconds(25))
    for host in 0..<7 {
      let others = texts.filter { $0 != texts[host] }
      #expect(network.announcements(at: host).sorted() == others, "seed \(Self.seed)")
      #expect(network.log(host).facts.count == 6, "seed \(Self.seed)")
      #expect(network.factsOnDisk(of: host).count == 7)
    }
  }

  @Test func aNodeKnownOnlyThroughOthersGetsTheFact() throws {
    let network = try SimulatedNetwork.met(3, seed: Self.seed, after: .zero)
    network.cut(1, 2)
    network.run(for: .seconds(5))
    #expect(network.overlay(2).linkedPeers == [network.node(0)])
    network.broadcast("far", from: 1)
    network.run(for: .milliseconds(100))
    #expect(network.announcements(at: 2) == ["far"], "seed \(Self.seed)")
    #expect(network.log(2).facts.map(\.via) == [network.node(0)])
  }

  @Test func aLateJoinerGetsWhatIsStillValid() throws {
    let network = try SimulatedNetwork.met(2, seed: Self.seed, after: .seconds(2))
    network.broadcast("valid", from: 1)
    network.broadcast("over", from: 1, lifetimeMilliseconds: 1_000)
    network.run(for: .seconds(2))
    #expect(network.announcements(at: 0).sorted() == ["over", "valid"])
    let late = try network.grow()
    network.run(for: .seconds(3))
    #expect(network.announcements(at: late) == ["valid"], "seed \(Self.seed)")
  }

  @Test func manyFactsAreFetchedInBatches() throws {
    let network = try SimulatedNetwork.met(2, seed: Self.seed, after: .seconds(2))
    for number in 0..<300 { network.broadcast("\(number)", from: number % 2) }
    network.run(for: .seconds(2))
    let late = try network.grow()
    network.run(for: .seconds(5))
    #expect(Set(network.announcements(at: late)).count == 300, "seed \(Self.seed)")
    #expect(network.log(late).facts.count == 300, "seed \(Self.seed)")
  }

  @Test func aFactOfAnUnknownAuthorOrAnotherNetworkIsDropped() throws {
    let network = try SimulatedNetwork.met(2, seed: Self.seed, after: .seconds(2))
    var random = Random.seeded(3)
    let unknown = try network.invited(lasting: 1_000, &random)
    network.push(try unknown.sign(network.note("who?")), to: 0, from: 1)
    #expect(network.count(.unknownAuthor, at: 0) == 1)
    let other = try LocalIdentity.founding(
      name: "other", seeds: NodeSeeds(random: &random), createdMilliseconds: 0, nonce: random.digest())
    network.push(try other.sign(network.note("who?")), to: 0, from: 1)
    #expect(network.count(.otherNetwork, at: 0) == 1)
    network.run(for: .milliseconds(50))
    #expect(network.log(0).facts.isEmpty)
  }

  @Test func aReplayedFactCostsACounterOnly() throws {
    let network = try SimulatedNetwork.met(2, seed: Self.seed, after: .seconds(2))
    let fact = try network.nodes[1].identity.sign(network.note("again", lasting: 2_000))
    func deliver() {
      network.push(fact, to: 0, from: 1)
      network.run(for: .milliseconds(10))
    }
    func arrivals() -> [StatementID] { network.log(0).facts.map(\.id) }
    deliver()
    deliver()
    #expect(arrivals() == [fact.id])
    #expect(network.count(.duplicate, at: 0) == 1)
    #expect(network.factsOnDisk(of: 0).map(\.id) == [fact.id])
    network.run(for: .seconds(5))
    #expect(network.factsOnDisk(of: 0).isEmpty)
    deliver()
    #expect(arrivals() == [fact.id])
    // After a restart the expired fact is not taken either.
    try network.startAnew(0)
    network.run(for: .seconds(3))
    deliver()
    #expect(arrivals() == [fact.id])
    #expect(network.count(.expired, at: 0) == 1)
  }

  @Test func aFactIsDeliveredOnceAcrossARestart() throws {
    let network = try SimulatedNetwork.met(3, seed: Self.seed)
    network.broadcast("once", from: 1)
    network.run(for: .seconds(1))
    network.crash(0)
    network.crash(1)
    try network.boot(0)
    try network.boot(1)
    network.run(for: .seconds(15))
    #expect(network.announcements(at: 0) == ["once"])
    #expect(network.log(0).facts.count == 1)
    #expect(network.log(1).facts.isEmpty)
  }

  @Test func anAuthorsQuotaHolds() throws {
    var limits = OverlayLimits()
    limits.factsPerAuthorMinute = 5
    let network = try SimulatedNetwork.met(1, seed: Self.seed, limits: limits, after: .zero)
    try network.grow()
    network.run(for: .seconds(2))
    for number in 0..<9 { network.broadcast("\(number)", from: 1) }
    network.run(for: .seconds(1))
    #expect(network.announcements(at: 0).count == 5)
    #expect(network.count(.authorQuota, at: 0) == 4)
    for number in 0..<9 { network.broadcast("own \(number)", from: 0) }
    network.run(for: .seconds(1))
    #expect(Array(network.log(0).refusedBroadcasts.values) == Array(repeating: .authorQuota, count: 4))
    #expect(network.announcements(at: 1).count == 5)
  }

  @Test func oneAuthorFillsItsPartOfTheShelfAndNoOthers() throws {
    var limits = OverlayLimits()
    limits.factsPerAuthor = 5
    let network = try SimulatedNetwork.met(1, seed: Self.seed, limits: limits, after: .zero)
    for _ in 0..<2 { try network.grow() }
    network.run(for: .seconds(4))
    for number in 0..<9 { network.broadcast("\(number)", from: 1, lifetimeMilliseconds: 3_000) }
    network.run(for: .seconds(1))
    #expect(network.announcements(at: 0).count == 5)
    network.broadcast("another's", from: 2)
    network.run(for: .seconds(5))
    #expect(network.announcements(at: 0).last == "another's")
    network.broadcast("there is room again", from: 1)
    network.run(for: .seconds(1))
    #expect(network.announcements(at: 0).last == "there is room again")
  }

  @Test func whatOthersForgeInItsNameCostsAnAuthorNothing() throws {
    var limits = OverlayLimits()
    limits.factsPerAuthorMinute = 5
    let network = try SimulatedNetwork.met(1, seed: Self.seed, limits: limits, after: .zero)
    for _ in 0..<2 { try network.grow() }
    network.run(for: .seconds(4))
    for number in 0..<7 {
      network.push(try network.forged("\(number)", by: 2, signedBy: 1), to: 0, from: 1)
    }
    network.run(for: .milliseconds(10))
    #expect(network.count(.badSignature, at: 0) == 7)
    let texts = (0..<5).map { "real \($0)" }
    for text in texts { network.broadcast(text, from: 2) }
    network.run(for: .seconds(1))
    #expect(network.announcements(at: 0).sorted() == texts, "seed \(Self.seed)")
  }

  @Test func aFactThatWaitsForItsAuthorsRecordIsTakenWhicheverRecordIsVerifiedFirst() throws {
    for seed in 0..<16 as Range<UInt64> {
      let network = try SimulatedNetwork.met(2, seed: seed, after: .seconds(2))
      var random = Random.seeded(seed)
      let author = try network.invited(lasting: 60_000, &random)
      for incarnation in [2, 1] {
        let record = try network.record(of: author, at: "host-9:7000", incarnation: incarnation, &random)
        network.push(record, to: 0, from: 1)
      }
      let fact = try author.sign(network.note("waits"))
      network.push(fact, to: 0, from: 1)
      network.run(for: .milliseconds(10))
      #expect(network.log(0).facts.map(\.id) == [fact.id], "seed \(seed)")
    }
  }

  /// One core by itself, since the engine lets nobody announce such a thing.
  @Test func aFactSaysUntilWhenItIsValidAndNotForTooLong() throws {
    let now = SimulatedNetwork.start
    var random = Random.seeded(Self.seed)
    let identity = try LocalIdentity.founding(
      name: "test", seeds: NodeSeeds(random: &random), createdMilliseconds: now.wallMilliseconds,
      nonce: random.digest())
    var core = OverlayCore(identity: identity)
    func isRefused(_ fact: SignedStatement, for reason: DropReason) -> Bool {
      var effects: [OverlayEffect] = []
      core.step(.broadcast(fact), at: now, random: &random, into: &effects)
      return effects.contains { if case .refusedBroadcast(fact.id, reason) = $0 { true } else { false } }
    }
    func note(lastingHours hours: Int64) throws -> SignedStatement {
      try identity.sign(Note(expiresMilliseconds: now.wallMilliseconds + hours * 3_600_000, text: "\(hours)"))
    }
    #expect(isRefused(try identity.sign(Timeless(text: "for ever")), for: .noExpiry))
    #expect(isRefused(try note(lastingHours: 25), for: .expired))
    #expect(!isRefused(try note(lastingHours: 23), for: .expired))
  }
}
