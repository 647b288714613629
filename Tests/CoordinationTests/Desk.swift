import Contract
import Coordination
import Model
import Overlay
import RoundFixtures
import Sodium

/// A coordinator at work on a round: what its dispatcher wants on the ledger is there at once, and what it offers is
/// kept for the test to answer.
struct Desk {
  var round: Round
  var dispatcher = Dispatcher()
  var objects: Set<Digest> = []
  /// Members that are in reach.
  var live: [Int] = [1, 2]
  /// Offers that left, in order.
  private(set) var offers: [(node: NodeID, signed: SignedStatement, offer: Offer)] = []
  /// Kinds of the entries that the dispatcher appended, in order.
  private(set) var kinds: [String] = []
  private var random = Random.seeded(1)
  private var changes: [TaskChange] = []

  init(_ round: Round) { self.round = round }

  var context: CoordinationContext { round.context(of: 0, live: live, objects: objects) }

  /// Lets the dispatcher do what a step of it wants, then moves on until nothing more comes of it.
  @discardableResult
  mutating func step<Value>(
    _ body: (inout Dispatcher, CoordinationContext, inout CoordinationEffects) -> Value
  ) throws -> Value {
    var effects = CoordinationEffects()
    let value = body(&dispatcher, context, &effects)
    try carryOut(effects)
    try proceed()
    return value
  }

  mutating func proceed() throws {
    repeat {
      var effects = CoordinationEffects()
      let folded = changes
      changes = []
      dispatcher.folded(round.id, folded, context: context)
      dispatcher.proceed(round.id, context, random: &random, into: &effects)
      try carryOut(effects)
    } while !changes.isEmpty
  }

  /// Puts an entry on the ledger that the dispatcher did not ask for.
  mutating func append(_ body: some EntryBody) throws {
    let change = try round.state.apply(Round.record(round.state.lastEntry + 1, body, at: round.time))
    if let change { changes.append(change) }
    try proceed()
  }

  mutating func submit(
    _ subtasks: Int, needs: Amounts = Amounts(cpuMillicores: 100, memoryBytes: 1 << 20), named name: String = "t"
  ) throws -> TaskID {
    let signed = try round.submission(subtasks: subtasks, needs: needs, queueMilliseconds: 3_600_000, name: name)
    try append(TaskSubmitted(submission: signed))
    return TaskID(signed.id.digest)
  }

  private mutating func carryOut(_ effects: CoordinationEffects) throws {
    for effect in effects.effects {
      switch effect {
      case .append(_, let entry):
        kinds.append(entry.kind)
        let change = try round.state.apply(
          LedgerRecord(
            number: round.state.lastEntry + 1, term: round.state.term, timeMilliseconds: round.time, kind: entry.kind,
            body: entry.body))
        if let change { changes.append(change) }
      case .tell(let node, let statement, _) where statement.purpose == Offer.purpose:
        let signed = SignedStatement(
          statement, signature: round.coordinator.signingKey.sign(statement.signedBytes))
        dispatcher.signed(signed)
        offers.append((node, signed, try statement.decode(Offer.self)))
      default: break
      }
    }
  }

  /// The offers that are out now, the oldest first.
  var outstanding: [(node: NodeID, signed: SignedStatement, offer: Offer)] {
    offers.filter { dispatcher.offers[OfferID($0.signed.id.digest)] != nil }
  }

  /// Answers every offer that is out to a member, all of it alike.
  mutating func answerAll(of index: Int, declining code: DeclineCode? = nil) throws {
    for (node, signed, offer) in outstanding where node == round.node(index) {
      let answer = try round.answer(
        signed, offer.task, accepted: code == nil ? offer.attempts : [], declined: code == nil ? [] : offer.attempts,
        code: code ?? .policy, retryAfter: code == .capacity ? 500 : nil, by: index)
      try step { $0.answered(answer, context: $1, into: &$2) }
    }
  }

  func plans(of task: TaskID) -> [TaskPlanned] { round.state.tasks[task]?.plans.map(\.plan) ?? [] }
}

extension Round {
  /// What a member sees now.
  func context(of index: Int, live: [Int] = [0, 1, 2], objects: Set<Digest> = []) -> CoordinationContext {
    let identity = identities[index]
    let member = opening.roster[identity.node] ?? opening.roster.members[0]
    return CoordinationContext(
      node: identity.node, epoch: identity.epoch, network: identity.network,
      now: Moment(uptime: .milliseconds(time), wallMilliseconds: time), member: member,
      takesAnyWork: true, policy: LocalPolicy(decline: [], decidesByHand: false),
      live: live.filter { $0 != index && $0 < identities.count }.map(node).sorted(), names: [:],
      collaborations: [id: state], drafts: state.coordinator == identity.node ? [id: state] : [:], objects: objects)
  }
}
