import Contract
import Coordination
import Engine
import HeapModule
import Model
import Overlay
import Sodium

/// Several whole nodes in one process, in virtual time, with real bytes between them: what one seed did, it does again.
final class SimulatedNetwork {
  enum Event {
    case input(EngineInput)
    case timer(EngineTimer, number: UInt64)
    /// The oldest transaction that is handed over reaches the disk.
    case persist
    case linkClosed(LinkID, CloseReason)
    case workEnds(AttemptID)
    case run(@Sendable (SimulatedNetwork) -> Void)
  }

  private struct Scheduled: Comparable {
    let at: Duration
    let number: UInt64
    let node: Int
    let generation: Int
    let event: Event

    static func < (left: Scheduled, right: Scheduled) -> Bool { (left.at, left.number) < (right.at, right.number) }
    static func == (left: Scheduled, right: Scheduled) -> Bool { left.number == right.number }
  }

  struct LinkEnd {
    let node: Int
    let other: LinkID
    let otherNode: Int
    /// Frames of one lane keep their order.
    var lastArrival: [Lane: Duration] = [:]
  }

  static let start = Moment(uptime: .seconds(1_000), wallMilliseconds: 1_800_000_000_000)

  let seed: UInt64
  var random: Random
  var now = SimulatedNetwork.start
  var nodes: [SimulatedNode] = []
  var ends: [LinkID: LinkEnd] = [:]
  /// Pairs, lower index first, between which nothing passes.
  var cut: Set<[Int]> = []
  /// Everything that any node wanted, folded into one digest.
  private(set) var fingerprint = Fingerprint()
  private(set) var steps = 0
  private var queue = Heap<Scheduled>()
  private var nextNumber: UInt64 = 1
  private var nextLink: UInt64 = 1
  private var nextCommand: UInt64 = 1

  // Knobs.
  /// What an attempt does: nil lets it run for ever.
  var work: (_ order: WorkOrder, _ node: SimulatedNode) -> SimulatedWork? = SimulatedWork.echo
  /// Crash of a node around a transaction: (node, number of the transaction from 1, whether it is on disk by then).
  var crashPoint: (node: Int, transaction: Int, isApplied: Bool)?
  private(set) var crashes = 0
  var restartAfter = Duration.seconds(1)
  /// How much longer a node's disk takes for each transaction.
  var diskDelay: [Int: Duration] = [:]
  /// Sends each frame twice through the engine's door now and then, in parts of 1,000.
  var duplicatePermille = 0
  /// Stops every node from handling events of this kind.
  var ignoreFrames: (_ from: Int, _ to: Int) -> Bool = { _, _ in false }

  init(seed: UInt64, _ plans: [NodePlan]) throws {
    self.seed = seed
    random = .seeded(seed)
    for plan in plans { try add(plan) }
  }

  // MARK: Nodes

  static func address(_ index: Int) -> String { "host-\(index):7000" }

  @discardableResult
  func add(_ plan: NodePlan) throws -> Int {
    let index = nodes.count
    let identity: LocalIdentity
    var seeds: [Invitation.Seed] = []
    if index == 0 {
      identity = try LocalIdentity.founding(
        name: "test", seeds: NodeSeeds(random: &random), createdMilliseconds: now.wallMilliseconds,
        nonce: random.digest())
    } else {
      seeds = [Invitation.Seed(address: Self.address(0), node: nodes[0].id)]
      let invitation = try nodes[0].identity.invite(
        seeds: seeds, expiresMilliseconds: now.wallMilliseconds + 3_600_000, keySeed: random.digest())
      identity = try LocalIdentity.joining(
        invitation, seeds: NodeSeeds(random: &random), nowMilliseconds: now.wallMilliseconds)
    }
    nodes.append(
      SimulatedNode(
        plan: plan, identity: identity, address: Self.address(index), seeds: seeds,
        engine: NodeEngine(identity: identity, profile: Self.profile(plan), queueCapacity: plan.queueCapacity),
        record: try record(of: identity, plan, index, incarnation: 0, datagramSeed: random.bytes(32))))
    try boot(index)
    return index
  }

  private static func profile(_ plan: NodePlan) -> NodeProfile {
    NodeProfile(
      name: plan.name, owner: "owner of \(plan.name)", kind: "edge", offer: plan.offer,
      priceMicroPerCPUSecond: plan.price, policy: plan.policy)
  }

  private func record(
    of identity: LocalIdentity, _ plan: NodePlan, _ index: Int, incarnation: Int, datagramSeed: [UInt8]
  ) throws -> SignedStatement {
    try identity.memberRecord(
      name: plan.name, kind: "edge", addresses: [Self.address(index)],
      datagramKey: try AgreementKey(datagramSeed: datagramSeed), incarnation: incarnation,
      instance: random.digest(), startedMilliseconds: now.wallMilliseconds)
  }

