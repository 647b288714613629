import Model
import Overlay
import Sodium
import Testing

@Suite struct HandshakeTests {
  static let now: Int64 = 1_800_000_000_000

  struct Party {
    let identity: LocalIdentity
    let record: SignedStatement
  }

  var random = Random.seeded(11)
  let founder: Party
  let joiner: Party

  init() throws {
    let identity = try LocalIdentity.founding(
      name: "north", seeds: NodeSeeds(random: &random), createdMilliseconds: Self.now, nonce: random.digest())
    founder = Party(identity: identity, record: try Self.record(identity, &random))
    joiner = try Self.join(identity, &random)
  }

  private static func record(_ identity: LocalIdentity, _ random: inout Random) throws -> SignedStatement {
    try identity.memberRecord(
      name: "n", kind: "edge", addresses: ["h:1"], datagramKey: try AgreementKey(datagramSeed: random.bytes(32)),
      incarnation: 1, instance: random.digest(),
      startedMilliseconds: now)
  }

  private static func join(_ founder: LocalIdentity, _ random: inout Random) throws -> Party {
    let invitation = try founder.invite(seeds: [], expiresMilliseconds: now + 1_000, keySeed: random.digest())
    let identity = try LocalIdentity.joining(
      invitation, seeds: NodeSeeds(random: &random), nowMilliseconds: now)
    return Party(identity: identity, record: try record(identity, &random))
  }

  struct Result {
    var dialler: Session?
    var listener: Session?
    var diallerError: HandshakeError?
    var listenerError: HandshakeError?
    var messages: [[UInt8]] = []
  }

  /// Runs both ends, with `tamper` between them.
  private mutating func run(
    _ dialler: Party, _ listener: Party, expecting: NodeID? = nil, purpose: StreamPurpose = .control,
    now: Int64 = HandshakeTests.now, members: Set<NodeID> = [],
    tamper: (Int, [UInt8]) -> [UInt8] = { $1 }, checked: (SignedStatement) -> CheckedMember? = { _ in nil }
  ) throws -> Result {
    var result = Result()
    var (dial, first) = try Handshake.dial(
      expecting: expecting ?? listener.identity.node, purpose: purpose, identity: dialler.identity,
      record: dialler.record, ephemeralSeed: random.bytes(32))
    var listen = try Handshake.listen(
      identity: listener.identity, record: listener.record, ephemeralSeed: random.bytes(32))
    var next: [UInt8]? = first
    var isListenersTurn = true
    while let message = next {
      let sent = tamper(result.messages.count, message)
      result.messages.append(message)
      next = nil
      do {
        let progress =
          isListenersTurn
          ? try listen.receive(sent, nowMilliseconds: now, isMember: { members.contains($0) }, checked: checked)
          : try dial.receive(sent, nowMilliseconds: now, isMember: { members.contains($0) }, checked: checked)
        switch progress {
        case .reply(let reply): next = reply
        case .finished(let session, let reply):
          if isListenersTurn { result.listener = session } else { result.dialler = session }
          next = reply
        case .refused(let error, let reply):
          if isListenersTurn { result.listenerError = error } else { result.diallerError = error }
          next = reply
        }
      } catch {
        if isListenersTurn { result.listenerError = error } else { result.diallerError = error }
      }
      isListenersTurn.toggle()
    }
    return result
  }

  @Test(arguments: [StreamPurpose.control, .objects])
  mutating func membersGetAnEncryptedStreamAndKnowEachOther(purpose: StreamPurpose) throws {
    let result = try run(joiner, founder, purpose: purpose)
    let near = try #require(result.dialler)
    let far = try #require(result.listener)
    #expect(near.peer.node == founder.identity.node)
    #expect(far.peer.node == joiner.identity.node)
    #expect(far.purpose == purpose)
    var (seal, open) = (near.halves.seal, far.halves.open)
    let sealed = seal.seal(Array("hello".utf8))
    #expect(try open.open(sealed) == Array("hello".utf8))
    // The same frame again, or one that was changed, opens no more.
    #expect(throws: HandshakeError.altered) { _ = try open.open(sealed) }
  }

  @Test mutating func whoDoesNotKnowTheNetworkLearnsNothing() throws {
    let other = try LocalIdentity.founding(
      name: "south", seeds: NodeSeeds(random: &random), createdMilliseconds: Self.now, nonce: random.digest())
    let stranger = Party(identity: other, record: try Self.record(other, &random))
    let result = try run(stranger, founder)
    #expect(result.listenerError == .otherNetwork)
    #expect(result.messages.count == 1)
  }

  @Test mutating func aStrangerWithoutAGrantIsNotAnswered() throws {
    // Somebody who learned the genesis, and says of itself that it founded the network.
    let genesis = founder.identity.genesis
    let forged = Genesis(
      name: genesis.name, founders: genesis.founders, createdMilliseconds: genesis.createdMilliseconds,
      nonce: genesis.nonce)
    #expect(forged == genesis)
    let thief = try Self.join(founder.identity, &random)
    let record = MemberRecord(
      name: "x", kind: "edge", addresses: [], certificate: thief.identity.certificate, admission: .founder,
      datagramKey: try AgreementKey(datagramSeed: random.bytes(32)), incarnation: 1, instance: random.digest(),
      startedMilliseconds: Self.now)
    let stranger = Party(identity: thief.identity, record: try thief.identity.sign(record))
    let result = try run(stranger, founder)
    guard case .refused(.notAdmitted(thief.identity.node, _)) = result.listenerError else {
      Issue.record("got \(String(describing: result.listenerError))")
      return
    }
    #expect(result.listenerError?.dropReason == .notAdmitted)
    #expect(result.messages.count == 3)
  }

