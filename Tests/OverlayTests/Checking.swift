import Contract
import Coordination
import Engine
import Model
import Overlay
import Simulations
import Sodium
import Testing

// What these tests read of nodes' overlays, and what they have nodes say.
extension SimulatedNetwork {
  /// Plain nodes that have had some time to meet, and whose overlays are watched.
  static func met(
    _ count: Int, seed: UInt64, limits: OverlayLimits = OverlayLimits(), after duration: Duration = .seconds(4)
  ) throws -> SimulatedNetwork {
    let network = try watched(seed: seed)
    for _ in 0..<count { try network.grow(limits: limits) }
    network.run(for: duration)
    return network
  }

  static func watched(seed: UInt64) throws -> SimulatedNetwork {
    let network = try SimulatedNetwork(seed: seed, [])
    network.watchOverlays()
    network.hasFingerprint = false
    return network
  }

  /// Adds a plain node.
  @discardableResult
  func grow(limits: OverlayLimits = OverlayLimits()) throws -> Int {
    try add(.plain(nodes.count, overlayLimits: limits))
  }

  func overlay(_ index: Int) -> OverlayCore { nodes[index].engine.overlay }
  func log(_ index: Int) -> OverlayLog { nodes[index].overlayLog }
  func node(_ index: Int) -> NodeID { nodes[index].id }

  /// What a node's present record has.
  func incarnation(of index: Int) throws -> Int {
    try #require(overlay(index).ownMemberRecord).incarnation
  }

  /// What one node holds another for.
  func state(of subject: Int, at observer: Int) -> MemberState? { overlay(observer).member(node(subject))?.state }

  func sawFail(_ subject: Int, at observer: Int) -> Bool {
    log(observer).changes.contains(OverlayLog.Change(node(subject), .failed))
  }

  func count(_ reason: DropReason, at index: Int) -> Int { overlay(index).counters[reason] ?? 0 }

  /// The announcements that a node's people were told, in order.
  func announcements(at index: Int) -> [String] {
    nodes[index].notices.filter { $0.kind == "announcement" }.map { String($0.text.drop { $0 != ":" }.dropFirst(2)) }
  }

  /// The facts on a node's disk, without records.
  func factsOnDisk(of index: Int) -> [StoredFact] {
    nodes[index].disk.recovered.facts.filter { $0.signed.statement.purpose != MemberRecord.purpose }
  }

  /// The record of one node on another's disk.
  func recordOnDisk(of subject: Int, at index: Int) -> SignedStatement? {
    nodes[index].disk.recovered.facts.map(\.signed).first {
      $0.statement.purpose == MemberRecord.purpose && $0.statement.author == node(subject)
    }
  }

  /// Puts a record on a node's disk that its engine did not write.
  func store(_ record: SignedStatement, at index: Int) {
    nodes[index].disk.apply([.fact(StoredFact(record, expiresMilliseconds: nil))])
  }

  /// Kills a node and starts it again at once.
  func startAnew(_ index: Int) throws {
    crash(index)
    try boot(index)
  }

  // MARK: Saying

  /// A statement that is accepted as soon as it arrives.
  @discardableResult
  func send(from: Int, to: Int, within: Duration = .seconds(30)) throws -> StatementID {
    try say(ProgressReport.told(&random), from: from, to: to, in: nil, within: within)
  }

  /// A statement that is accepted once it is on the receiver's disk, and for which there may be no room.
  func call(from: Int) throws -> SignedStatement {
    let charter = Charter(
      founder: node(from), name: "called", network: nodes[from].identity.network, nonce: random.digest().hexadecimal)
    let call = Call(
      charter: charter, contract: .standard, kind: "batch", labels: [:], needs: .zero,
      replyByMilliseconds: now.wallMilliseconds + 60_000, trace: TraceID(.zero))
    return try nodes[from].identity.sign(call, collaboration: charter.id())
  }

  func note(_ text: String, lasting milliseconds: Int64 = 60_000) -> Note {
    Note(expiresMilliseconds: now.wallMilliseconds + milliseconds, text: text)
  }

  /// A fact in one node's name with another's signature.
  func forged(_ text: String, by author: Int, signedBy forger: Int) throws -> SignedStatement {
    SignedStatement(
      try nodes[author].identity.sign(note(text)).statement,
      signature: nodes[forger].identity.signingKey.sign([1]))
  }

  /// A fact comes to a host on its link to a peer.
  func push(_ fact: SignedStatement, to index: Int, from peer: Int) {
    guard let link = links(from: index, to: peer).first else {
      preconditionFailure("seed \(seed): no link from \(index) to \(peer)")
    }
    give(.overlay(.frame(link, RawTraffic.fact(fact, hops: 1))), to: index)
  }

  /// A record of a member that is no host of this world, or not the one that its host has.
  func record(
    of identity: LocalIdentity, at address: String, incarnation: Int, leaving: Bool = false, _ random: inout Random
  ) throws -> SignedStatement {
    try identity.memberRecord(
      name: "stranger", kind: "edge", addresses: [address],
      datagramKey: try AgreementKey(datagramSeed: random.bytes(32)), incarnation: incarnation,
      instance: random.digest(), startedMilliseconds: now.wallMilliseconds, leaving: leaving)
  }

  /// Whom the founder invites, and who is no host of this world.
  func invited(lasting milliseconds: Int64, _ random: inout Random) throws -> LocalIdentity {
    let invitation = try nodes[0].identity.invite(
      seeds: [], expiresMilliseconds: now.wallMilliseconds + milliseconds, keySeed: random.digest())
    return try LocalIdentity.joining(
      invitation, seeds: NodeSeeds(random: &random), nowMilliseconds: now.wallMilliseconds)
  }
}