  /// Starts a process on what is durable.
  func boot(_ index: Int) throws {
    nodes[index].generation += 1
    nodes[index].incarnation += 1
    nodes[index].isUp = true
    let node = nodes[index]
    nodes[index].engine = NodeEngine(
      identity: node.identity, profile: Self.profile(node.plan), queueCapacity: node.plan.queueCapacity)
    let datagramSeed = random.bytes(32)
    nodes[index].record = try record(
      of: node.identity, node.plan, index, incarnation: node.incarnation, datagramSeed: datagramSeed)
    let start = EngineStart(
      recovered: node.disk.recovered, record: nodes[index].record, datagramSeed: datagramSeed, seeds: node.seeds,
      objects: node.objects.keys.sorted())
    give(.start(start), to: index)
    give(.adapters([Self.adapter(node.plan)]), to: index)
  }

  private static func adapter(_ plan: NodePlan) -> AdapterStatus {
    AdapterStatus(
      name: "noop", kind: "noop", usable: true, detail: "simulated", features: [], sandboxed: plan.sandboxed,
      onRequestOnly: plan.runsOnRequestOnly,
      total: Amounts(cpuMillicores: 64_000, memoryBytes: 64 << 30))
  }

  /// The process dies: its links break, nothing of its memory stays.
  func crash(_ index: Int) {
    nodes[index].isUp = false
    nodes[index].generation += 1
    nodes[index].pending = []
    nodes[index].running = [:]
    nodes[index].timers = [:]
    crashes += 1
    for (link, end) in ends.sorted(by: { $0.key < $1.key }) where end.node == index {
      ends[link] = nil
      guard ends.removeValue(forKey: end.other) != nil else { continue }
      schedule(.linkClosed(end.other, .broken("reset")), at: end.otherNode, after: latency())
    }
  }

  func restart(_ index: Int, after delay: Duration) {
    schedule(
      .run { network in
        do { try network.boot(index) } catch { preconditionFailure("\(error)") }
      }, at: nil, after: delay)
  }

  // MARK: Time

  private func latency() -> Duration { .microseconds(Int64.random(in: 200...2_000, using: &random)) }

  func schedule(_ event: Event, at node: Int?, after delay: Duration) {
    schedule(event, at: node, on: now.uptime + delay)
  }

  private func schedule(_ event: Event, at node: Int?, on uptime: Duration) {
    queue.insert(
      Scheduled(
        at: uptime, number: nextNumber, node: node ?? -1, generation: node.map { nodes[$0].generation } ?? 0,
        event: event))
    nextNumber += 1
  }

  /// Runs until nothing is left to do before `duration` is over, or the condition holds.
  ///
  /// - Returns: whether the condition held.
  @discardableResult
  func run(for duration: Duration, until condition: (SimulatedNetwork) -> Bool = { _ in false }) -> Bool {
    let end = now.uptime + duration
    var sinceCheck = 0
    while let next = queue.min, next.at <= end {
      queue.removeMin()
      now = now.advanced(by: next.at - now.uptime)
      handle(next)
      sinceCheck += 1
      if sinceCheck >= 16 {
        sinceCheck = 0
        if condition(self) { return true }
      }
      precondition(steps < 3_000_000, "a simulated run that does not end")
    }
    now = now.advanced(by: end - now.uptime)
    return condition(self)
  }

  private func handle(_ scheduled: Scheduled) {
    let index = scheduled.node
    if case .run(let body) = scheduled.event { return body(self) }
    guard nodes[index].isUp, nodes[index].generation == scheduled.generation else { return }
    switch scheduled.event {
    case .input(let input): give(input, to: index)
    case .timer(let timer, let number):
      if nodes[index].timers[timer] == number { give(.timer(timer), to: index) }
    case .persist: persist(index)
    case .linkClosed(let link, let reason): give(.overlay(.linkClosed(link, reason)), to: index)
    case .workEnds(let attempt): endWork(attempt, at: index)
    case .run: break
    }
  }

  // MARK: Steps

  func give(_ input: EngineInput, to index: Int) {
    steps += 1
    var effects = EngineEffects()
    nodes[index].engine.step(input, at: now, random: &random, into: &effects)
    if let transaction = effects.transaction {
      fingerprint.add(index, step: transaction.step, transaction.writes)
      nodes[index].pending.append((transaction.step, transaction.writes))
      let delay = Duration.microseconds(Int64.random(in: 500...3_000, using: &random))
      schedule(.persist, at: index, after: delay + (diskDelay[index] ?? .zero))
    }
    for action in effects.actions {
      fingerprint.add(index, action)
      perform(action, of: index)
    }
  }

