import Model
import Sodium
import Testing

@testable import Overlay

/// Signatures that do not hold: who is at fault for them, and who is not.
@Suite struct ForgeryTests {
  static let seed = UInt64.random(in: 0...UInt64.max)

  private static func forged(_ text: String, by author: Int, _ lone: LoneCore) throws -> [UInt8] {
    var lone = lone
    let statement = try lone.note(text, by: author).statement
    return RawTraffic.fact(SignedStatement(statement, signature: lone.peers[1].signingKey.sign([1])), hops: 1)
  }

  @Test func whoForgesInManyNamesLosesItsStream() throws {
    var lone = try LoneCore(peerCount: 10, seed: Self.seed)
    var effects: [OverlayEffect] = []
    for author in 2..<9 { effects += lone.hearAndCheck(try Self.forged("\(author)", by: author, lone), from: 1) }
    #expect(!effects.closed.contains(lone.link(1)))
    effects += lone.hearAndCheck(try Self.forged("9", by: 9, lone), from: 1)
    #expect(effects.closed == [lone.link(1)], "seed \(Self.seed)")
    #expect(effects.notices.contains(.peerMisbehaved(lone.peers[1].node)))
    #expect(effects.deliveredCount == 0 && lone.core.counters[.badSignature] == 8)
  }

  @Test func aPeerThatComesAgainIsNoNewPeer() throws {
    var lone = try LoneCore(peerCount: 10, seed: Self.seed)
    var checks: [OverlayEffect] = []
    for author in 2..<7 { checks += lone.hear(try Self.forged("\(author)", by: author, lone), from: 1) }
    // The stream breaks before the checks are done.
    lone.tell(.linkClosed(lone.link(1), .broken("test")))
    let again = LinkID(100)
    lone.tell(.linkOpened(again, peer: lone.records[1], dialled: false))
    lone.check(checks)
    var effects: [OverlayEffect] = []
    for author in 7..<10 {
      effects += lone.check(lone.tell(.frame(again, try Self.forged("\(author)", by: author, lone))))
    }
    #expect(effects.closed == [again], "seed \(Self.seed)")
  }

  @Test func whatAForgerBringsOfTheSameAuthorIsNotCheckedForAWhileAndOthersAreAsked() throws {
    var lone = try LoneCore(peerCount: 4, seed: Self.seed)
    lone.hearAndCheck(try Self.forged("forged", by: 2, lone), from: 1)
    let fact = try lone.note("true", by: 2)
    let announcement: [UInt8] = OverlayFrame.factAnnouncement([fact.id], lazy: false, courtesy: false)
    lone.hear(announcement, from: 1)
    lone.hear(announcement, from: 3)
    let effects = lone.hear(RawTraffic.fact(fact, hops: 1), from: 1)
    #expect(effects.checkCount == 0 && effects.requests(to: 3) == [fact.id], "seed \(Self.seed)")
    #expect(lone.core.counters[.unchecked] == 1)
    // Another author's is.
    #expect(lone.hear(RawTraffic.fact(try lone.note("other", by: 0), hops: 1), from: 1).checkCount == 1)
    #expect(lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: 3).deliveredCount == 1)
    lone.run(for: lone.core.limits.expireInterval)
    let again = LinkID(100)
    lone.tell(.linkOpened(again, peer: lone.records[1], dialled: false))
    let later = RawTraffic.fact(try lone.note("later", by: 2), hops: 1)
    #expect(lone.tell(.frame(again, later)).checkCount == 1)
  }

  // MARK: Two working keys for one epoch

  /// The records of a member with two keys, that which stands before the other last; and who signs by each.
  private struct TwoKeyed {
    let keys: [LocalIdentity]
    let records: [SignedStatement]

    init(_ lone: inout LoneCore) throws {
      var both: [(key: LocalIdentity, record: SignedStatement)] = []
      for key in try lone.twoKeyed() {
        both.append((key, try lone.record(of: key, datagramSeed: lone.random.bytes(32), incarnation: 77)))
      }
      both.sort { $0.record.id < $1.record.id }
      keys = both.map(\.key)
      records = both.map(\.record)
    }

