import Model
import Simulations
import Sodium

@testable import Overlay

/// One core by itself, with members it knows and streams to them: what it wants done is looked at, not done.
struct LoneCore {
  let identity: LocalIdentity
  private(set) var peers: [LocalIdentity] = []
  private(set) var records: [SignedStatement] = []
  private(set) var core: OverlayCore
  var now = SimulatedNetwork.start
  var random: Random

  /// - Parameter peerCount: members that were invited, each with a stream: peer 0 on link 1 and so on.
  init(peerCount: Int, seed: UInt64, limits: OverlayLimits = OverlayLimits()) throws {
    var random = Random.seeded(seed)
    let now = SimulatedNetwork.start
    let founder = try LocalIdentity.founding(
      name: "test", seeds: NodeSeeds(random: &random), createdMilliseconds: now.wallMilliseconds,
      nonce: random.digest())
    identity = founder
    core = OverlayCore(identity: founder, limits: limits)
    self.limits = limits
    let seed = random.bytes(32)
    self.random = random
    let own = try record(of: founder, datagramSeed: seed)
    tell(.start(OverlayStart(record: own, datagramSeed: seed, seeds: [])))
    try meet(peerCount)
  }

  /// So many more members come, each with a stream.
  mutating func meet(_ count: Int) throws {
    for index in peers.count..<peers.count + count {
      let peer = try invited()
      peers.append(peer)
      records.append(try record(of: peer, datagramSeed: self.random.bytes(32)))
      open(index)
    }
  }

  func link(_ index: Int) -> LinkID { LinkID(UInt64(index) + 1) }

  mutating func invitation() throws -> Invitation {
    try identity.invite(seeds: [], expiresMilliseconds: now.wallMilliseconds + 60_000, keySeed: random.digest())
  }

  /// Somebody with an invitation of its own.
  mutating func invited() throws -> LocalIdentity {
    return try LocalIdentity.joining(
      try invitation(), seeds: NodeSeeds(random: &random), nowMilliseconds: now.wallMilliseconds)
  }

  /// One node, by one invitation, with two working keys for one epoch.
  mutating func twoKeyed() throws -> [LocalIdentity] {
    let invitation = try invitation()
    let seeds = NodeSeeds(random: &random)
    return try [seeds.signing, random.bytes(32)].map { signing in
      try LocalIdentity.joining(
        invitation, seeds: seeds.signing(by: signing), nowMilliseconds: now.wallMilliseconds)
    }
  }

  /// A newer record each time, if no number is said.
  mutating func record(
    of identity: LocalIdentity, datagramSeed: [UInt8], incarnation number: Int? = nil
  ) throws -> SignedStatement {
    incarnation += 1
    let incarnation = number ?? incarnation
    return try identity.memberRecord(
      name: "peer", kind: "edge", addresses: ["host-\(incarnation):7000"],
      datagramKey: try AgreementKey(datagramSeed: datagramSeed), incarnation: incarnation, instance: random.digest(),
      startedMilliseconds: now.wallMilliseconds)
  }
  private var incarnation = 0
  private let limits: OverlayLimits
  private var timerAt: Duration?

  mutating func note(_ text: String, by peer: Int, lasting milliseconds: Int64 = 60_000) throws -> SignedStatement {
    try peers[peer].sign(Note(expiresMilliseconds: now.wallMilliseconds + milliseconds, text: text))
  }

  /// Forgets all, and begins with records from the disk.
  ///
  /// - Parameter seeds: peers that its invitation names.
  mutating func startAnew(knowing records: [SignedStatement], seeds: [Int] = []) throws {
    core = OverlayCore(identity: identity, limits: limits)
    let seed = random.bytes(32)
    let own = try record(of: identity, datagramSeed: seed)
    let seeds = seeds.map { Invitation.Seed(address: "host-\($0 + 2):7000", node: peers[$0].node) }
    tell(.start(OverlayStart(record: own, datagramSeed: seed, seeds: seeds, records: records)))
  }

  // MARK: Telling

  @discardableResult
  mutating func tell(_ input: OverlayInput) -> [OverlayEffect] {
    var effects: [OverlayEffect] = []
    core.step(input, at: now, random: &random, into: &effects)
    for case .setTimer(let wait) in effects { timerAt = now.uptime + wait }
    return effects
  }

  /// Lets time pass with each timer in its moment, and signs what is to be signed.
  @discardableResult
  mutating func run(for duration: Duration) -> [OverlayEffect] {
    let end = now.uptime + duration
    var all: [OverlayEffect] = []
    while let next = timerAt, next <= end {
      timerAt = nil
      pass(max(.zero, next - now.uptime))
      var effects = tell(.timer)
      for case .sign(let id, let statement) in effects {
        effects += tell(.signed(id, identity.signingKey.sign(statement.signedBytes)))
      }
      all += effects
    }
    pass(end - now.uptime)
    return all
  }

  /// A peer's stream opens once more.
  mutating func open(_ peer: Int) { tell(.linkOpened(link(peer), peer: records[peer], dialled: true)) }

  @discardableResult
  mutating func hear(_ frame: [UInt8], from peer: Int) -> [OverlayEffect] { tell(.frame(link(peer), frame)) }

  /// The same, with all checks made at once.
  @discardableResult
  mutating func hearAndCheck(_ frame: [UInt8], from peer: Int) -> [OverlayEffect] {
    let effects = hear(frame, from: peer)
    return effects + check(effects)
  }

  /// Makes the checks that it asked for.
  @discardableResult
  mutating func check(_ effects: [OverlayEffect]) -> [OverlayEffect] {
    effects.flatMap { effect -> [OverlayEffect] in
      guard case .verify(let verification) = effect else { return [] }
      return tell(.verified(verification.id, verification.finding()))
    }
  }

  mutating func pass(_ duration: Duration) {
    now.uptime += duration
    now.wallMilliseconds += duration.milliseconds
  }
}

extension [OverlayEffect] {
  /// The frames that go to a peer of a lone core.
  func frames(to peer: Int) -> [OverlayFrame] {
    compactMap { effect in
      guard case .transmit(LinkID(UInt64(peer) + 1), let bytes, _) = effect else { return nil }
      return try? OverlayFrame(bytes: bytes, idLimit: 10_000)
    }
  }

  /// What a peer of a lone core is asked for.
  func requests(to peer: Int) -> [StatementID] {
    frames(to: peer).flatMap { frame -> [StatementID] in
      guard case .factRequest(let ids) = frame else { return [] }
      return ids
    }
  }

  /// For each fact that goes to a peer of a lone core, whether it was fetched on its way.
  func detours(to peer: Int) -> [Bool] {
    frames(to: peer).compactMap { if case .fact(_, _, let detour) = $0 { detour } else { nil } }
  }
  func push(to peer: Int) -> Bool { !detours(to: peer).isEmpty }
  func prune(_ peer: Int) -> Bool { frames(to: peer).contains { if case .prune = $0 { true } else { false } } }
  func graft(_ peer: Int) -> Bool { frames(to: peer).contains { if case .graft = $0 { true } else { false } } }

  var checkCount: Int { count { if case .verify = $0 { true } else { false } } }
  var deliveredCount: Int { count { if case .deliverFact = $0 { true } else { false } } }
}

extension NodeSeeds {
  /// The same node with another signing key.
  func signing(by signing: [UInt8]) -> NodeSeeds {
    NodeSeeds(root: root, signing: signing, datagram: datagram, cosigning: cosigning)
  }
}
