import DequeModule
public import Model

/// Membership, broadcast and direct delivery over encrypted links, as a core: no I/O, no clock, no randomness
/// of its own. A full mesh for up to about twenty nodes; what the engine sees does not depend on that.
public struct OverlayCore: Sendable {
  public let node: NodeID
  public let network: NetworkID
  let genesis: Genesis
  let limits: OverlayLimits

  /// How often something was dropped, by reason.
  public internal(set) var counters: [DropReason: Int] = [:]
  public internal(set) var traffic = OverlayTraffic()
  /// How far this node distrusts its own observations, from 0 (well) to 8: it was accused, or heard no answers
  /// (Lifeguard's local health).
  public internal(set) var localHealth = 0
  /// The uptime at which the timer fires.
  private var nextPulse = Duration.seconds(Int64.max / 2)

  var ownRecord: CheckedMember?
  var leaving = false
  var memberTable: [NodeID: Member] = [:]
  /// The statement ids of the records in `memberTable`.
  var recordIDs: Set<StatementID> = []
  var targets: [NodeID: DialTarget] = [:]
  var links: [LinkID: Link] = [:]
  var linkOfNode: [NodeID: LinkID] = [:]
  /// Misbehaved peers, and until when (uptime) no link to them is kept.
  var shunned: [NodeID: Duration] = [:]
  var facts = FactShelf()
  var outgoing: [NodeID: OutgoingDirects] = [:]
  var incoming = IncomingDirects()
  var verifications: [VerificationID: PendingVerification] = [:]
  var nextVerification: UInt64 = 1

  public init(identity: LocalIdentity, limits: OverlayLimits = OverlayLimits()) {
    node = identity.node
    network = identity.network
    genesis = identity.genesis
    self.limits = limits
  }

  /// Takes one input and appends what is to be done, in order.
  public mutating func step(
    _ input: OverlayInput, at now: Moment, random: inout Random, into effects: inout [OverlayEffect]
  ) {
    var turn = Turn(now: now, random: random)
    handle(input, &turn)
    random = turn.random
    effects.append(contentsOf: turn.effects)
  }

  private mutating func handle(_ input: OverlayInput, _ turn: inout Turn) {
    switch input {
    case .start(let start): begin(start, &turn)
    case .linkOpened(let link, let peer, let dialled): open(link, peer: peer, dialled: dialled, &turn)
    case .linkClosed(let link, let reason): forget(link, reason, &turn)
    case .frame(let link, let bytes): receive(bytes, on: link, &turn)
    case .dialFailed(let node, let address, let reason):
      dialFailed(node, address: address, reason: reason, &turn)
    case .dropped(let reason, let count): counters[reason, default: 0] += count
    case .sameKeyMet(let address):
      drop(.sameKeyElsewhere, from: nil, &turn)
      turn.emit(.notice(.sameKeyElsewhere(address: address)))
    case .timer: pulse(&turn)
    case .verified(let id, let finding):
      let holds = if case .refused = finding { false } else { true }
      verified(id, holds, &turn)
    case .datagram, .signed, .keepLinked: break
    case .ping(_, let id): turn.emit(.pinged(id, .unknown))
    case .broadcast(let signed): broadcast(signed, &turn)
    case .send(let signed, let node, let within): send(signed, to: node, within: within, &turn)
    case .settle(let id, let node, let answer): settle(id, from: node, answer, &turn)
    case .sendMessage(let message, let node): sendMessage(message, to: node, &turn)
    case .announce(let record): announce(record, &turn)
    case .leave(let record): leave(record, &turn)
    }
  }

  private mutating func begin(_ start: OverlayStart, _ turn: inout Turn) {
    announce(start.record, &turn)
    for signed in start.records.sorted(by: { $0.id < $1.id }) {
      recover(record: signed, &turn)
    }
    for signed in start.facts.sorted(by: { $0.id < $1.id }) {
      recover(fact: signed, &turn)
    }
    for seed in start.seeds where seed.node != node {
      targets[seed.node, default: DialTarget(dueAt: turn.uptime)].add(seed.address)
    }
    dialWhatIsDue(&turn)
    hasten(&turn)
  }

  /// Looks at what is due soon: something has just become so.
  mutating func hasten(_ turn: inout Turn) {
    guard turn.uptime + limits.pulse < nextPulse else { return }
    nextPulse = turn.uptime + limits.pulse
    turn.emit(.setTimer(after: limits.pulse))
  }

  /// Everything that time brings.
  private mutating func pulse(_ turn: inout Turn) {
    guard !leaving else { return }
    tendLinks(&turn)
    ageMembers(&turn)
    dialWhatIsDue(&turn)
    tendDirects(&turn)
    expireFacts(&turn)
    let wait = min(limits.quietPulse, max(limits.pulse, untilNext(turn.uptime)))
    nextPulse = turn.uptime + wait
    turn.emit(.setTimer(after: wait))
  }

  /// How long nothing is due that a longer wait would delay.
  private func untilNext(_ now: Duration) -> Duration {
    var due = now + limits.quietPulse
    for link in links.values {
      due = min(due, link.nextPing, link.heardAt + limits.silence)
      if !link.asked.isEmpty { due = min(due, link.askedAt + limits.factPatience) }
    }
    for (node, target) in targets where shouldDial(node) { due = min(due, target.underWayUntil ?? target.dueAt) }
    for member in memberTable.values where member.state == .suspected {
      due = min(due, member.since.uptime + limits.suspicion)
    }
    return due - now
  }

  /// Counts what was dropped; a peer that is at fault too often loses its link.
  mutating func drop(_ reason: DropReason, from link: LinkID?, _ turn: inout Turn) {
    counters[reason, default: 0] += 1
    let peer = link.flatMap { links[$0]?.node }
    turn.emit(.dropped(reason, from: peer))
    guard reason.isPeersFault, let link, let peer else { return }
    links[link]?.badFrames += 1
    guard (links[link]?.badFrames ?? 0) >= limits.badFrames else { return }
    shunned[peer] = turn.uptime + limits.redialMost
    turn.emit(.notice(.peerMisbehaved(peer)))
    close(link, .misbehaved, &turn)
  }

  mutating func verify(_ subject: Verification.Subject, for pending: PendingVerification, _ turn: inout Turn) {
    let id = VerificationID(nextVerification)
    nextVerification += 1
    verifications[id] = pending
    turn.emit(.verify(Verification(id: id, subject: subject)))
  }

  private mutating func verified(_ id: VerificationID, _ holds: Bool, _ turn: inout Turn) {
    guard let pending = verifications.removeValue(forKey: id) else { return }
    if let link = pending.link { links[link]?.unverified -= 1 }
    switch pending.subject {
    case .fact(let signed, let expiresMilliseconds):
      factVerified(signed, expiresMilliseconds, via: pending, holds, &turn)
    case .record(let signed): recordVerified(signed, via: pending, holds, &turn)
    case .direct(let id): directVerified(id, via: pending, holds, &turn)
    }
  }
}

/// A statement whose signature is being checked.
struct PendingVerification: Sendable {
  enum Subject: Sendable {
    case fact(SignedStatement, expiresMilliseconds: Int64)
    case record(SignedStatement)
    case direct(StatementID)
  }

  let subject: Subject
  /// Who brought it.
  let node: NodeID
  let link: LinkID?
}