    var node: NodeID { keys[0].node }

    func fact(_ text: String, by key: Int, _ lone: LoneCore) throws -> SignedStatement {
      try keys[key].sign(Note(expiresMilliseconds: lone.now.wallMilliseconds + 60_000, text: text))
    }
  }

  @Test(arguments: [[0, 1], [1, 0]]) func ofTwoRecordsWithOneNumberAllKeepTheSame(order: [Int]) throws {
    var lone = try LoneCore(peerCount: 2, seed: Self.seed)
    let author = try TwoKeyed(&lone)
    for index in order { lone.hearAndCheck(RawTraffic.fact(author.records[index], hops: 1), from: index) }
    #expect(lone.core.table[author.node]?.checked.signed == author.records[1], "seed \(Self.seed)")
  }

  @Test(arguments: [[0, 1], [1, 0]]) func whoShowsTwoKeysForOneEpochIsNamedOnce(order: [Int]) throws {
    var lone = try LoneCore(peerCount: 2, seed: Self.seed)
    let author = try TwoKeyed(&lone)
    var effects: [OverlayEffect] = []
    for index in order + order {
      effects += lone.hearAndCheck(RawTraffic.fact(author.records[index], hops: 1), from: index)
    }
    #expect(effects.notices == [.memberHasTwoKeys(author.node)], "seed \(Self.seed)")
    #expect(lone.core.membersWithTwoKeys == [author.node])
    #expect(effects.checkCount == 2, "what is known needs no third check")
  }

