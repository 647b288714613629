import Contract
import Model
import Overlay
import RoundFixtures
import Testing

@Suite struct FoldTests {
  static let all = [AttemptRange(first: 0, count: 10, number: 1)]

  @Test("A round opens only with an agreement that exactly its members signed (R5)")
  func opening() throws {
    let round = try Round()
    func rule(_ change: (inout RoundOpened) throws -> Void) throws -> Violation.Rule? {
      var body = round.opening
      try change(&body)
      do {
        _ = try CollaborationState(id: round.id, opening: Round.record(1, body, at: 1))
        return nil
      } catch let violation as Violation {
        return violation.rule
      }
    }
    #expect(try rule { _ in } == nil)
    #expect(try rule { $0.contract.weights.floorPPM += 1 } == .agreement)
    #expect(try rule { $0.signatures.removeLast() } == .agreement)
    #expect(try rule { $0.charter.nonce = "other" } == .agreement)
    #expect(try rule { $0.contract.rules = 99 } == .agreement)
    #expect(try rule { $0.coordinator = round.node(1) } == .membership)
    #expect(try rule { $0.roster.members.swapAt(0, 1) } == .membership)
    #expect(try rule { $0.roster.members.append($0.roster.members[0]) } == .membership)
    #expect(try rule { $0.roster.members[0].certificate = $0.roster.members[1].certificate } == .membership)
    #expect(try rule { $0.contract.weights.acceptedPPM = 1 << 52 } == .limit)
    for ceiling in [0, -1, round.opening.contract.weights.floorPPM - 1] {
      #expect(try rule { $0.contract.weights.ceilingPPM = ceiling } == .limit, "a ceiling below the floor")
    }
    #expect(try rule { $0.roster.members[0].priceMicroPerCPUSecond = -1 } == .limit)
    #expect(
      try rule { $0.contract.dispatch.strategy = "mine" } == .limit, "plans are made anew by known strategies only")
    #expect(try rule { $0.contract.admission.minimum = Amounts(cpuMillicores: 4_001, memoryBytes: 1) } == .membership)
    #expect(try rule { $0.contract.price.microPerCPUSecond = 49 } == .membership, "members ask for 50")
    let escaped = Array(repeating: String(repeating: "\u{1}", count: 32), count: 32)
    #expect(try rule { $0.roster.members[0].adapters = escaped } == .limit, "a roster must fit into an entry")
    let late = try Round.record(2, round.opening, at: 1)
    #expect(throws: Violation.self) { try CollaborationState(id: round.id, opening: late) }
  }

  @Test("Each rule that a record can break refuses it and leaves the state as it was")
  func violations() throws {
    var round = try Round()
    let task = try round.submit()
    #expect(throws: Violation.self) {
      try round.state.apply(Round.record(9, TaskEnded(task: task, outcome: .failed, category: "", reason: ""), at: 1))
    }
    #expect(try round.refusal(of: TaskSubmitted(submission: round.submission())) == .duplicate)
    #expect(try round.refusal(of: TaskSubmitted(submission: round.submission(subtasks: 0))) == .limit)
    #expect(try round.refusal(of: TaskSubmitted(submission: round.submission(subtasks: 100_001))) == .limit)
    let stranger = try Round(seed: 7)
    #expect(try round.refusal(of: TaskSubmitted(submission: stranger.submission())) == .membership)
    let offer = try round.offer(task, Self.all)
    func answered(_ offer: SignedStatement, _ answer: SignedStatement) -> OfferAnswered {
      OfferAnswered(offer: offer, answer: answer)
    }
    let accepted = try round.answer(offer, task, accepted: Self.all, by: 1)
    #expect(
      try round.refusal(of: answered(SignedStatement(offer.statement, signature: accepted.signature), accepted))
        == .signature)
    #expect(
      try round.refusal(of: answered(offer, SignedStatement(accepted.statement, signature: offer.signature)))
        == .signature)
    let foreign = try round.offer(task, Self.all, by: 2)
    #expect(
      try round.refusal(of: answered(foreign, round.answer(foreign, task, accepted: Self.all, by: 1))) == .signature)
    let half = [AttemptRange(first: 0, count: 5, number: 1)]
    #expect(try round.refusal(of: answered(offer, round.answer(offer, task, accepted: half, by: 1))) == .attempt)
    let huge = [AttemptRange(first: 0, count: (1 << 31) - 1, number: 1)]
    #expect(try round.refusal(of: answered(offer, round.answer(offer, task, accepted: huge, by: 1))) == .attempt)
    let wide = try round.offer(task, huge)
    #expect(try round.refusal(of: answered(wide, round.answer(wide, task, accepted: huge, by: 1))) == .limit)
    let cheap = try round.offer(task, Self.all, price: 10)
    #expect(try round.refusal(of: answered(cheap, round.answer(cheap, task, accepted: Self.all, by: 1))) == .price)
    #expect(try round.refusal(of: OfferExpired(offer: offer)) == .expiry)
    #expect(try round.refusal(of: round.report(task, [0], by: 1)) == .attempt)
    #expect(
      try round.refusal(of: TaskEnded(task: TaskID(.zero), outcome: .failed, category: "", reason: "")) == .unknownTask)
    #expect(try round.refusal(of: TaskEnded(task: task, outcome: .succeeded, category: "", reason: "")) == .attempt)
    try round.assign(task, Self.all, to: 1)
    #expect(try round.refusal(of: round.report(task, [0], by: 2)) == .attempt)
    #expect(try round.refusal(of: round.report(task, [0, 0], by: 1)) == .attempt)
    #expect(try round.refusal(of: round.report(task, [0], path: "../../etc/passwd", by: 1)) == .limit)
    #expect(
      try round.refusal(
        of: AttemptsLost(task: task, participant: round.node(1), attempts: Self.all, cause: .leaseExpired)) == .expiry)
    try round.apply(TaskEnded(task: task, outcome: .cancelled, category: "", reason: "r"))
    #expect(try round.refusal(of: TaskEnded(task: task, outcome: .failed, category: "", reason: "")) == .taskEnded)
    #expect(round.state.committed[round.node(1)] == .zero, "what was assigned is free again")
    let strange = LedgerRecord(
      number: round.state.lastEntry + 1, term: 1, timeMilliseconds: 1, kind: "strange", body: .object([:]))
    let detail = "'strange' is no kind of entry of rules \(ContractDocument.rulesVersion)"
    #expect(throws: Violation(entry: strange.number, rule: .kind, detail: detail)) {
      try round.state.apply(strange)
    }
    let empty = LedgerRecord(
      number: strange.number, term: 1, timeMilliseconds: 1, kind: TaskEnded.kind, body: .object([:]))
    let error = #expect(throws: Violation.self) { try round.state.apply(empty) }
    #expect(error?.rule == .malformed)
  }

  @Test("A participant never holds more than it offers (R40)")
  func oversubscription() throws {
    var round = try Round(totals: [.zero, Amounts(cpuMillicores: 500, memoryBytes: 1 << 30)])
    let task = try round.submit()
    try round.assign(task, [AttemptRange(first: 0, count: 5, number: 1)], to: 1)
    let more = [AttemptRange(first: 5, count: 1, number: 1)]
    let offer = try round.offer(task, more)
    #expect(
      try round.refusal(of: OfferAnswered(offer: offer, answer: round.answer(offer, task, accepted: more, by: 1)))
        == .limit)
  }

  @Test("Weights move by the contract's numbers, with a reason each, between floor and ceiling (R36)")
  func weights() throws {
    var round = try Round()
    func weight(_ index: Int) -> Int { round.state.weights[round.node(index)]?.ppm ?? 0 }
    var task = try round.submit()
    try round.assign(task, Self.all, to: 1)
    #expect(weight(1) == 1_050_000)
    try round.apply(try round.report(task, Array(0..<10), failing: true, by: 1))
    #expect(weight(1) == 850_000, "failing costs more than accepting gained")
    task = try round.submit(subtasks: 20)
    let half = [AttemptRange(first: 0, count: 10, number: 1)]
    let offer = try round.offer(task, half, to: 2)
    try round.apply(
      OfferAnswered(offer: offer, answer: round.answer(offer, task, accepted: [], declined: half, by: 2)))
    #expect(weight(2) == 950_000, "half a task declined costs half")
    let again = [AttemptRange(first: 0, count: 10, number: 2)]
    let kept = try round.offer(task, again, to: 2)
    try round.apply(
      OfferAnswered(
        offer: kept, answer: round.answer(kept, task, accepted: [], declined: again, code: .capacity, by: 2)))
    #expect(weight(2) == 950_000, "a subtask that it declined before costs nothing more")
    let rest = [AttemptRange(first: 10, count: 10, number: 1)]
    let other = try round.offer(task, rest, to: 2)
    try round.apply(
      OfferAnswered(
        offer: other, answer: round.answer(other, task, accepted: [], declined: rest, code: .maintenance, by: 2)))
    #expect(weight(2) == 900_000, "maintenance that nothing has declared is a decline")
    round.time = 6_000
    let silent = try round.offer(task, [AttemptRange(first: 10, count: 10, number: 2)], to: 2)
    try round.apply(OfferExpired(offer: silent))
    #expect(weight(2) == 750_000, "ignoring costs more than declining")
    for number in 3...200 {
      let range = [AttemptRange(first: 0, count: 10, number: number)]
      let offer = try round.offer(task, range, to: 2, expires: 1)
      try round.apply(OfferExpired(offer: offer))
    }
    #expect(weight(2) == ContractDocument.standard.weights.floorPPM)
    #expect(round.state.weights[round.node(2)]?.changes.allSatisfy { !$0.reason.isEmpty } == true)
  }

  @Test("Who will have none of a task is remembered, however many answers come after (R35)")
  func refusals() throws {
    var round = try Round()
    let task = try round.submit()
    func range(_ number: Int) -> [AttemptRange] { [AttemptRange(first: 0, count: 1, number: number)] }
    func decline(_ number: Int, _ code: DeclineCode, by index: Int) throws {
      let offer = try round.offer(task, range(number), to: index)
      try round.apply(
        OfferAnswered(
          offer: offer, answer: round.answer(offer, task, accepted: [], declined: range(number), code: code, by: index))
      )
    }
    try decline(1, .trust, by: 1)
    for number in 2...(TaskRecord.answersKept + 2) { try decline(number, .capacity, by: 2) }
    let record = try #require(round.state.tasks[task])
    #expect(!record.answers.contains { $0.node == round.node(1) }, "it has fallen out of the newest answers")
    #expect(record.refusals[round.node(1)]?.code == "TRUST" && record.refusals[round.node(2)] == nil)
  }

  @Test("An answer names what it declines, and comes while who gave it still holds room for it")
  func emptyAndLateAnswers() throws {
    var round = try Round()
    let task = try round.submit()
    let offer = try round.offer(task, Self.all)
    let empty = OfferAnswer.Decline(attempts: [], code: .policy, text: "", retryAfterMilliseconds: nil)
    let padded = try round.identities[1].sign(
      OfferAnswer(
        offer: OfferID(offer.id.digest), task: task, accepted: Self.all, declined: [empty, empty],
        trace: TraceID(.zero)), collaboration: round.id)
    #expect(try round.refusal(of: OfferAnswered(offer: offer, answer: padded)) == .attempt)
    let accepted = try OfferAnswered(offer: offer, answer: round.answer(offer, task, accepted: Self.all, by: 1))
    round.time = 5_000 + Int64(ContractDocument.standard.dispatch.leaseMarginMilliseconds) + 1
    #expect(try round.refusal(of: accepted) == .expiry)
    round.time -= 1
    #expect(try round.refusal(of: accepted) == nil)
  }

  @Test("A lease is what the contract says: the attempt's own time and the margin")
  func leases() throws {
    var round = try Round()
    let task = try round.submit()
    for lease in [60_999, 61_001, JSON.integerLimit] {
      let offer = try round.offer(task, Self.all, lease: Int(lease))
      #expect(
        try round.refusal(of: OfferAnswered(offer: offer, answer: round.answer(offer, task, accepted: Self.all, by: 1)))
          == .limit)
    }
    try round.assign(task, Self.all, to: 1)
    #expect(round.state.tasks[task]?.subtasks[0].state == .assigned(to: round.node(1), leaseEndsMilliseconds: 62_000))
  }

  @Test("The first result counts; cost is what the member asks for what it used")
  func results() throws {
    var round = try Round()
    let task = try round.submit()
    try round.assign(task, Self.all, to: 1)
    try round.apply(try round.report(task, Array(0..<10), by: 1))
    #expect(try round.refusal(of: round.report(task, [3], by: 1)) == .attempt)
    let share = try #require(round.state.tasks[task]?.shares[round.node(1)])
    #expect(share.succeeded == 10 && share.running == 0 && share.cost == Credits(micro: 500))
    try round.apply(TaskEnded(task: task, outcome: .succeeded, category: "", reason: ""))
    #expect(round.state.openTasks == 0)
  }

  @Test("Nobody answers for somebody else, or is charged for an offer to somebody else (R36)")
  func participants() throws {
    var round = try Round()
    let task = try round.submit()
    let offer = try round.offer(task, Self.all, to: 1)
    let stolen = try round.answer(offer, task, accepted: Self.all, by: 2)
    #expect(try round.refusal(of: OfferAnswered(offer: offer, answer: stolen)) == .membership)
    round.time = 6_000
    let weights = round.state.weights
    try round.apply(OfferExpired(offer: offer))
    #expect(round.state.weights[round.node(2)] == weights[round.node(2)])
    #expect(round.state.weights[round.node(1)] != weights[round.node(1)])
  }

  @Test("What a member can have computed since the assignment is paid, whatever it reports")
  func inflatedUsage() throws {
    var round = try Round()
    let task = try round.submit()
    try round.assign(task, Self.all, to: 1)
    round.time += 2_500
    var report = try round.report(task, [0], by: 1).report.statement.decode(ResultReport.self)
    report.results[0].usage.cpuMilliseconds = 100_000_000_000
    try round.apply(ResultsReported(report: round.identities[1].sign(report, collaboration: round.id)))
    let share = try #require(round.state.tasks[task]?.shares[round.node(1)])
    #expect(share.cpuMilliseconds == 12_000, "three seconds begun on four cores")
    #expect(share.cost == Credits(micro: 600))
  }

  @Test("Open tasks together have a bound, and what ended makes room and keeps no contents")
  func openSubtasks() throws {
    var round = try Round()
    let first = try round.submit(subtasks: 100_000)
    _ = try round.submit(subtasks: 99_999)
    #expect(try round.refusal(of: TaskSubmitted(submission: round.submission(subtasks: 2))) == .limit)
    try round.assign(first, Self.all, to: 1)
    try round.apply(try round.report(first, [0], by: 1))
    #expect(round.state.tasks[first]?.subtasks[0].result?.files.first?.inline != nil)
    try round.apply(TaskEnded(task: first, outcome: .cancelled, category: "", reason: ""))
    #expect(round.state.tasks[first]?.subtasks[0].result?.files.first?.inline == nil)
    #expect(round.state.openTasks == 1)
    _ = try round.submit(subtasks: 2)
  }

  @Test("Of a report only what is assigned to its author counts; the rest is fenced by its attempt")
  func partlyStaleReports() throws {
    var round = try Round()
    let task = try round.submit()
    try round.assign(task, Self.all, to: 1)
    try round.apply(
      AttemptsLost(
        task: task, participant: round.node(1), attempts: [AttemptRange(first: 2, count: 3, number: 1)],
        cause: .participantFailed))
    let change = try round.state.apply(
      Round.record(round.state.lastEntry + 1, round.report(task, Array(0..<10), by: 1), at: round.time))
    let record = try #require(round.state.tasks[task])
    #expect(record.subtasks.indices.filter { record.subtasks[$0].isDone } == [0, 1, 5, 6, 7, 8, 9])
    #expect(record.assignedCount == 0 && record.succeededCount == 7)
    #expect(round.state.committed[round.node(1)] == .zero)
    #expect(record.shares[round.node(1)]?.cost == Credits(micro: 350), "what does not count is not paid")
    let named = [0, 1, 5, 6, 7, 8, 9].map { AttemptID(task: task, subtask: $0, number: 1) }
    #expect(change == TaskChange(task: task, extent: .attempts(named)))
    #expect(try round.refusal(of: round.report(task, [2, 3], by: 1)) == .attempt, "nothing of it counts")
    #expect(try round.refusal(of: round.report(task, [2, 2], number: 2, by: 1)) == .attempt)
  }
}
