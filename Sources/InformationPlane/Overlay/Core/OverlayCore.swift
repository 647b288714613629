public import Model
import Sodium

/// Membership, broadcast and direct delivery, as a core: no I/O, no clock, no randomness of its own.
///
/// Who lives is found out by datagrams (SWIM with Lifeguard), facts spread along streams between neighbours (Plumtree),
/// and statements for one peer go by a stream of their own that is opened when it is needed. docs/overlay.md says
/// what this promises.
public struct OverlayCore: Sendable {
  public let node: NodeID
  public let network: NetworkID
  let genesis: Genesis
  let epoch: Int
  let limits: OverlayLimits

  /// How often something was dropped, by reason.
  public internal(set) var counters: [DropReason: Int] = [:]
  public internal(set) var traffic = OverlayTraffic()
  /// How far this node distrusts its own observations, from 0 (well) to 8: it was accused, or heard nobody
  /// (Lifeguard's local health).
  public internal(set) var localHealth = 0

  var agenda = Agenda()
  var leaving = false

  // This node.
  var ownRecord: CheckedMember?
  let ownKeys: Rings.Keys
  var ownRefutation = 0
  var isRefuting = false
  /// When this node began to object last, and let itself be told last that something is wrong with it (uptime).
  var refutedAt: Duration?
  var accusedAt: Duration?
  /// Somebody doubts the present version.
  var isStillAccused = false
  /// Another process with this node's key, and when people heard of one last (uptime).
  var rival: Rival?
  /// When that one was met last, by its record or in a handshake, uptime.
  var ownKeyMetAt: Duration?
  var toldOfRivalAt: Duration?
  /// How often another process was taken for gone.
  var outbids = 0
  var datagramKeys = DatagramKeys()
  var renewal: KeyRenewal?
  /// When the present datagram key was taken into use, uptime.
  var keyAdoptedAt: Duration?

  // Membership.
  var table = MemberTable()
  var probing = ProbeBoard()
  var arrivals = Arrivals()
  /// The first seed whose record came to this node in this run, and when.
  var introducer: (node: NodeID, metAt: Duration)?
  var gossip = GossipQueue()
  var heardRumours = SeenRumours()
  var rumoursUnderCheck: Set<RumourCheck> = []
  var accusers = MinuteQuotas()
  var lastHeardAt = Duration.zero
  var greetings = GreetingBoard()
  /// Members that came from the disk and did not show themselves yet.
  var unconfirmed: [NodeID] = []
  /// Until then (uptime) the failed are knocked at quickly.
  var reviving = Duration.zero
  var keptOutNotices = NoticePace<KeptOut>()
  /// By member: why it kept no stream to this node, until one lasts; want of room does not count.
  var refusals: [NodeID: Refused] = [:]
  /// The uptime at which a stream to anybody was last seen to have lasted.
  var letInAt: Duration?
  var refusalNotices = NoticePace<Refusing>()

  /// Members that the network has cut off, and nodes that it let in, by vote (R20).
  public internal(set) var revoked: Set<NodeID> = []
  public internal(set) var admitted: Set<NodeID> = []

  // Streams.
  var targets: [NodeID: DialTarget] = [:]
  var links: [LinkID: Link] = [:]
  var linkOfNode: [NodeID: LinkID] = [:]
  var seeds: [NodeID: [String]] = [:]
  var kept: Set<NodeID> = []
  var neighbours: Set<NodeID> = []
  /// Neighbours are chosen anew by then (uptime) at the latest.
  var neighboursDueBy: Duration?
  /// Streams that were opened for probes of late: since when (uptime), and how many.
  var probeDials: (since: Duration, count: Int) = (.zero, 0)
  /// With whom facts are to be compared on a stream, until when (uptime).
  var comparing: [NodeID: Duration] = [:]
  /// Misbehaved peers, and until when (uptime) no link to them is kept.
  var shunned: [NodeID: Duration] = [:]

  // Broadcast.
  /// The statement ids of this node's record and its members', with whose they are.
  var recordAuthors: [StatementID: NodeID] = [:]
  var facts = FactShelf()
  var summary = FactSummary()
  var wanted = WantedFacts()
  var compareAllowances: [NodeID: PeerAllowance] = [:]
  /// In KiB of facts.
  var fetchAllowances: [NodeID: PeerAllowance] = [:]
  /// When facts were compared with all who are linked because a copy was bad, uptime.
  var comparedWithAllAt: Duration?

  // Direct delivery.
  var outgoing: [NodeID: OutgoingDirects] = [:]
  var incoming = IncomingDirects()

  var verifications: [VerificationID: PendingVerification] = [:]
  var checks = CheckBoard()
  /// What each peer was at fault for of late.
  var faults: [NodeID: Faults] = [:]
  var signatures: [OverlaySigningID: PendingSignature] = [:]
  var nextJob: UInt64 = 1

  public init(identity: LocalIdentity, limits: OverlayLimits = OverlayLimits()) {
    node = identity.node
    network = identity.network
    genesis = identity.genesis
    epoch = identity.epoch
    self.limits = limits
    ownKeys = Rings.Keys(of: identity.node, in: identity.network)
    table.enter(own: identity.node, ownKeys)
  }

