public import Contract
public import Model
public import Overlay

/// An open round of real keys, and the records that a coordinator would put on its ledger.
public struct Round: Sendable {
  public let identities: [LocalIdentity]
  public let id: CollaborationID
  public var opening: RoundOpened
  public var state: CollaborationState
  public var time: Int64 = 1_000

  public var coordinator: LocalIdentity { identities[0] }
  public func node(_ index: Int) -> NodeID { identities[index].node }

  public init(
    seed: UInt64 = 1, totals: [Amounts] = [.zero, Self.four, Self.four], contract: ContractDocument = .standard,
    isOfNetwork: Bool = false
  ) throws {
    var random = Random.seeded(seed)
    let first = try LocalIdentity.founding(
      name: "test", seeds: NodeSeeds(random: &random), createdMilliseconds: 1, nonce: random.digest())
    var all = [first]
    for _ in totals.dropFirst() {
      let invitation = try first.invite(seeds: [], expiresMilliseconds: 1 << 50, keySeed: random.digest())
      all.append(try LocalIdentity.joining(invitation, seeds: NodeSeeds(random: &random), nowMilliseconds: 1))
    }
    identities = all
    let charter =
      isOfNetwork
      ? Charter.ofNetwork(first.network, founder: first.node)
      : Charter(founder: first.node, name: "round", network: first.network, nonce: "n")
    id = try charter.id()
    let roster = Roster(
      version: 1,
      members: zip(all, totals).enumerated().map { index, pair in
        RosterMember(
          node: pair.0.node, name: "node \(index)", owner: "o", kind: "edge", certificate: pair.0.certificate,
          adapters: ["noop"], sandboxed: true, total: pair.1, priceMicroPerCPUSecond: 50)
      })
    let agreement = try Agreement(charter: charter, contract: contract, roster: roster, round: 1).hash()
    let id = id
    let signatures = try all.sorted { $0.node < $1.node }.map {
      try $0.sign(RosterSignature(agreement: agreement, call: StatementID(.zero)), collaboration: id)
    }
    opening = try RoundOpened(
      charter: charter,
      configuration: roster.configuration(
        founder: first.node, votersAtMost: contract.election.votersAtMost),
      contract: contract, coordinator: first.node, round: 1, roster: roster,
      signatures: signatures, negotiation: [], trace: TraceID(.zero))
    state = try CollaborationState(id: id, opening: Self.record(1, opening, at: 1_000))
  }

  public static let four = Amounts(cpuMillicores: 4_000, memoryBytes: 4 << 30)

  public static func record(_ number: Int, _ body: some EntryBody, at time: Int64) throws -> LedgerRecord {
    LedgerRecord(
      number: number, term: 1, timeMilliseconds: time, kind: type(of: body).kind, body: try CanonicalJSON.json(of: body)
    )
  }

  public mutating func apply(_ body: some EntryBody) throws {
    try state.apply(Self.record(state.lastEntry + 1, body, at: time))
  }

  /// Applies what must be refused; the state must not change.
  public mutating func refusal(of body: some EntryBody) throws -> Violation.Rule? {
    let before = state
    do {
      try apply(body)
      return nil
    } catch let violation as Violation {
      return state == before ? violation.rule : nil
    }
  }

  // MARK: Bodies

  public func submission(
    subtasks: Int = 10, by index: Int = 0, needs: Amounts = Amounts(cpuMillicores: 100, memoryBytes: 1 << 20),
    specification: ObjectReference = ObjectReference(of: []), queueMilliseconds: Int = 1_000, name: String = "t"
  ) throws -> SignedStatement {
    let submission = Submission(
      name: name, kind: "batch", labels: [:], specification: specification, subtaskCount: subtasks,
      reduces: false, needs: needs, reduceNeeds: needs, adapter: nil,
      timeouts: .init(
        negotiateMilliseconds: 1_000, queueMilliseconds: queueMilliseconds, executeMilliseconds: 1_000,
        totalMilliseconds: 3_600_000),
      attemptLimit: 3, priority: 0, priceLimitMicroPerCPUSecond: nil, trace: TraceID(.zero),
      submittedMilliseconds: 0, nonce: "\(subtasks)")
    return try identities[index].sign(submission, collaboration: id)
  }

  public mutating func submit(subtasks: Int = 10) throws -> TaskID {
    try submit(submission(subtasks: subtasks))
  }

  public mutating func submit(_ signed: SignedStatement) throws -> TaskID {
    try apply(TaskSubmitted(submission: signed))
    return TaskID(signed.id.digest)
  }

  public func offer(
    _ task: TaskID, _ attempts: [AttemptRange], by index: Int = 0, to asked: Int = 1, price: Int = 50,
    expires: Int64 = 5_000, lease: Int = 61_000
  ) throws -> SignedStatement {
    try identities[index].sign(
      Offer(
        task: task, participant: node(asked), attempts: attempts, priceMicroPerCPUSecond: price,
        expiresMilliseconds: expires,
        leaseMilliseconds: lease, plan: 1, term: 1, trace: TraceID(.zero)), collaboration: id)
  }

  public func answer(
    _ offer: SignedStatement, _ task: TaskID, accepted: [AttemptRange], declined: [AttemptRange] = [],
    code: DeclineCode = .policy, retryAfter: Int? = nil, by index: Int
  ) throws -> SignedStatement {
    try identities[index].sign(
      OfferAnswer(
        offer: OfferID(offer.id.digest), task: task, accepted: accepted,
        declined: declined.isEmpty
          ? [] : [.init(attempts: declined, code: code, text: "no", retryAfterMilliseconds: retryAfter)],
        trace: TraceID(.zero)), collaboration: id)
  }

  /// Offers and has accepted.
  public mutating func assign(_ task: TaskID, _ attempts: [AttemptRange], to index: Int) throws {
    let offer = try offer(task, attempts, to: index)
    try apply(OfferAnswered(offer: offer, answer: answer(offer, task, accepted: attempts, by: index)))
  }

  public func report(
    _ task: TaskID, _ subtasks: [Int], number: Int = 1, failing: Bool = false, path: String = "stdout", by index: Int
  ) throws -> ResultsReported {
    let results = subtasks.map {
      AttemptResult(
        subtask: $0, number: number, failure: failing ? AttemptFailure(category: "command", detail: "1") : nil,
        files: [ResultObject(path: path, content: ObjectReference(of: []), inline: "")],
        usage: Usage(cpuMilliseconds: 1_000, wallMilliseconds: 1_000, peakMemoryBytes: 1), nativeID: "",
        nativeState: "")
    }
    return ResultsReported(
      report: try identities[index].sign(
        ResultReport(task: task, results: results, trace: TraceID(.zero)), collaboration: id))
  }
}
