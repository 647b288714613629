internal import Contract
package import Coordination
package import Engine
package import Model
package import Overlay

/// Whole nodes in one process, in virtual time, with real bytes between them: what one seed did, it does again.
package final class SimulatedNetwork {
  enum Event {
    case input(EngineInput)
    case timer(EngineTimer, number: UInt64)
    /// Transactions that wait are synced, up to this step's; nil: all.
    case persist(through: UInt64?)
    case datagram([UInt8], from: String)
    case frame(LinkID, [UInt8])
    case linkClosed(LinkID, CloseReason)
    case greeting(DialID, Greeting)
    case greetingTimeout(DialID)
    case stallTimeout(LinkID, number: UInt64)
    case workEnds(AttemptID)
    case run((SimulatedNetwork) -> Void)
  }

  struct Scheduled {
    let node: Int
    /// Of the process that it is for; nil: for whichever runs.
    let generation: Int?
    let event: Event
  }

  package static let start = Moment(uptime: .seconds(1_000), wallMilliseconds: 1_800_000_000_000)

  package let seed: UInt64
  package var random: Random
  /// The world's own clocks; each host has its own.
  package internal(set) var now = SimulatedNetwork.start
  package var nodes: [SimulatedNode] = []
  /// Everything that any node wanted, folded into one digest.
  package private(set) var fingerprint = Fingerprint()
  package private(set) var steps = 0

  var timeline = Timeline<Scheduled>()
  var streams = StreamTable()
  var dials = DialTable()
  var reach = Reach()
  var memo = VerificationMemo()
  var capture: Capture?
  var invitation: Invitation?
  let facts = SharedFacts()
  /// By address: who listens there.
  var hostOfAddress: [String: Int] = [:]
  /// By key: the node that has it, and its clones.
  var hostsOfNode: [NodeID: [Int]] = [:]
  var nextNumber: UInt64 = 1
  private var nextCommand: UInt64 = 1
  var watchesOverlays = false

  // What was seen.
  package internal(set) var faultCounts = FaultCounts()
  package internal(set) var observations = Observations()
  /// Datagrams that came to a process, each copy counted.
  package private(set) var datagramsDelivered = 0
  /// Datagrams over the limit: the program's fault, never the network's.
  package internal(set) var oversizeDatagrams = 0
  /// What must never happen, in words; bounded.
  package internal(set) var breaches: [String] = []

  // Knobs.
  package var datagramFaults = DatagramFaults()
  package var latencies = Latencies()
  /// Sends each frame twice through the engine's door now and then, in parts of 1,000.
  package var frameDuplicationPermille = 0
  /// What a host sends in place of a frame or a datagram: nothing withholds it, other bytes alter it.
  package var tamperFrames: [Int: (_ to: Int, [UInt8]) -> [[UInt8]]] = [:]
  package var tamperDatagrams: [Int: (_ to: String, [UInt8]) -> [[UInt8]]] = [:]
  /// Changes a message of a handshake on its way; nil withholds it.
  package var tamperGreetings: ((_ from: Int, _ to: Int, [UInt8]) -> [UInt8]?)?
  /// Links begin with the handshake that ships; without it, by its rules alone.
  package var realHandshakes = true
  /// How long a stream on which nothing arrives stands.
  package var silentCutTimeout = Duration.seconds(20)
  /// What an attempt does: nil lets it run for ever.
  package var work: (_ order: WorkOrder, _ node: SimulatedNode) -> SimulatedWork? = SimulatedWork.echo
  /// One crash to come, around one effect of a process.
  package var crashPoint: CrashPoint?
  /// Hears each effect before it is carried out: of which node, and its number since the process started, from 1.
  package var effectSeen: ((_ node: Int, _ number: Int, ProcessEffect) -> Void)?
  /// When a process starts again that ended at a crash point or for its disk.
  package var restartAfter = Duration.seconds(1)
  package var diskFaults = DiskFaults()
  /// How much longer a node's disk takes for each transaction.
  package var diskDelay: [Int: Duration] = [:]
  /// Disks without room, and disks whose next write fails.
  var fullDisks: Set<Int> = []
  var failingDisks: Set<Int> = []
  /// Notices that are kept of each node, the newest; observers see all.
  package var noticesKept = 20_000
  package var hasFingerprint = true
  /// Steps after which a run counts as endless.
  package var stepLimit = 3_000_000

  /// How nodes get into the network.
  let policy: Genesis.AdmissionPolicy

  package init(
    seed: UInt64, _ plans: [NodePlan], policy: Genesis.AdmissionPolicy = Genesis.AdmissionPolicy(invitation: true)
  ) throws {
    self.seed = seed
    self.policy = policy
    random = .seeded(seed)
    for plan in plans { try add(plan) }
  }

  /// A world of plain nodes, all begun.
  package convenience init(seed: UInt64, plainNodes count: Int) throws {
    try self.init(seed: seed, (0..<count).map { .plain($0) })
  }

  /// The host of a node; the first of those with its key.
  package func host(of node: NodeID) -> Int? { hostsOfNode[node]?.first }

  /// What a host's clocks show.
  package func moment(at index: Int) -> Moment { nodes[index].clock.moment(at: now) }

  func number() -> UInt64 {
    nextNumber += 1
    return nextNumber
  }

  func breach(_ text: String) {
    if breaches.count < 1_000 { breaches.append("\(now.uptime - Self.start.uptime): \(text)") }
  }

  // MARK: Time

  func schedule(_ event: Event, at node: Int, after delay: Duration) {
    schedule(event, at: node, on: now.uptime + delay)
  }

  func schedule(_ event: Event, at node: Int, on uptime: Duration) {
    timeline.add(Scheduled(node: node, generation: nodes[node].generation, event: event), at: uptime)
  }

  /// For whatever process runs there by then.
  func deliver(_ event: Event, to node: Int, after delay: Duration) {
    timeline.add(Scheduled(node: node, generation: nil, event: event), at: now.uptime + delay)
  }

  /// Does something to the world later.
  package func act(after delay: Duration, _ body: @escaping (SimulatedNetwork) -> Void) {
    timeline.add(Scheduled(node: -1, generation: nil, event: .run(body)), at: now.uptime + delay)
  }

  /// Runs until nothing is left to do before `duration` is over, or the condition holds.
  ///
  /// - Parameter interval: how often the condition is looked at; nil: after every few steps.
  /// - Returns: whether the condition held.
  @discardableResult
  package func run(
    for duration: Duration, lookingEvery interval: Duration? = nil,
    until condition: (SimulatedNetwork) -> Bool = { _ in false }
  ) -> Bool {
    let end = now.uptime + duration
    var sinceLook = 0
    var nextLook = now.uptime + (interval ?? .zero)
    while let next = timeline.take(by: end) {
      if let interval, next.at >= nextLook {
        nextLook = next.at + interval
        sinceLook = 16
      }
      advance(to: next.at)
      handle(next.event)
      if interval == nil { sinceLook += 1 }
      if sinceLook >= 16 {
        sinceLook = 0
        if condition(self) { return true }
      }
      precondition(steps < stepLimit, "seed \(seed): a simulated run that does not end")
    }
    advance(to: end)
    return condition(self)
  }

  /// Reckoned from the start, so that nothing is lost in rounding.
  private func advance(to uptime: Duration) {
    let passed = uptime - Self.start.uptime
    now = Moment(uptime: uptime, wallMilliseconds: Self.start.wallMilliseconds + passed.milliseconds)
  }

  private func handle(_ scheduled: Scheduled) {
    if case .run(let body) = scheduled.event { return body(self) }
    let index = scheduled.node
    guard nodes[index].isUp, scheduled.generation == nil || scheduled.generation == nodes[index].generation else {
      return missed(scheduled)
    }
    guard !nodes[index].isPaused else { return keepWaiting(scheduled) }
    switch scheduled.event {
    case .input(let input): give(input, to: index)
    case .timer(let timer, let number):
      if nodes[index].timers[timer] == number { give(.timer(timer), to: index) }
    case .persist(let step): persist(index, through: step)
    case .datagram(let bytes, let sender):
      datagramsDelivered += 1
      give(.overlay(.datagram(bytes, from: sender)), to: index)
    case .frame(let link, let bytes): receive(bytes, on: link)
    case .linkClosed(let link, let reason):
      // A link closes once, whatever else would have closed it.
      guard streams.remove(link) != nil else { return }
      give(.overlay(.linkClosed(link, reason)), to: index)
    case .greeting(let dial, let greeting): receive(greeting, of: dial, at: index)
    case .greetingTimeout(let dial): timedOut(dial)
    case .stallTimeout(let link, let number): stallTimedOut(link, number)
    case .workEnds(let attempt): endWork(attempt, at: index)
    case .run: break
    }
  }

  // MARK: Steps

  package func give(_ input: EngineInput, to index: Int) {
    // A crash may have come in the middle of what gives several inputs.
    guard nodes[index].isUp else { return }
    steps += 1
    var effects = EngineEffects()
    nodes[index].engine.step(input, at: moment(at: index), random: &random, into: &effects)
    if let transaction = effects.transaction {
      if hasFingerprint { fingerprint.add(index, step: transaction.step, transaction.writes) }
      guard
        carryOut(
          .handOver(step: transaction.step), of: index,
          { handOver(SimulatedDisk.Transaction(step: transaction.step, writes: transaction.writes), at: index) })
      else { return }
    }
    for action in effects.actions {
      if hasFingerprint { fingerprint.add(index, action) }
      guard carryOut(.action, of: index, { perform(action, of: index) }) else { return }
    }
    observeOverlay(of: index)
  }

  @discardableResult
  package func command(_ command: Command, at index: Int) -> CommandID {
    let id = CommandID(nextCommand)
    nextCommand += 1
    give(.command(id, command), to: index)
    return id
  }
}
