package import Consensus
public import Contract
public import Coordination
package import EventQueue
internal import Ledger
public import Model
public import Overlay

/// The whole node as plain values: no I/O, no clock, no randomness of its own. `Node` drives it on real sockets,
/// disks and processes; tests drive several in one process. The same inputs give the same effects.
public struct NodeEngine: Sendable {
  /// Rounds of inner effects in one step; more would be a loop.
  static let roundLimit = 10_000
  public static let queueCapacity = EventQueues.capacity
  static let tickInterval = Duration.milliseconds(100)
  /// How long results gather before they are reported.
  static let reportDelay = Duration.milliseconds(3)

  let identity: LocalIdentity
  let profile: NodeProfile
  /// Under which collaborations are created here.
  let contract: ContractDocument
  package internal(set) var overlay: OverlayCore
  package internal(set) var consensus: LedgerConsensus
  /// Ledgers as they are decided, and with what is proposed above that (`LedgerKeeping`).
  package internal(set) var books: [CollaborationID: CollaborationState] = [:]
  package internal(set) var drafts: [CollaborationID: CollaborationState] = [:]
  /// What of their states lies on the disk (`Snapshots`).
  var keptParts: [CollaborationID: KeptParts] = [:]
  package internal(set) var queues: EventQueues
  package internal(set) var negotiator = Negotiator()
  package internal(set) var dispatcher = Dispatcher()
  package internal(set) var recruiter = Recruiter()
  package internal(set) var assessor: Assessor
  package internal(set) var executor = Executor()

  /// Ledgers that this node cannot follow any more, and why: nothing of them is acted upon.
  var broken: [CollaborationID: String] = [:]
  var adapters: [AdapterStatus] = []
  var objects: Set<Digest> = []
  var fetching: Set<Digest> = []
  var readingSpecifications: Set<Digest> = []
  /// Submissions that are not on a ledger yet, and those that never came there.
  package internal(set) var submissions: [TaskID: HeldSubmission] = [:]
  /// Events that wait for a round to open.
  var parked: [CollaborationID: [String]] = [:]
  var signing: [SigningJob: SigningPurpose] = [:]
  var signingStatements: [SigningJob: Statement] = [:]
  var checking: [CheckingJob: CheckingPurpose] = [:]
  /// People who wait for a node's answer.
  var pings: [PingID: CommandID] = [:]
  /// The members of this node's collaborations may be others now.
  var linksChanged = false
  var outbox = Outbox()
  var journal = Journal()
  var bulletins = Bulletins()
  var passages = Passages()
  var deliveries = Deliveries()
  var tracePace = AskingPace(perSecond: 4)
  var reportPace = AskingPace(perSecond: 1)
  var figures = FigureExchange()
  /// What the overlay wanted since it was taken last; nil: nobody looks on.
  var watchedEffects: [OverlayEffect]?
  // Between two parts of a start.
  var restoredOffers: [Assessor.ReceivedOffer] = []
  var restoredFollowings: [CollaborationID: Following] = [:]
  /// Collaborations that go on as others, by those they went on as.
  var restoredEndings: [CollaborationID: CollaborationID] = [:]
  /// Collaborations whose ledger changed in this step.
  var changed: Set<CollaborationID> = []
  /// What their newest records changed, in order: of what is decided, and of what is proposed.
  var changes: [CollaborationID: [TaskChange]] = [:]
  var draftChanges: [CollaborationID: [TaskChange]] = [:]
  /// Collaborations in which a term was decided in this step.
  var beganTerm: Set<CollaborationID> = []
  /// When submissions were handed to their coordinator last (uptime).
  var handedOver: [TaskID: Duration] = [:]
  /// Tasks that people here want to end, with their reasons, until they are over.
  var cancellations: [TaskID: String] = [:]
  /// Collaborations that people here want to leave, with their reasons, until that is decided.
  var departures: [CollaborationID: String] = [:]
  /// To whom this node, in office and leaving, handed over last, and when (uptime).
  var handedOn: [CollaborationID: (heir: NodeID, at: Duration)] = [:]
  /// To whom people here want to delegate coordination, or nobody any more, until that is decided.
  package internal(set) var delegations: [CollaborationID: Statement] = [:]
  var petitionTold: [PetitionKey: Petition] = [:]
  /// What this node did to have the newest agency followed, while it is not.
  var agencyCalls: [CollaborationID: AgencyCall] = [:]
  /// What members asked of ledgers, as long as their authors say so again.
  var pendingRequests: [StatementID: PendingRequest] = [:]
  /// How many relayed requests are still looked at until consensus ticks.
  var relaysLeft = NodeEngine.relaysPerTick
  /// Whom people here prefer as coordinator, the best first.
  var preferences: [CollaborationID: [NodeID]] = [:]
  /// Whom consensus was told to prefer.
  var rankings: [CollaborationID: [NodeID]] = [:]
  /// Since when a collaboration has no coordinator here, and since when too few voters are in reach.
  var electingSince: [CollaborationID: Moment] = [:]
  var noQuorumSince: [CollaborationID: Moment] = [:]
  /// Voters that are suspected for too long to be counted on, and since when answers of the others are awaited.
  var unanswering: [CollaborationID: Set<NodeID>] = [:]
  var unanswered: [CollaborationID: UnansweredSpan] = [:]
  var wantedResults: [Digest: WantedResult] = [:]
  /// The network's own collaboration, where it decides by vote who belongs to it.
  var council: CouncilDesk?

