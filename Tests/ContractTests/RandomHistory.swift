import Contract
import Model
import Overlay
import RoundFixtures

/// A ledger that chance writes: every kind of entry that a collaboration with tasks may hold, as the contract takes it.
struct RandomHistory {
  var round: Round
  /// From entry 1.
  private(set) var records: [LedgerRecord] = []
  private(set) var kinds: Set<String> = []
  private var random: Random
  private var people: [LocalIdentity]

  var state: CollaborationState { round.state }

  init(seed: UInt64, intervalEntries: Int) throws {
    random = Random.seeded(seed)
    var contract = ContractDocument.standard
    contract.snapshots.intervalEntries = intervalEntries
    round = try Round(
      seed: seed, totals: [.zero, Round.four, Round.four, Round.four, Round.four], contract: contract)
    people = round.identities
    for _ in 0..<3 {
      let invitation = try round.coordinator.invite(
        seeds: [], expiresMilliseconds: 1 << 50, keySeed: random.digest())
      people.append(try LocalIdentity.joining(invitation, seeds: NodeSeeds(random: &random), nowMilliseconds: 1))
    }
    records = [try Round.record(1, round.opening, at: 1_000)]
  }

  /// Something happens, or nothing where chance wants what the contract does not take.
  mutating func step() throws {
    round.time += Int64.random(in: 1...200, using: &random)
    switch Int.random(in: 0..<21, using: &random) {
    case 0...1: try submit()
    case 2...3: try plan()
    case 4...8: try answer()
    case 9: try expire()
    case 10...13: try report()
    case 14: try lose()
    case 15: try end()
    case 16: try join()
    case 17: try leave()
    case 18: try changeVoters()
    case 19: try delegate()
    default: try Bool.random(using: &random) ? openTerm() : digest()
    }
  }

  private mutating func apply(_ body: some EntryBody) throws {
    try apply(type(of: body).kind, CanonicalJSON.json(of: body), term: state.term)
  }

  private mutating func apply(_ kind: String, _ body: JSON, term: Int) throws {
    let record = LedgerRecord(
      number: state.lastEntry + 1, term: term, timeMilliseconds: round.time, kind: kind, body: body)
    do {
      try round.state.apply(record)
    } catch {
      return
    }
    records.append(record)
    kinds.insert(kind)
  }

  private func identity(_ node: NodeID) -> LocalIdentity? { people.first { $0.node == node } }

  private mutating func member() -> LocalIdentity? {
    state.roster.members.randomElement(using: &random).flatMap { identity($0.node) }
  }

  private mutating func task() -> TaskRecord? {
    state.openTaskIDs.randomElement(using: &random).flatMap { state.tasks[$0] }
  }

  /// Some of these subtasks of one task, as attempts.
  private mutating func some(_ subtasks: [Int], of task: TaskRecord) -> [AttemptID] {
    guard let first = subtasks.randomElement(using: &random) else { return [] }
    return subtasks.filter { $0 >= first }.prefix(Int.random(in: 1...20, using: &random)).map {
      AttemptID(task: task.id, subtask: $0, number: task.subtasks[$0].attempt)
    }
  }

  // MARK: Tasks

  private mutating func submit() throws {
    guard state.openTasks < 6 else { return }
    let index = Int.random(in: 0..<5, using: &random)
    let signed = try round.submission(
      subtasks: Int.random(in: 1...(Int.random(in: 0..<4, using: &random) == 0 ? 600 : 30), using: &random), by: index,
      needs: Amounts(cpuMillicores: 10, memoryBytes: 1 << 10), name: "täsk \"\(records.count)\"")
    try apply(TaskSubmitted(submission: signed))
  }

  private mutating func plan() throws {
    guard let task = task(), let member = member() else { return }
    let attempts = AttemptRange.ranges(of: some(task.placeable, of: task))
    let amounts = Amounts(cpuMillicores: 1, memoryBytes: 2)
    try apply(
      TaskPlanned(
        task: task.id, number: task.planCount + 1, previous: task.planCount, cause: "first",
        strategy: "weightedFairShare", seed: random.digest(),
        candidates: [.init(node: member.node, weightPPM: 1, free: amounts, fits: 3, score: 4)],
        filtered: [.init(node: round.node(0), constraint: "cpu", detail: "none")],
        choices: [.init(node: member.node, attempts: attempts)]))
  }

  private mutating func offer() throws -> (signed: SignedStatement, offer: Offer, asked: LocalIdentity)? {
    guard let task = task(), let asked = member(), let author = identity(state.coordinator) else { return nil }
    let attempts = AttemptRange.ranges(of: some(task.placeable, of: task))
    let offer = Offer(
      task: task.id, participant: asked.node, attempts: attempts, priceMicroPerCPUSecond: 50,
      expiresMilliseconds: round.time + 100, leaseMilliseconds: state.leaseMilliseconds(of: task.submission), plan: 1,
      term: state.term, trace: TraceID(random.digest()))
    return (try author.sign(offer, collaboration: round.id), offer, asked)
  }

