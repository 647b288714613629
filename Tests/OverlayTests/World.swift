import Model
import Overlay
import Sodium

/// The body of the facts and direct statements of these tests.
struct Note: StatementBody {
  static let purpose = Purpose("note")
  var expiresMilliseconds: Int64
  var text: String
}

/// A fact that does not say until when it is valid.
struct Timeless: StatementBody {
  static let purpose = Purpose("timeless")
  var text: String
}

/// Some nodes and the network between them, in virtual time: what one seed did, it does again.
struct World {
  /// What is drawn for each start.
  struct Process {
    let instance: Digest
    let datagramSeed: [UInt8]
    var datagramKey: AgreementKey

    init(random: inout Random) throws {
      instance = random.digest()
      datagramSeed = random.bytes(32)
      datagramKey = try AgreementKey(datagramSeed: datagramSeed)
    }
  }

  struct Host {
    let identity: LocalIdentity
    var core: OverlayCore
    var record: SignedStatement
    var process: Process
    var incarnation: Int
    var isUp = true
    var records: [NodeID: SignedStatement] = [:]
    /// Older ones that its disk holds too.
    var earlierRecords: [SignedStatement] = []
    var facts: [StatementID: SignedStatement] = [:]
    var delivered: [StatementID] = []
    var directs: [(id: StatementID, from: NodeID)] = []
    var messages: [PeerMessage] = []
    var outcomes: [StatementID: DirectOutcome] = [:]
    var refused: [StatementID: DropReason] = [:]
    var changes: [(NodeID, MemberState)] = []
    var notices: [OverlayNotice] = []
    /// What this host says to a direct statement; nil: nothing.
    var answer: DirectAnswer? = .accepted
    var timer: UInt64 = 0
    var pings: [PingID: PingOutcome] = [:]
    var renewals = 0
    var hops: [StatementID: Int] = [:]
    var datagrams = 0
  }

  enum Event {
    case input(host: Int, OverlayInput)
    case timer(host: Int, number: UInt64)
  }

  static let start = Moment(uptime: .seconds(1_000), wallMilliseconds: 1_800_000_000_000)
  static let latency = Duration.milliseconds(1)

  var now = World.start
  var random: Random
  var hosts: [Host] = []
  /// The other end of each link end.
  var ends: [LinkID: (host: Int, other: LinkID, otherHost: Int)] = [:]
  /// Pairs between which nothing passes.
  var cut: Set<[Int]> = []
  /// Changes frames on their way, or drops them by returning nil.
  var tamper: ((_ from: Int, _ to: Int, [UInt8]) -> [UInt8]?)?
  var transmitted = 0
  /// Of a thousand datagrams so many are lost.
  var lossPermille = 0
  /// Datagrams one way that do not arrive: (from, to).
  var oneWay: Set<[Int]> = []
  /// Every datagram that was sent, while `captures`.
  var captured: [(to: Int, bytes: [UInt8], from: Int)] = []
  var captures = false
  /// Everything that happened, for comparing runs.
  var trace: [String] = []
  private var queue: [(at: Duration, number: UInt64, event: Event)] = []
  private var nextNumber: UInt64 = 1
  private var nextLink: UInt64 = 1

  init(seed: UInt64) {
    random = .seeded(seed)
  }

  // MARK: Hosts

  static func seeds(_ random: inout Random) -> NodeSeeds { NodeSeeds(random: &random) }

  /// Adds the founder (first) or a node invited by it, and starts it.
  @discardableResult
  mutating func add(limits: OverlayLimits = OverlayLimits(), knowsSeed: Bool = true) throws -> Int {
    let index = hosts.count
    let identity: LocalIdentity
    var seeds: [Invitation.Seed] = []
    if index == 0 {
      identity = try LocalIdentity.founding(
        name: "test", seeds: Self.seeds(&random), createdMilliseconds: now.wallMilliseconds, nonce: random.digest())
    } else {
      seeds = [Invitation.Seed(address: Self.address(0), node: hosts[0].identity.node)]
      let invitation = try hosts[0].identity.invite(
        seeds: seeds, expiresMilliseconds: now.wallMilliseconds + 60_000, keySeed: random.digest())
      identity = try LocalIdentity.joining(
        invitation, seeds: Self.seeds(&random), nowMilliseconds: now.wallMilliseconds)
    }
    let process = try Process(random: &random)
    let record = try Self.record(of: identity, index: index, incarnation: 1, now: now, process: process)
    hosts.append(
      Host(
        identity: identity, core: OverlayCore(identity: identity, limits: limits), record: record, process: process,
        incarnation: 1))
    give(
      .start(OverlayStart(record: record, datagramSeed: process.datagramSeed, seeds: knowsSeed ? seeds : [])), to: index
    )
    return index
  }

  static func address(_ index: Int) -> String { "host-\(index):7000" }