  private var promises: [(step: UInt64, promise: Promise)] = []
  private var nextStep: UInt64 = 1
  private var durableStep: UInt64 = 0
  private var lastWritingStep: UInt64 = 0
  private var nextJob: UInt64 = 1
  var isTicking = false
  var isTickingConsensus = false
  var isReporting = false
  var isAwake = false
  /// Where the data lies, until a start there needs no suspicion.
  var placeToNote: String?

  /// - Parameters:
  ///   - queueCapacity: of each lane; tests take less.
  ///   - overlayLimits: the overlay's numbers; tests and simulations may take others.
  ///   - contract: of collaborations that are created here; tests take other numbers.
  public init(
    identity: LocalIdentity, profile: NodeProfile, queueCapacity: Int = NodeEngine.queueCapacity,
    overlayLimits: OverlayLimits = OverlayLimits(), contract: ContractDocument = .standard
  ) {
    self.identity = identity
    self.contract = contract
    self.profile = profile
    queues = EventQueues(capacity: queueCapacity)
    overlay = OverlayCore(identity: identity, limits: overlayLimits)
    consensus = LedgerConsensus(own: identity.node, epoch: identity.epoch, network: identity.network)
    assessor = Assessor(policy: profile.policy, total: profile.offer)
    council = CouncilDesk(identity)
  }

  public mutating func step(
    _ input: EngineInput, at now: Moment, random: inout Random, into effects: inout EngineEffects
  ) {
    var turn = Turn(now: now, random: random)
    handle(input, &turn)
    settle(&turn)
    random = turn.random
    if !turn.writes.isEmpty {
      effects.transaction = (nextStep, turn.writes)
      lastWritingStep = nextStep
    }
    for promise in turn.promises { promises.append((lastWritingStep, promise)) }
    nextStep += 1
    effects.actions.append(contentsOf: turn.actions)
    // What needs no write of its own may go at once, when nothing before it is on its way to the disk.
    if !turn.promises.isEmpty, lastWritingStep <= durableStep {
      var more = EngineEffects()
      step(.written(durableStep), at: now, random: &random, into: &more)
      precondition(effects.transaction == nil || more.transaction == nil, "one step has one transaction")
      effects.transaction = effects.transaction ?? more.transaction
      effects.actions.append(contentsOf: more.actions)
    }
  }

  private mutating func handle(_ input: EngineInput, _ turn: inout Turn) {
    switch input {
    case .start(let start): begin(start, &turn)
    case .overlay(let input): tell(input, &turn)
    case .written(let step): written(step, &turn)
    case .signed(let job, let signature): signed(job, signature, &turn)
    case .verified(let job, let finding): verified(job, finding, &turn)
    case .timer(let timer): fired(timer, &turn)
    case .wake:
      isAwake = false
      handleNextEvent(&turn)
    case .command(let id, let command): carryOut(command, id, &turn)
    case .adapters(let statuses):
      adaptersChanged(statuses)
      exchangeFigures(&turn)
    case .work(let update): worked(update, &turn)
    case .object(let update): objectChanged(update, &turn)
    }
  }

  private mutating func written(_ step: UInt64, _ turn: inout Turn) {
    durableStep = max(durableStep, step)
    let ready = promises.prefix { $0.step <= durableStep }.map(\.promise)
    promises.removeFirst(ready.count)
    for promise in ready { fulfil(promise, &turn) }
  }