  /// Takes one input and appends what is to be done, in order.
  public mutating func step(
    _ input: OverlayInput, at now: Moment, random: inout Random, into effects: inout [OverlayEffect]
  ) {
    var turn = Turn(now: now, random: random)
    handle(input, &turn)
    // Who leaves does nothing more of its own accord; what is due would be due for ever.
    if !leaving, let wait = agenda.arm(at: now.uptime) { turn.emit(.setTimer(after: wait)) }
    random = turn.random
    effects.append(contentsOf: turn.effects)
  }

  private mutating func handle(_ input: OverlayInput, _ turn: inout Turn) {
    switch input {
    case .start(let start): begin(start, &turn)
    case .linkOpened(let link, let peer, let dialled): open(link, peer: peer, dialled: dialled, &turn)
    case .linkClosed(let link, let reason): forget(link, reason, &turn)
    case .frame(let link, let bytes): receive(bytes, on: link, &turn)
    case .datagram(let bytes, let address): receive(datagram: bytes, from: address, &turn)
    case .dialFailed(let peer, _, _) where peer == node: rivalDialFailed(&turn)
    case .dialFailed(let peer, let address, let reason):
      dialFailed(peer, address: address, reason: reason, &turn)
    case .dropped(let reason, let count): counters[reason, default: 0] += count
    case .sameKeyMet(let address): metOwnKey(at: address, &turn)
    case .timer: timerFired(&turn)
    case .verified(let id, let finding): verified(id, finding, &turn)
    case .signed(let id, let signature): signed(id, signature, &turn)
    case .broadcast(let signed): broadcast(signed, &turn)
    case .send(let signed, let node, let within): send(signed, to: node, within: within, &turn)
    case .settle(let id, let node, let answer): settle(id, from: node, answer, &turn)
    case .sendMessage(let message, let node): sendMessage(message, to: node, &turn)
    case .keepLinked(let nodes): keepLinked(nodes, &turn)
    case .ping(let node, let id): ping(node, id, &turn)
    case .announce(let record): announce(record, &turn)
    case .decided(let revoked, let admitted): decided(revoked: revoked, admitted: admitted, &turn)
    case .leave(let record): leave(record, &turn)
    }
  }

  private mutating func begin(_ start: OverlayStart, _ turn: inout Turn) {
    guard let pair = try? BoxKeyPair(seed: start.datagramSeed) else {
      preconditionFailure("a datagram seed of \(start.datagramSeed.count) bytes")
    }
    renewal = KeyRenewal(pair: pair)
    announce(start.record, &turn)
    for signed in start.records.sorted(by: { $0.id < $1.id }) { recover(record: signed, &turn) }
    for signed in start.facts.sorted(by: { $0.id < $1.id }) { recover(fact: signed, &turn) }
    for seed in start.seeds where seed.node != node {
      seeds[seed.node, default: []].append(seed.address)
    }
    unconfirmed = table.suspected.sorted()
    unconfirmed.shuffle(using: &turn.random)
    let uptime = turn.uptime
    agenda.plan(.probe, at: uptime + turn.jittered(limits.confirmInterval))
    agenda.plan(.compare, at: uptime + turn.jittered(limits.compareInterval))
    agenda.plan(.expire, at: uptime + limits.expireInterval)
    agenda.plan(.neighbours, at: uptime)
    agenda.plan(.tend, at: uptime)
    if !seeds.isEmpty || !table.left.isEmpty { agenda.plan(.revive, at: uptime) }
  }

  private mutating func timerFired(_ turn: inout Turn) {
    let late = agenda.timerFired(at: turn.uptime)
    guard !leaving else { return }
    if late >= limits.lateness { stoodStill(for: late, &turn) }
    for duty in Agenda.Duty.allCases where agenda.takeDue(duty, at: turn.uptime) { perform(duty, &turn) }
  }

  /// This process did not run when it wanted to: what others did not answer in that time is no fault of theirs.
  private mutating func stoodStill(for late: Duration, _ turn: inout Turn) {
    localHealth = min(limits.localHealthMost, localHealth + 1)
    probing.extend(by: late)
    wanted.extend(by: late)
    for node in table.suspected.sorted() { table.change(node) { $0.since.uptime += late } }
    for id in links.keys where links[id]?.unheardSince != nil { links[id]?.unheardSince = turn.uptime }
  }

  /// Each duty plans itself anew, later than now, if there is more of it.
  private mutating func perform(_ duty: Agenda.Duty, _ turn: inout Turn) {
    switch duty {
    case .probe: probeNext(&turn)
    case .followUp: followUp(&turn)
    case .judge: judgeSuspects(&turn)
    case .object: if isStillAccused { object(&turn) }
    case .gossip: passOn(&turn)
    case .revive: revive(&turn)
    case .neighbours: chooseNeighbours(&turn)
    case .announce: announceGathered(&turn)
    case .fetch: fetchOverdue(&turn)
    case .tend: tend(&turn)
    case .compare: compareWithSomebody(&turn)
    case .expire: expire(&turn)
    }
  }

  private mutating func expire(_ turn: inout Turn) {
    agenda.plan(.expire, at: turn.uptime + limits.expireInterval)
    expireFacts(&turn)
    datagramKeys.expire(at: turn.uptime)
    renewKeyIfDue(&turn)
    shunned = shunned.filter { $0.value > turn.uptime }
    faults = [:]
    compareAllowances = compareAllowances.filter { !$0.value.isFull(at: turn.uptime) }
    fetchAllowances = fetchAllowances.filter { !$0.value.isFull(at: turn.uptime) }
    accusers.expire(at: turn.uptime)
    comparing = comparing.filter { $0.value > turn.uptime }
  }
}