  @Test func whoPassesOnWhatIsGoodForItLosesNoStreamHoweverManyShowTwoKeys() throws {
    var lone = try LoneCore(peerCount: 3, seed: Self.seed)
    var effects: [OverlayEffect] = []
    for number in 0..<12 {
      let author = try TwoKeyed(&lone)
      lone.hearAndCheck(RawTraffic.fact(author.records[1], hops: 1), from: 0)
      // Peer 1 has the other record, and it is on the way here.
      lone.hearAndCheck(RawTraffic.fact(author.records[0], hops: 1), from: 1)
      for fact in 0..<9 {
        let fact = try author.fact("\(number) \(fact)", by: 0, lone)
        effects += lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: 1)
      }
    }
    #expect(effects.closed.isEmpty && effects.deliveredCount == 0, "seed \(Self.seed)")
    #expect(effects.checkCount == 12, "one for each author until faults are forgotten")
  }

  @Test func oneWhoseTwoKeysAreNotKnownYetCannotCutANodeOff() throws {
    var lone = try LoneCore(peerCount: 3, seed: Self.seed)
    let author = try TwoKeyed(&lone)
    lone.hearAndCheck(RawTraffic.fact(author.records[1], hops: 1), from: 0)
    func facts(_ numbers: Range<Int>) throws -> [[UInt8]] {
      try numbers.map { RawTraffic.fact(try author.fact("\($0)", by: 0, lone), hops: 1) }
    }
    // Some are under check before the first is found not to hold.
    let first = try facts(0..<30).flatMap { lone.hear($0, from: 1) }
    #expect(first.checkCount == 30)
    let effects = lone.check(first) + (try facts(30..<60)).flatMap { lone.hear($0, from: 1) }
    #expect(effects.closed.isEmpty && effects.checkCount == 0, "seed \(Self.seed)")
  }

  @Test func whatTheOtherKeySignedIsNotFetchedOverAndOver() throws {
    var lone = try LoneCore(peerCount: 3, seed: Self.seed)
    let author = try TwoKeyed(&lone)
    for index in [0, 1] { lone.hearAndCheck(RawTraffic.fact(author.records[index], hops: 1), from: 0) }
    let fact = try author.fact("by the other", by: 0, lone)
    let announcement: [UInt8] = OverlayFrame.factAnnouncement([fact.id], lazy: false, courtesy: false)
    #expect(lone.hear(announcement, from: 1).requests(to: 1) == [fact.id])
    let effects = lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: 1)
    #expect(lone.core.counters[.badSignature] == 1)
    for peer in 0..<3 {
      #expect(effects.frames(to: peer).isEmpty, "seed \(Self.seed)")
      #expect(lone.hear(announcement, from: peer).requests(to: peer).isEmpty)
    }
  }

  @Test func whatTheNewKeyDoesNotCoverIsNotHandedOnAndNotDeliveredAgain() throws {
    var lone = try LoneCore(peerCount: 3, seed: Self.seed)
    let author = try TwoKeyed(&lone)
    lone.hearAndCheck(RawTraffic.fact(author.records[0], hops: 1), from: 0)
    let fact = try author.fact("by the first", by: 0, lone)
    #expect(lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: 0).deliveredCount == 1)
    let renewed = lone.hearAndCheck(RawTraffic.fact(author.records[1], hops: 1), from: 0)
    for gone in [fact.id, author.records[0].id] {
      #expect(renewed.contains { if case .forgetFact(gone) = $0 { true } else { false } }, "seed \(Self.seed)")
    }
    let answer = lone.hear(OverlayFrame.factRequest([fact.id]), from: 1).frames(to: 1)
    #expect(answer.count == 1)
    let isGone = answer.contains { if case .factsLeftOut([], gone: [fact.id]) = $0 { true } else { false } }
    #expect(isGone, "\(answer)")
    #expect(lone.hear(RawTraffic.fact(fact, hops: 1), from: 2).checkCount == 0)
  }

  @Test func aSecondKeyIsNotedEvenWhereItsRecordShowsAnotherGrant() throws {
    var lone = try LoneCore(peerCount: 2, seed: Self.seed)
    let seeds = NodeSeeds(random: &lone.random)
    let keys = try (0..<2).map { _ in
      let invitation = try lone.invitation()
      return try LocalIdentity.joining(
        invitation, seeds: seeds.signing(by: lone.random.bytes(32)), nowMilliseconds: lone.now.wallMilliseconds)
    }
    let records = try keys.map { try lone.record(of: $0, datagramSeed: lone.random.bytes(32)) }
    lone.hearAndCheck(RawTraffic.fact(records[0], hops: 1), from: 0)
    lone.hearAndCheck(RawTraffic.fact(records[1], hops: 1), from: 1)
    #expect(lone.core.table[keys[0].node]?.checked.signed == records[0], "it keeps its grant")
    #expect(lone.core.membersWithTwoKeys == [keys[0].node], "seed \(Self.seed)")
  }

  @Test func whatWasAlteredIsFetchedOfOthersThoughItsAuthorOnceHadTwoKeys() throws {
    var lone = try LoneCore(peerCount: 3, seed: Self.seed)
    let invitation = try lone.invitation()
    let seeds = NodeSeeds(random: &lone.random)
    func identity(epoch: Int, signing: [UInt8]) throws -> LocalIdentity {
      try LocalIdentity.joining(
        invitation, seeds: seeds.signing(by: signing), nowMilliseconds: lone.now.wallMilliseconds, epoch: epoch)
    }
    let epochs = try [
      identity(epoch: 1, signing: lone.random.bytes(32)), identity(epoch: 1, signing: lone.random.bytes(32)),
      identity(epoch: 2, signing: lone.random.bytes(32)),
    ]
    for key in epochs {
      let record = try lone.record(of: key, datagramSeed: lone.random.bytes(32))
      lone.hearAndCheck(RawTraffic.fact(record, hops: 1), from: 2)
    }
    #expect(lone.core.hadTwoKeys(epochs[2].node) && lone.core.membersWithTwoKeys.isEmpty, "seed \(Self.seed)")
    let fact = try epochs[2].sign(Note(expiresMilliseconds: lone.now.wallMilliseconds + 60_000, text: "mended"))
    let altered = SignedStatement(fact.statement, signature: lone.peers[0].signingKey.sign([1]))
    let first = lone.hear(RawTraffic.fact(altered, hops: 1), from: 0)
    lone.hear(RawTraffic.fact(fact, hops: 1), from: 1)
    #expect(lone.check(first).requests(to: 1) == [fact.id])
    #expect(lone.hearAndCheck(RawTraffic.fact(fact, hops: 1), from: 1).deliveredCount == 1)
  }

  @Test(arguments: [true, false]) func whatIsUnderCheckWhenItsAuthorsKeyChangesIsJudgedByTheNewOne(isNew: Bool) throws {
    var lone = try LoneCore(peerCount: 3, seed: Self.seed)
    let author = try TwoKeyed(&lone)
    lone.hearAndCheck(RawTraffic.fact(author.records[0], hops: 1), from: 0)
    let fact = try author.fact("in between", by: isNew ? 1 : 0, lone)
    let check = lone.hear(RawTraffic.fact(fact, hops: 1), from: 1)
    #expect(check.checkCount == 1)
    lone.hearAndCheck(RawTraffic.fact(author.records[1], hops: 1), from: 0)
    let again = lone.check(check)
    #expect(again.deliveredCount == 0 && again.checkCount == 1, "seed \(Self.seed)")
    #expect(lone.check(again).deliveredCount == (isNew ? 1 : 0))
  }

  @Test func whoForgesItsOwnSignaturesIsAtFaultHoweverManyKeysItHas() throws {
    var lone = try LoneCore(peerCount: 2, seed: Self.seed)
    var checks: [OverlayEffect] = []
    for number in 0..<8 { checks += lone.hear(try Self.forged("\(number)", by: 1, lone), from: 1) }
    #expect(lone.check(checks).closed == [lone.link(1)], "seed \(Self.seed)")
  }

  /// Peer 0 is accused by somebody with two keys, in words that only who knows the other one can check.
  @Test func rumoursByTheOtherKeyAreNobodysFault() throws {
    var lone = try LoneCore(peerCount: 3, seed: Self.seed)
    var effects: [OverlayEffect] = []
    for _ in 0..<12 {
      let author = try TwoKeyed(&lone)
      for index in [0, 1] { lone.hearAndCheck(RawTraffic.fact(author.records[index], hops: 1), from: 2) }
      let accusation = try RawTraffic.accusation(
        of: lone.peers[0].node, incarnation: 2, refutation: 0, by: author.keys[0],
        wallMilliseconds: lone.now.wallMilliseconds)
      for _ in 0..<3 { effects += lone.hearAndCheck(RawTraffic.gossip([accusation]), from: 1) }
    }
    #expect(lone.core.counters[.badSignature] == 12 && lone.core.counters[.unchecked] == 24, "seed \(Self.seed)")
    #expect(effects.closed.isEmpty)
  }

  private static func accusation(of accused: NodeID, incarnation: Int, by accuser: LocalIdentity, _ lone: LoneCore)
    throws -> [UInt8]
  {
    let accusation = try RawTraffic.accusation(
      of: accused, incarnation: incarnation, refutation: 0, by: accuser, wallMilliseconds: lone.now.wallMilliseconds)
    return RawTraffic.gossip([accusation])
  }

  @Test func whatAReplacedKeySaidOfOthersCountsNoMoreAndIsNotPassedOn() throws {
    var lone = try LoneCore(peerCount: 3, seed: Self.seed)
    let (author, accused) = (try TwoKeyed(&lone), lone.peers[0].node)
    func isAccused() -> Bool { lone.core.table[accused]?.accusations[author.node] != nil }
    lone.hearAndCheck(RawTraffic.fact(author.records[0], hops: 1), from: 1)
    lone.hearAndCheck(try Self.accusation(of: accused, incarnation: 2, by: author.keys[0], lone), from: 1)
    #expect(isAccused() && lone.core.gossip.count == 1, "seed \(Self.seed)")
    lone.hearAndCheck(RawTraffic.fact(author.records[1], hops: 1), from: 1)
    #expect(!isAccused() && lone.core.gossip.isEmpty)
    #expect(lone.core.probing.probe(of: accused) != nil, "somebody must look, or it is suspected for long")
    lone.hearAndCheck(try Self.accusation(of: accused, incarnation: 2, by: author.keys[1], lone), from: 1)
    #expect(isAccused(), "the new key says it again")
  }

  @Test func anAccusationUnderCheckWhenItsAuthorsKeyChangesDoesNotCount() throws {
    var lone = try LoneCore(peerCount: 3, seed: Self.seed)
    let (author, accused) = (try TwoKeyed(&lone), lone.peers[0].node)
    lone.hearAndCheck(RawTraffic.fact(author.records[0], hops: 1), from: 1)
    let check = lone.hear(try Self.accusation(of: accused, incarnation: 2, by: author.keys[0], lone), from: 1)
    #expect(check.checkCount == 1)
    lone.hearAndCheck(RawTraffic.fact(author.records[1], hops: 1), from: 1)
    lone.check(check)
    #expect(lone.core.table[accused]?.accusations.isEmpty == true, "seed \(Self.seed)")
    #expect(lone.core.rumoursUnderCheck.isEmpty)
  }

  @Test(arguments: [true, false])
  func whatWasHeardOfARecordIsHeardAgainOfTheOneThatReplacesItUnderTheSameNumber(isOtherKey: Bool) throws {
    var lone = try LoneCore(peerCount: 3, seed: Self.seed)
    var (node, records): (NodeID, [SignedStatement])
    if isOtherKey {
      let author = try TwoKeyed(&lone)
      (node, records) = (author.node, author.records)
    } else {
      let author = try lone.invited()
      node = author.node
      records = try (0..<2).map { _ in
        try lone.record(of: author, datagramSeed: lone.random.bytes(32), incarnation: 77)
      }
      records.sort { $0.id < $1.id }
    }
    for record in records {
      lone.hearAndCheck(RawTraffic.fact(record, hops: 1), from: 1)
      #expect(lone.core.table[node]?.accusations.isEmpty == true)
      lone.hearAndCheck(try Self.accusation(of: node, incarnation: 77, by: lone.peers[0], lone), from: 1)
      #expect(lone.core.table[node]?.accusations.count == 1, "seed \(Self.seed)")
    }
  }

  @Test func wordsOfAnEarlierEpochAreNobodysFault() throws {
    var lone = try LoneCore(peerCount: 2, seed: Self.seed)
    let invitation = try lone.invitation()
    let seeds = NodeSeeds(random: &lone.random)
    let epochs = try (1...2).map {
      try LocalIdentity.joining(invitation, seeds: seeds, nowMilliseconds: lone.now.wallMilliseconds, epoch: $0)
    }
    let record = try lone.record(of: epochs[1], datagramSeed: lone.random.bytes(32))
    lone.hearAndCheck(RawTraffic.fact(record, hops: 1), from: 0)
    var effects: [OverlayEffect] = []
    for age in 0..<12 as Range<Int64> {
      let accusation = try RawTraffic.accusation(
        of: lone.peers[0].node, incarnation: 2, refutation: 0, by: epochs[0],
        wallMilliseconds: lone.now.wallMilliseconds - age)
      effects += lone.hearAndCheck(RawTraffic.gossip([accusation]), from: 1)
    }
    #expect(lone.core.counters[.stale] == 12 && effects.closed.isEmpty, "seed \(Self.seed)")
  }
}

extension [OverlayEffect] {
  fileprivate var closed: [LinkID] {
    compactMap { if case .close(let link, _) = $0 { link } else { nil } }
  }

  fileprivate var notices: [OverlayNotice] {
    compactMap { if case .notice(let notice) = $0 { notice } else { nil } }
  }
}