  /// The only place where a promise becomes an act.
  private mutating func fulfil(_ promise: Promise, _ turn: inout Turn) {
    switch promise {
    case .settle(let id, let node): overlayStep(.settle(id, from: node, .accepted), &turn)
    case .send(let signed, let node, let deadline):
      let left = max(1, deadline - turn.now.wallMilliseconds)
      overlayStep(.send(signed, to: node, within: .milliseconds(left)), &turn)
    case .broadcast(let signed, let asked):
      notePassage(signed, via: identity.node, links: 0, &turn)
      overlayStep(.broadcast(signed), &turn)
      if let asked { turn.promise(.answer(asked.command, .announced(signed.id, asked.trace))) }
    case .announce(let record): overlayStep(.announce(record), &turn)
    case .ledgerWritten(let token): consensusStep(.durable(token), &turn)
    case .start(let order):
      // Since then the ledger may have taken it from this node again.
      if executor.attempts[order.attempt]?.stage == .queued { turn.act(.start(order)) }
    case .answer(let id, let answer): turn.act(.answer(id, .success(answer)))
    }
  }

  /// Lets the roles take up what the step changed, until nothing changes any more.
  private mutating func settle(_ turn: inout Turn) {
    var rounds = 0
    while let id = changed.min() {
      changed.remove(id)
      rounds += 1
      precondition(rounds < Self.roundLimit, "the roles of collaboration \(id.short) do not come to rest")
      ledgerChanged(id, &turn)
    }
    if linksChanged || rounds > 0 { figuresMayDiffer(&turn) }
    keepLinks(&turn)
    notePlace(&turn)
    wakeIfNeeded(&turn)
    tickIfNeeded(&turn)
  }

  mutating func wakeIfNeeded(_ turn: inout Turn) {
    guard !isAwake, queues.hasNext(at: turn.now) else { return }
    isAwake = true
    turn.act(.wake)
  }

  private mutating func tickIfNeeded(_ turn: inout Turn) {
    if executor.hasReports(at: turn.now), !isReporting {
      isReporting = true
      turn.act(.setTimer(.report, after: Self.reportDelay))
    }
    if !isTickingConsensus, let interval = consensus.tickInterval {
      isTickingConsensus = true
      turn.act(.setTimer(.consensus, after: interval))
    }
    guard !isTicking, needsTicks(turn.now) else { return }
    isTicking = true
    turn.act(.setTimer(.tick, after: Self.tickInterval))
  }

  private func needsTicks(_ now: Moment) -> Bool {
    queues.untilNext(at: now) != nil || outbox.hasDeferred || executor.isBusy
      || assessor.holdsOffers || !wantedResults.isEmpty
      || negotiator.negotiations.values.contains { !$0.isOver }
      || submissions.values.contains { $0.ended == nil } || !departures.isEmpty || !delegations.isEmpty
      || books.values.contains { book in book.openTasks > 0 }
  }

  private mutating func fired(_ timer: EngineTimer, _ turn: inout Turn) {
    switch timer {
    case .overlay: overlayStep(.timer, &turn)
    case .report:
      isReporting = false
      coordinate(&turn) { engine, context, effects, _ in engine.executor.report(context, into: &effects) }
    case .tick:
      isTicking = false
      retryDeferred(&turn)
      coordinate(&turn) { engine, context, effects, _ in
        engine.negotiator.tick(context, into: &effects)
        engine.executor.tick(context, into: &effects)
        engine.executor.report(context, into: &effects)
        engine.executor.stop(engine.assessor.sweep(context: context, into: &effects), context, into: &effects)
      }
      for (id, book) in books where book.openTasks > 0 { changed.insert(id) }
      handOverSubmissions(&turn)
      handOverDepartures(&turn)
      handOverDelegations(&turn)
      for id in Set(cancellations.keys.compactMap { book(of: $0)?.id }).sorted() {
        handOverCancellations(of: id, &turn)
      }
      askForResults(&turn)
      expireSubmissions(&turn)
      figuresMayDiffer(&turn)
    case .consensus:
      isTickingConsensus = false
      watchQuorums(&turn)
      tickConsensus(&turn)
    case .council: tendCouncil(&turn)
    case .figures:
      figures.fired()
      exchangeFigures(&turn)
    }
  }

  mutating func job() -> UInt64 {
    nextJob += 1
    return nextJob
  }
}

/// What a node's owner says of it.
public struct NodeProfile: Sendable {
  public var name: String
  public var owner: String
  public var kind: String
  /// What is offered to others, at most; the adapters may have less.
  public var offer: Amounts
  public var priceMicroPerCPUSecond: Int
  public var policy: LocalPolicy

  public init(
    name: String, owner: String, kind: String, offer: Amounts, priceMicroPerCPUSecond: Int, policy: LocalPolicy
  ) {
    self.name = name
    self.owner = owner
    self.kind = kind
    self.offer = offer
    self.priceMicroPerCPUSecond = priceMicroPerCPUSecond
    self.policy = policy
  }
}