  static func record(
    of identity: LocalIdentity, index: Int, incarnation: Int, now: Moment, process: Process, leaving: Bool = false
  ) throws -> SignedStatement {
    try identity.memberRecord(
      name: "node \(index)", kind: "edge", addresses: [address(index)], datagramKey: process.datagramKey,
      incarnation: incarnation, instance: process.instance, startedMilliseconds: now.wallMilliseconds, leaving: leaving)
  }

  /// A host's record in its present incarnation.
  func record(of index: Int, leaving: Bool = false) throws -> SignedStatement {
    try Self.record(
      of: hosts[index].identity, index: index, incarnation: hosts[index].incarnation, now: now,
      process: hosts[index].process, leaving: leaving)
  }

  func node(_ index: Int) -> NodeID { hosts[index].identity.node }

  /// The process dies: its links break, nothing of its memory stays.
  mutating func kill(_ index: Int) {
    hosts[index].isUp = false
    hosts[index].timer += 1
    for (link, end) in ends.sorted(by: { $0.key < $1.key }) where end.host == index {
      ends[link] = nil
      ends[end.other] = nil
      enqueue(.input(host: end.otherHost, .linkClosed(end.other, .broken("reset"))), after: Self.latency)
    }
  }

  /// Starts it again with what it had stored.
  mutating func restart(_ index: Int, limits: OverlayLimits = OverlayLimits()) throws {
    hosts[index].incarnation += 1
    hosts[index].isUp = true
    hosts[index].core = OverlayCore(identity: hosts[index].identity, limits: limits)
    hosts[index].process = try Process(random: &random)
    hosts[index].record = try record(of: index)
    let start = OverlayStart(
      record: hosts[index].record, datagramSeed: hosts[index].process.datagramSeed, seeds: [],
      records: Array(hosts[index].records.values) + hosts[index].earlierRecords,
      facts: Array(hosts[index].facts.values))
    give(.start(start), to: index)
  }

  // MARK: Running

  mutating func run(for duration: Duration) {
    let end = now.uptime + duration
    while let next = queue.indices.min(by: { (queue[$0].at, queue[$0].number) < (queue[$1].at, queue[$1].number) }),
      queue[next].at <= end
    {
      let entry = queue.remove(at: next)
      advance(to: entry.at)
      switch entry.event {
      case .input(let host, let input):
        if hosts[host].isUp { give(input, to: host) }
      case .timer(let host, let number):
        if hosts[host].isUp, hosts[host].timer == number { give(.timer, to: host) }
      }
    }
    advance(to: end)
  }

  private mutating func advance(to uptime: Duration) {
    now = now.advanced(by: uptime - now.uptime)
  }

  private mutating func enqueue(_ event: Event, after delay: Duration) {
    queue.append((now.uptime + delay, nextNumber, event))
    nextNumber += 1
  }

  mutating func give(_ input: OverlayInput, to index: Int) {
    var effects: [OverlayEffect] = []
    hosts[index].core.step(input, at: now, random: &random, into: &effects)
    for effect in effects { perform(effect, of: index) }
  }

  private mutating func perform(_ effect: OverlayEffect, of index: Int) {
    switch effect {
    case .dial(let address, let node): dial(address, expecting: node, from: index)
    case .transmit(let link, let frame, _): transmit(frame, on: link, from: index)
    case .close(let link, let reason):
      trace.append("\(now.uptime.milliseconds) \(index) closes \(reason)")
      guard let end = ends.removeValue(forKey: link) else { return }
      ends[end.other] = nil
      enqueue(.input(host: end.otherHost, .linkClosed(end.other, .peerClosed)), after: Self.latency * 2)
    case .verify(let check):
      enqueue(
        .input(host: index, .verified(check.id, check.finding())),
        after: .microseconds(Int64.random(in: 1...900, using: &random)))
    case .setTimer(let delay):
      hosts[index].timer += 1
      enqueue(.timer(host: index, number: hosts[index].timer), after: delay)
    case .storeRecord(let record): hosts[index].records[record.statement.author] = record
    case .storeFact(let fact, _): hosts[index].facts[fact.id] = fact
    case .forgetFact(let id): hosts[index].facts[id] = nil
    case .deliverFact(let fact, let via, let hops):
      hosts[index].hops[fact.id] = hops
      hosts[index].delivered.append(fact.id)
      trace.append("\(now.uptime.milliseconds) \(index) gets \(fact.id.short) via \(via.short)")
    case .deliverDirect(let direct, _):
      hosts[index].directs.append((direct.id, direct.statement.author))
      if let answer = hosts[index].answer {
        enqueue(.input(host: index, .settle(direct.id, from: direct.statement.author, answer)), after: Self.latency)
      }
    case .deliverMessage(let message, _): hosts[index].messages.append(message)
    case .outcome(let id, _, let outcome): hosts[index].outcomes[id] = outcome
    case .refusedBroadcast(let id, let reason): hosts[index].refused[id] = reason
    case .memberChanged(let node, let state):
      hosts[index].changes.append((node, state))
      trace.append("\(now.uptime.milliseconds) \(index) sees \(node.short) \(state)")
    case .notice(let notice): hosts[index].notices.append(notice)
    case .sendDatagram(let bytes, let address): sendDatagram(bytes, to: address, from: index)
    case .sign(let id, let statement):
      let signature = hosts[index].identity.signingKey.sign(statement.signedBytes)
      enqueue(.input(host: index, .signed(id, signature)), after: .microseconds(50))
    case .pinged(let id, let outcome): hosts[index].pings[id] = outcome
    case .renewRecord(let key):
      hosts[index].incarnation += 1
      hosts[index].renewals += 1
      hosts[index].process.datagramKey = key
      guard let record = try? record(of: index) else { preconditionFailure("a record that was one before") }
      hosts[index].record = record
      enqueue(.input(host: index, .announce(record)), after: Self.latency)
    case .memberUpdated, .linked, .unlinked, .dropped: break
    }
  }