  @Test mutating func anExpiredGrantLetsOnlyThoseInWhoWereMembersBefore() throws {
    let late = Self.now + 1_000
    let result = try run(joiner, founder, now: late)
    #expect(result.listenerError == .expiredGrant(joiner.identity.node, atMilliseconds: late))
    #expect(result.messages.count == 3)
    let again = try run(joiner, founder, now: late, members: [joiner.identity.node])
    #expect(again.listener != nil)
  }

  @Test mutating func aRecordOfSomebodyElseNeedsThatOnesKey() throws {
    let victim = try Self.join(founder.identity, &random)
    let impostor = Party(identity: joiner.identity, record: victim.record)
    let result = try run(impostor, founder)
    #expect(result.listenerError == .badProof(victim.identity.node))
    #expect(result.listener == nil)
  }

  @Test mutating func whatWasCheckedIsNotCheckedAgainExceptThatThePeerHoldsItsKey() throws {
    let known = try #require(try run(joiner, founder).listener?.peer)
    // Its signature does not hold: that it passes shows that nobody looked.
    let unsigned = SignedStatement(joiner.record.statement, signature: founder.record.signature)
    let other = Party(identity: joiner.identity, record: unsigned)
    #expect(try run(other, founder).listener == nil)
    let remembered = { (signed: SignedStatement) in signed == unsigned ? known : nil }
    #expect(try run(other, founder, checked: remembered).listener?.peer == known)
    let impostor = Party(identity: try Self.join(founder.identity, &random).identity, record: unsigned)
    #expect(try run(impostor, founder, checked: remembered).listenerError == .badProof(joiner.identity.node))
    let late = Self.now + 1_000
    #expect(
      try run(other, founder, now: late, checked: remembered).listenerError
        == .expiredGrant(joiner.identity.node, atMilliseconds: late))
  }

  @Test mutating func whoDialsLearnsWhenAnotherNodeAnswers() throws {
    let third = try Self.join(founder.identity, &random)
    let result = try run(joiner, founder, expecting: third.identity.node)
    let error = HandshakeError.wrongNode(expected: third.identity.node, got: founder.identity.node)
    #expect(result.diallerError == error)
    #expect(result.listenerError == error)
  }

  @Test mutating func itselfAndASecondProcessWithItsKeyAreToldApart() throws {
    #expect(try run(founder, founder).diallerError == .selfConnection)
    let second = Party(identity: founder.identity, record: try Self.record(founder.identity, &random))
    let result = try run(second, founder)
    #expect(result.diallerError == .sameKeyElsewhere)
    #expect(result.listenerError == .sameKeyElsewhere)
  }

  @Test mutating func noChangedBitPasses() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var choice = Random.seeded(seed)
    for round in 0..<300 {
      let which = round % 4
      var changedAt = 0
      let result = try run(joiner, founder) { number, message in
        guard number == which else { return message }
        var changed = message
        changedAt = Int.random(in: 0..<changed.count, using: &choice)
        changed[changedAt] ^= 1 << UInt8.random(in: 0..<8, using: &choice)
        return changed
      }
      // The purpose byte is covered by the hello's tag, everything else by a tag or by the encryption.
      let both = result.dialler != nil && result.listener != nil
      #expect(!both, "seed \(seed), message \(which), byte \(changedAt)")
      #expect(result.diallerError != nil || result.listenerError != nil, "seed \(seed)")
    }
  }

  @Test mutating func aReplayedIntroductionDoesNotOpen() throws {
    let old = try run(joiner, founder).messages
    let result = try run(joiner, founder) { number, message in number == 2 ? old[2] : message }
    #expect(result.listenerError == .altered)
    let hello = try run(joiner, founder) { number, message in number == 0 ? old[0] : message }
    #expect(hello.listener == nil)
  }

  @Test func garbageAndOversizeAreErrorsAtEveryStep() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var choice = Random.seeded(seed)
    for _ in 0..<500 {
      var listen = try Handshake.listen(
        identity: founder.identity, record: founder.record, ephemeralSeed: choice.bytes(32))
      var message = choice.bytes(Int.random(in: 0...200, using: &choice))
      if Bool.random(using: &choice) { message = Array("JCS1".utf8) + message }
      #expect(throws: HandshakeError.self, "seed \(seed)") {
        _ = try listen.receive(message, nowMilliseconds: Self.now, isMember: { _ in true })
      }
    }
    var listen = try Handshake.listen(
      identity: founder.identity, record: founder.record, ephemeralSeed: choice.bytes(32))
    let size = Handshake.messageByteLimit + 1
    #expect(throws: HandshakeError.tooLarge(byteCount: size, limit: Handshake.messageByteLimit)) {
      _ = try listen.receive([UInt8](repeating: 0, count: size), nowMilliseconds: Self.now, isMember: { _ in true })
    }
  }
}