  private mutating func answer() throws {
    guard let (signed, offer, asked) = try offer() else { return }
    let codes: [DeclineCode] = [.policy, .capacity, .maintenance]
    let declines = Int.random(in: 0..<3, using: &random) == 0
    let answer = OfferAnswer(
      offer: OfferID(signed.id.digest), task: offer.task, accepted: declines ? [] : offer.attempts,
      declined: !declines
        ? []
        : [
          .init(
            attempts: offer.attempts, code: codes.randomElement(using: &random) ?? .policy, text: "no\n",
            retryAfterMilliseconds: Bool.random(using: &random) ? nil : 700)
        ],
      trace: TraceID(.zero))
    try apply(OfferAnswered(offer: signed, answer: try asked.sign(answer, collaboration: round.id)))
  }

  private mutating func expire() throws {
    guard let (signed, _, _) = try offer() else { return }
    round.time += 200
    try apply(OfferExpired(offer: signed))
  }

  private mutating func assigned() -> (node: LocalIdentity, attempts: [AttemptID])? {
    guard let task = task(), let node = member() else { return nil }
    let held = task.subtasks.indices.filter { task.subtasks[$0].assignee == node.node }
    let attempts = some(held, of: task)
    return attempts.isEmpty ? nil : (node, attempts)
  }

  private mutating func report() throws {
    guard let (node, attempts) = assigned() else { return }
    let results = attempts.map { attempt in
      let files = ["stdout", "stderr", "out/é"].prefix(Int.random(in: 0...3, using: &random)).map { path in
        ResultObject(
          path: path, content: ObjectReference(of: random.bytes(3)),
          inline: Bool.random(using: &random) ? nil : "YWJj")
      }
      return AttemptResult(
        subtask: attempt.subtask, number: attempt.number,
        failure: Int.random(in: 0..<4, using: &random) == 0
          ? AttemptFailure(category: "command", detail: "exit \"1\"") : nil,
        files: files,
        usage: Usage(
          cpuMilliseconds: Int.random(in: 0...9_000, using: &random), wallMilliseconds: 7, peakMemoryBytes: 1 << 40),
        nativeID: "job-\(attempt.subtask)", nativeState: "done")
    }
    try apply(
      ResultsReported(
        report: try node.sign(
          ResultReport(task: attempts[0].task, results: results, trace: TraceID(.zero)), collaboration: round.id)))
  }

  private mutating func lose() throws {
    guard let (node, attempts) = assigned() else { return }
    try apply(
      AttemptsLost(
        task: attempts[0].task, participant: node.node, attempts: AttemptRange.ranges(of: attempts),
        cause: .participantFailed))
  }

  private mutating func end() throws {
    guard let task = task() else { return }
    let outcome: TaskEnded.Outcome = task.succeededCount == task.subtasks.count ? .succeeded : .cancelled
    try apply(TaskEnded(task: task.id, outcome: outcome, category: "command", reason: "a \u{1} reason"))
  }

  // MARK: Members and terms

  private mutating func join() throws {
    guard let person = people.filter({ state.roster[$0.node] == nil }).randomElement(using: &random) else { return }
    let member = RosterMember(
      node: person.node, name: "newcomer", owner: "o", kind: "edge", certificate: person.certificate,
      adapters: ["noop"], sandboxed: true, total: Round.four, priceMicroPerCPUSecond: 50)
    let request = JoinRequest(after: state.lastEntry, contract: state.contractHash, member: member)
    try apply(
      MemberJoined(
        member: member, request: try person.sign(request, collaboration: round.id),
        version: state.roster.version + 1))
  }

  private mutating func leave() throws {
    for member in state.roster.members where state.obstacle(toLeavingOf: member.node) == nil {
      return try apply(MemberLeft(node: member.node, version: state.roster.version + 1))
    }
    guard state.leaving.count < 2, let person = member() else { return }
    let request = LeaveRequest(after: state.lastEntry, reason: "maintenance")
    try apply(MemberLeaving(node: person.node, request: try person.sign(request, collaboration: round.id)))
  }

  private mutating func changeVoters() throws {
    if let next = state.configuration.next {
      return try apply(VotersChanged(configuration: try Configuration(voters: next), decided: .null))
    }
    try apply(
      VotersChanging(
        configuration: try Configuration(
          voters: state.configuration.voters, next: state.nextVoters { _ in true })))
  }

  /// To the only one who offers nothing, or to nobody.
  private mutating func delegate() throws {
    guard let person = member() else { return }
    let agent = Int.random(in: 0..<3, using: &random) == 0 ? nil : round.node(0)
    let body = Delegation(after: state.lastEntry, agent: agent, person: "ada", reason: "\u{e9} reason")
    try apply(CoordinationDelegated(delegation: try person.sign(body, collaboration: round.id)))
  }

  private mutating func openTerm() throws {
    guard let voter = state.configuration.voters.randomElement(using: &random) else { return }
    let cause: JSON = .object([
      "by": .string(voter.node.hexadecimal), "detail": .string("silent"), "kind": .string("lost"),
      "person": .string("ada"),
    ])
    try apply(
      TermRecord.kind, .object(["cause": cause, "coordinator": .string(voter.node.hexadecimal)]), term: state.term + 1)
  }

  private mutating func digest() throws {
    var copy = state
    try apply(StateDigested(digest: try copy.digest()))
  }
}