  func isCut(_ left: Int, _ right: Int) -> Bool { cut.contains([min(left, right), max(left, right)]) }

  mutating func cut(_ left: Int, _ right: Int) { cut.insert([min(left, right), max(left, right)]) }

  private mutating func dial(_ address: String, expecting node: NodeID, from index: Int) {
    let target = hosts.indices.first { Self.address($0) == address && hosts[$0].isUp && !isCut(index, $0) }
    guard let target, hosts[target].identity.node == node else {
      return enqueue(.input(host: index, .dialFailed(node, address: address, reason: "refused")), after: Self.latency)
    }
    link(index, target)
  }

  /// Opens a link as the transport would, both ends at their own moment.
  mutating func link(_ dialler: Int, _ listener: Int) {
    let near = LinkID(nextLink)
    let far = LinkID(nextLink + 1)
    nextLink += 2
    ends[near] = (dialler, far, listener)
    ends[far] = (listener, near, dialler)
    let (mine, yours) = (hosts[dialler].record, hosts[listener].record)
    enqueue(.input(host: listener, .linkOpened(far, peer: mine, dialled: false)), after: Self.latency)
    enqueue(.input(host: dialler, .linkOpened(near, peer: yours, dialled: true)), after: Self.latency * 2)
  }

  private mutating func sendDatagram(_ bytes: [UInt8], to address: String, from index: Int) {
    hosts[index].datagrams += 1
    guard let target = hosts.indices.first(where: { Self.address($0) == address }) else { return }
    if captures { captured.append((target, bytes, index)) }
    guard hosts[target].isUp, !isCut(index, target), !oneWay.contains([index, target]) else { return }
    guard lossPermille == 0 || Int.random(in: 0..<1_000, using: &random) >= lossPermille else { return }
    let delay = Duration.microseconds(Int64.random(in: 500...2_000, using: &random))
    enqueue(.input(host: target, .datagram(bytes, from: Self.address(index))), after: delay)
  }

  private mutating func transmit(_ frame: [UInt8], on link: LinkID, from index: Int) {
    guard let end = ends[link] else { return }
    transmitted += 1
    guard !isCut(index, end.otherHost) else { return }
    var sent = frame
    if let tamper {
      guard let changed = tamper(index, end.otherHost, frame) else { return }
      sent = changed
    }
    enqueue(.input(host: end.otherHost, .frame(end.other, sent)), after: Self.latency * 2)
  }

  // MARK: Doing

  @discardableResult
  mutating func broadcast(_ text: String, from index: Int, lifetimeMilliseconds: Int64 = 60_000) throws -> StatementID {
    let note = Note(expiresMilliseconds: now.wallMilliseconds + lifetimeMilliseconds, text: text)
    let signed = try hosts[index].identity.sign(note)
    give(.broadcast(signed), to: index)
    return signed.id
  }

  @discardableResult
  mutating func send(_ text: String, from: Int, to: Int, within: Duration = .seconds(30)) throws -> StatementID {
    let note = Note(expiresMilliseconds: now.wallMilliseconds + 60_000, text: text)
    let signed = try hosts[from].identity.sign(note)
    give(.send(signed, to: node(to), within: within), to: from)
    return signed.id
  }

  /// Whether everybody up holds everybody else up alive, has streams to its neighbours, and the same facts.
  var agrees: Bool {
    let up = hosts.indices.filter { hosts[$0].isUp }
    return up.allSatisfy { host in
      let core = hosts[host].core
      return up.allSatisfy { $0 == host || core.member(node($0))?.state == .alive }
        && core.missingNeighbours.isEmpty && core.holdsSameFacts(as: hosts[up[0]].core)
    }
  }

  func count(_ reason: DropReason, at index: Int) -> Int { hosts[index].core.counters[reason] ?? 0 }
}