  /// All that waits is synced at once, as a group commit does.
  private func persist(_ index: Int) {
    var last: UInt64 = 0
    while !nodes[index].pending.isEmpty {
      let (step, writes) = nodes[index].pending.removeFirst()
      if isCrashPoint(index, isApplied: false) { return }
      nodes[index].disk.apply(writes)
      if isCrashPoint(index, isApplied: true) { return }
      last = step
    }
    if last > 0 {
      schedule(.input(.written(last)), at: index, after: .microseconds(Int64.random(in: 1...100, using: &random)))
    }
  }

  private func isCrashPoint(_ index: Int, isApplied: Bool) -> Bool {
    let number = nodes[index].disk.transactions + (isApplied ? 0 : 1)
    guard let point = crashPoint, point.node == index, point.isApplied == isApplied, point.transaction == number else {
      return false
    }
    crashPoint = nil
    crash(index)
    restart(index, after: restartAfter)
    return true
  }

  func perform(_ action: Action, of index: Int) {
    switch action {
    case .dial(let address, let node): dial(address, expecting: node, from: index)
    case .transmit(let link, let bytes, let lane): transmit(bytes, on: link, lane)
    case .close(let link, _): close(link)
    case .sendDatagram: break
    case .setTimer(let timer, let delay):
      let number = nextNumber
      nodes[index].timers[timer] = number
      schedule(.timer(timer, number: number), at: index, after: delay)
    case .wake: schedule(.input(.wake), at: index, after: .zero)
    case .sign(let job, let statement):
      let signature = nodes[index].identity.signingKey.sign(statement.signedBytes)
      schedule(.input(.signed(job, signature)), at: index, after: someMicroseconds())
    case .check(let job, let check):
      schedule(.input(.verified(job, check.finding())), at: index, after: someMicroseconds())
    case .fetch(let reference, let holders): fetch(reference, from: holders, to: index)
    case .readSpecification(let reference):
      let specification = nodes[index].objects[reference.digest].flatMap {
        try? CanonicalJSON.decode(TaskSpecification.self, from: $0, limit: TaskSpecification.byteLimit)
      }
      schedule(.input(.object(.specification(reference, specification))), at: index, after: someMicroseconds())
    case .keep(let reference, let bytes):
      nodes[index].objects[reference.digest] = bytes
      schedule(.input(.object(.arrived(reference))), at: index, after: someMicroseconds())
    case .start(let order): startWork(order, at: index)
    case .cancelWork(let attempt, _): nodes[index].running[attempt] = nil
    case .answer(let id, let answer): nodes[index].answers[id] = answer
    case .notice(let notice): nodes[index].notices.append(notice)
    case .admit(let node): nodes[index].admitted.insert(node)
    case .logRequested(let request, let node): nodes[index].logRequests.append((request, node))
    case .logChunk(let chunk, let node): nodes[index].logChunks.append((chunk, node))
    case .hold, .letGo: break
    }
  }

  private func someMicroseconds() -> Duration { .microseconds(Int64.random(in: 20...1_500, using: &random)) }

  // MARK: Links

  func isCut(_ left: Int, _ right: Int) -> Bool { cut.contains([min(left, right), max(left, right)]) }
  func cut(_ left: Int, _ right: Int) { cut.insert([min(left, right), max(left, right)]) }
  func heal(_ left: Int, _ right: Int) { cut.remove([min(left, right), max(left, right)]) }

  private func dial(_ address: String, expecting node: NodeID, from index: Int) {
    let target = nodes.indices.first { nodes[$0].address == address && nodes[$0].isUp && !isCut(index, $0) }
    guard let target, nodes[target].id == node else {
      let failed = TransportInput.dialFailed(node, address: address, reason: "refused")
      return schedule(.input(.overlay(failed)), at: index, after: latency())
    }
    let (near, far) = (LinkID(nextLink), LinkID(nextLink + 1))
    nextLink += 2
    ends[near] = LinkEnd(node: index, other: far, otherNode: target)
    ends[far] = LinkEnd(node: target, other: near, otherNode: index)
    let (mine, yours) = (nodes[index].record, nodes[target].record)
    let opened = now.uptime + latency()
    ends[near]?.lastArrival = [.control: opened, .bulk: opened]
    ends[far]?.lastArrival = [.control: opened + .microseconds(1), .bulk: opened + .microseconds(1)]
    schedule(.input(.overlay(.linkOpened(far, peer: mine, dialled: false))), at: target, on: opened)
    schedule(
      .input(.overlay(.linkOpened(near, peer: yours, dialled: true))), at: index, on: opened + .microseconds(1))
  }

