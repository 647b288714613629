import Model
import Sodium

@testable import Overlay

/// A node that founded a network and one that it let in, all from one seed, so that the signatures and boxes of the
/// corpus hold. The founder is told things; the joiner is who says them.
struct Cast: Sendable {
  /// Fixed keys of the right lengths cannot be refused.
  static let fixed: Cast = {
    do {
      return try Cast()
    } catch {
      preconditionFailure("no cast: \(error)")
    }
  }()

  static let now: Int64 = 1_800_000_000_000
  static let moment = Moment(uptime: .seconds(1_000), wallMilliseconds: now)
  static let link = LinkID(1)
  static let address = "host-1:7000"

  let founder: LocalIdentity
  let joiner: LocalIdentity
  let founderRecord: SignedStatement
  let joinerRecord: SignedStatement
  let invitation: Invitation
  /// Somebody's over something.
  let signature: Signature
  private let founderKey: [UInt8]
  /// What the two have in common.
  private let boxKey: BoxKey
  /// The founder's node, with a link to the joiner.
  private let core: OverlayCore

  private init() throws {
    var random = Random.seeded(3)
    founder = try LocalIdentity.founding(
      name: "test", seeds: NodeSeeds(random: &random), createdMilliseconds: Self.now, nonce: random.digest())
    invitation = try founder.invite(
      seeds: [Invitation.Seed(address: "host-0:7000", node: founder.node)],
      expiresMilliseconds: Self.now + 60_000, keySeed: random.digest())
    joiner = try LocalIdentity.joining(invitation, seeds: NodeSeeds(random: &random), nowMilliseconds: Self.now)
    let seeds = [random.bytes(32), random.bytes(32)]
    founderKey = try BoxKeyPair(seed: seeds[0]).publicKey
    boxKey = try BoxKeyPair(seed: seeds[1]).shared(with: founderKey)
    founderRecord = try Self.record(of: founder, "founder", "host-0:7000", seeds[0], &random)
    joinerRecord = try Self.record(of: joiner, "joiner", Self.address, seeds[1], &random)
    signature = joinerRecord.signature
    var core = OverlayCore(identity: founder, limits: OverlayLimits())
    var effects: [OverlayEffect] = []
    let inputs: [OverlayInput] = [
      .start(OverlayStart(record: founderRecord, datagramSeed: seeds[0], seeds: [], records: [joinerRecord])),
      .linkOpened(Self.link, peer: joinerRecord, dialled: false),
    ]
    for input in inputs { core.step(input, at: Self.moment, random: &random, into: &effects) }
    self.core = core
    try prepareHandshake(&random)
  }

  private static func record(
    of identity: LocalIdentity, _ name: String, _ address: String, _ datagramSeed: [UInt8], _ random: inout Random
  ) throws -> SignedStatement {
    try identity.memberRecord(
      name: name, kind: "edge", addresses: [address], datagramKey: AgreementKey(datagramSeed: datagramSeed),
      incarnation: 1, instance: random.digest(), startedMilliseconds: now)
  }

  // MARK: The founder's node

  /// Tells a fresh copy of the founder's node, which forgets it again. What it wants checked is found to hold as far
  /// as it is well formed, whoever signed it: what a member with a key could bring about is reached too.
  @discardableResult
  func tell(_ input: OverlayInput) -> [OverlayEffect] {
    var core = core
    var random = Random.seeded(1)
    var effects: [OverlayEffect] = []
    core.step(input, at: Self.moment, random: &random, into: &effects)
    var index = 0
    while index < effects.count, index < Self.effectLimit {
      defer { index += 1 }
      guard case .verify(let verification) = effects[index] else { continue }
      core.step(
        .verified(verification.id, Self.trusting(verification)), at: Self.moment, random: &random, into: &effects)
    }
    return effects
  }

  private static let effectLimit = 1_000

  private static func trusting(_ verification: Verification) -> Verification.Finding {
    guard case .member(let signed, _, let network) = verification.subject else { return .holds }
    guard let member = try? CheckedMember(trusting: signed, network: network),
      (try? member.record.checkLimits()) != nil,
      signed.statement.author == member.node, signed.statement.epoch == member.certificate.epoch
    else { return .refused }
    return .member(member)
  }

  /// A packet as the joiner sends it to the founder.
  func sealed(_ packet: [UInt8]) -> [UInt8] {
    SealedDatagram.sealed(packet, by: joiner.node, keyNumber: 1, for: founderKey, counter: 1, with: boxKey)
  }

  /// Whether the founder can open what the joiner is to have sent.
  func opens(_ datagram: SealedDatagram) -> Bool {
    (try? datagram.opened(by: joiner.node, with: boxKey)) != nil
  }

  // MARK: Handshakes

  /// The founder, before anybody spoke.
  private(set) var listener: Handshake?
  /// The joiner, who has said hello.
  private(set) var dialler: Handshake?
  /// The joiner's first message.
  private(set) var hello: [UInt8] = []
  /// An answer to it.
  private(set) var answer: [UInt8] = []
  /// The founder, who waits for an introduction.
  private(set) var answeredListener: Handshake?
  private var introducer: SecretStreamSender?

  private mutating func prepareHandshake(_ random: inout Random) throws {
    let seeds = [random.bytes(32), random.bytes(32)]
    let (dialler, hello) = try Handshake.dial(
      expecting: founder.node, purpose: .control, identity: joiner, record: joinerRecord, ephemeralSeed: seeds[0])
    var listener = try Handshake.listen(identity: founder, record: founderRecord, ephemeralSeed: seeds[1])
    (self.dialler, self.hello, self.listener) = (dialler, hello, listener)
    guard case .reply(let answer)? = progress(of: &listener, with: hello) else { return }
    (self.answer, answeredListener) = (answer, listener)
    let keys = try dialler.exchange.dialled(by: listener.exchange.publicKey)
    introducer = try SecretStreamSender(key: keys.send)
  }

  func progress(of handshake: inout Handshake, with message: [UInt8]) -> Handshake.Progress? {
    try? handshake.receive(message, nowMilliseconds: Self.now, isMember: { _ in false })
  }

  /// An introduction as the third message carries it.
  func thirdMessage(_ introduction: [UInt8]) -> [UInt8]? {
    guard var sender = introducer else { return nil }
    return sender.header + sender.seal(introduction)
  }
}