  private func transmit(_ bytes: [UInt8], on link: LinkID, _ lane: Lane) {
    guard let end = ends[link], !isCut(end.node, end.otherNode), !ignoreFrames(end.node, end.otherNode) else { return }
    let arrival = max(now.uptime + latency(), end.lastArrival[lane] ?? .zero)
    ends[link]?.lastArrival[lane] = arrival
    schedule(.input(.overlay(.frame(end.other, bytes))), at: end.otherNode, on: arrival)
    if duplicatePermille > 0, Int.random(in: 0..<1_000, using: &random) < duplicatePermille {
      schedule(.input(.overlay(.frame(end.other, bytes))), at: end.otherNode, on: arrival + latency())
    }
  }

  private func close(_ link: LinkID) {
    guard let end = ends.removeValue(forKey: link) else { return }
    ends[end.other] = nil
    let after = max(now.uptime + latency(), end.lastArrival.values.max() ?? .zero)
    schedule(.linkClosed(end.other, .peerClosed), at: end.otherNode, on: after)
  }

  /// The connection between two nodes breaks; both ends see it.
  func breakLinks(between left: Int, and right: Int) {
    for (link, end) in ends.sorted(by: { $0.key < $1.key }) where end.node == left && end.otherNode == right {
      ends[link] = nil
      ends[end.other] = nil
      schedule(.linkClosed(link, .broken("reset")), at: left, after: latency())
      schedule(.linkClosed(end.other, .broken("reset")), at: right, after: latency())
    }
  }

  // MARK: Objects and work

  private func fetch(_ reference: ObjectReference, from holders: [Holder], to index: Int) {
    let found = holders.lazy.compactMap { holder in self.nodes.firstIndex { $0.id == holder.node } }.first {
      self.nodes[$0].isUp && !self.isCut($0, index) && self.nodes[$0].objects[reference.digest] != nil
    }
    guard let found, let bytes = nodes[found].objects[reference.digest] else {
      let why = holders.isEmpty ? "nobody has it" : "nobody in reach has it"
      return schedule(.input(.object(.unavailable(reference, why: why))), at: index, after: latency() * 2)
    }
    nodes[index].objects[reference.digest] = bytes
    schedule(.input(.object(.arrived(reference))), at: index, after: latency() * 2)
  }

  private func startWork(_ order: WorkOrder, at index: Int) {
    guard nodes[index].running[order.attempt] == nil else { return }
    if nodes[index].begun[order.attempt] == nil { nodes[index].order.append(order.attempt) }
    nodes[index].begun[order.attempt, default: 0] += 1
    nodes[index].running[order.attempt] = order
    let all = nodes[index].running.values.reduce(into: Amounts.zero) { $0 += $1.needs }
    nodes[index].peak = Amounts(
      cpuMillicores: max(nodes[index].peak.cpuMillicores, all.cpuMillicores),
      memoryBytes: max(nodes[index].peak.memoryBytes, all.memoryBytes))
    schedule(
      .input(.work(.moved(order.attempt, .running, reason: "", nativeID: "7", nativeState: "R"))), at: index,
      after: someMicroseconds())
    guard let work = work(order, nodes[index]) else { return }
    schedule(.workEnds(order.attempt), at: index, after: .milliseconds(2) + work.duration)
  }

  private func endWork(_ attempt: AttemptID, at index: Int) {
    guard let order = nodes[index].running.removeValue(forKey: attempt), let work = work(order, nodes[index]) else {
      return
    }
    let bytes = work.output
    let reference = ObjectReference(of: bytes)
    nodes[index].objects[reference.digest] = bytes
    let inline = bytes.count <= Executor.inlineByteLimit ? SimulatedWork.base64(bytes) : nil
    let result = AttemptResult(
      subtask: attempt.subtask, number: attempt.number, failure: work.failure,
      files: work.failure == nil ? [ResultObject(path: "stdout", content: reference, inline: inline)] : [],
      usage: Usage(cpuMilliseconds: 10, wallMilliseconds: 10, peakMemoryBytes: 1_024), nativeID: "7",
      nativeState: "CD")
    give(.work(.ended(attempt, result)), to: index)
  }

  // MARK: People

  @discardableResult
  func command(_ command: Command, at index: Int) -> CommandID {
    let id = CommandID(nextCommand)
    nextCommand += 1
    give(.command(id, command), to: index)
    return id
  }
}
