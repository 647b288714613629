import Contract
import Coordination
import Model
import Overlay
import RoundFixtures
import Testing

/// The coordinator's side of offers and results, without a network around it.
@Suite struct DispatchTests {
  static let one = Amounts(cpuMillicores: 100, memoryBytes: 16 << 20)

  @Test("Of a task that somebody else ended, no offer stays out and takes room from the next (R34)")
  func endedFromOutside() throws {
    var desk = Desk(try Round(totals: [.zero, Self.one, Self.one]))
    let first = try desk.submit(2, needs: Self.one, named: "first")
    #expect(desk.dispatcher.offers.count == 2)
    try desk.append(TaskEnded(task: first, outcome: .cancelled, category: "", reason: "r"))
    #expect(desk.dispatcher.offers.isEmpty)
    let second = try desk.submit(2, needs: Self.one, named: "second")
    #expect(desk.outstanding.map(\.offer.task) == [second, second])
  }

  @Test("An answer that the ledger would refuse leaves the offer out until it lapses, which costs weight (R36)")
  func foreignAnswers() throws {
    var desk = Desk(try Round())
    let task = try desk.submit(2)
    let (node, signed, offer) = try #require(desk.outstanding.first)
    let index = node == desk.round.node(1) ? 1 : 2
    let body = OfferAnswer(
      offer: OfferID(signed.id.digest), task: task, accepted: offer.attempts, declined: [], trace: offer.trace)
    let foreign = CollaborationID(Digest(of: [9]))
    let answers = [
      try desk.round.identities[index].sign(body, collaboration: foreign),
      SignedStatement(
        try desk.round.identities[index].sign(body, collaboration: desk.round.id).statement,
        signature: signed.signature),
    ]
    for answer in answers {
      let handling = try desk.step { $0.answered(answer, context: $1, into: &$2) }
      #expect(handling == .done("malformed answer: it is not signed for this collaboration by the member's key"))
      #expect(desk.dispatcher.offers[OfferID(signed.id.digest)] != nil)
    }
    let late = try desk.round.answer(signed, task, accepted: offer.attempts, by: index)
    let margin = Int64(ContractDocument.standard.dispatch.leaseMarginMilliseconds)
    desk.round.time = offer.expiresMilliseconds + margin + 1
    let context = desk.context
    var effects = CoordinationEffects()
    let handling = desk.dispatcher.answered(late, context: context, into: &effects)
    #expect(handling == .done("malformed answer: it comes too late"))
    try desk.proceed()
    #expect(desk.kinds.contains(OfferExpired.kind))
    #expect((desk.round.state.weights[node]?.ppm ?? 0) < 1_000_000)
  }

  @Test("A decline of nothing is no answer")
  func emptyDecline() throws {
    var desk = Desk(try Round())
    let task = try desk.submit(2)
    let (node, signed, offer) = try #require(desk.outstanding.first)
    let answer = try desk.round.identities[node == desk.round.node(1) ? 1 : 2].sign(
      OfferAnswer(
        offer: OfferID(signed.id.digest), task: task, accepted: offer.attempts,
        declined: [.init(attempts: [], code: .policy, text: "", retryAfterMilliseconds: nil)], trace: offer.trace),
      collaboration: desk.round.id)
    let handling = try desk.step { $0.answered(answer, context: $1, into: &$2) }
    #expect(handling == .done("malformed answer: it declines nothing"))
    #expect(desk.dispatcher.offers[OfferID(signed.id.digest)] != nil)
  }

  @Test("Tries to fetch are counted for each result: a cut that meets all of them once loses nothing")
  func failedFetches() throws {
    var desk = Desk(try Round(totals: [.zero, Round.four]))
    let task = try desk.submit(6)
    try desk.answerAll(of: 1)
    let results = (0..<6).map { subtask in
      AttemptResult(
        subtask: subtask, number: 1, failure: nil,
        files: [ResultObject(path: "stdout", content: ObjectReference(of: [UInt8(subtask)]), inline: nil)],
        usage: Usage(cpuMilliseconds: 1, wallMilliseconds: 1, peakMemoryBytes: 1), nativeID: "", nativeState: "")
    }
    let report = try desk.round.identities[1].sign(
      ResultReport(task: task, results: results, trace: TraceID(.zero)), collaboration: desk.round.id)
    let handling = try desk.step { $0.reported(report, context: $1, into: &$2) }
    #expect(handling == .later("6 result objects are on their way"))
    let digests = results.flatMap(\.files).map(\.content.digest)
    for digest in digests { try desk.step { $0.unavailable(digest, context: $1, into: &$2) } }
    #expect(!desk.kinds.contains(AttemptsLost.kind))
    for _ in 0..<4 {
      try desk.step { _ = $0.reported(report, context: $1, into: &$2) }
      try desk.step { $0.unavailable(digests[0], context: $1, into: &$2) }
    }
    #expect(desk.kinds.contains(AttemptsLost.kind), "one that never comes loses the report")
  }

  @Test("Contents that stand in the ledger and had not come into the store are kept again at a start (R65)")
  func keptAgain() throws {
    var desk = Desk(try Round(totals: [.zero, Round.four]))
    let task = try desk.submit(2)
    try desk.answerAll(of: 1)
    let bytes: [UInt8] = [1, 2, 3]
    let results = (0..<2).map { subtask in
      AttemptResult(
        subtask: subtask, number: 1, failure: nil,
        files: [ResultObject(path: "stdout", content: ObjectReference(of: bytes), inline: "AQID")],
        usage: Usage(cpuMilliseconds: 1, wallMilliseconds: 1, peakMemoryBytes: 1), nativeID: "", nativeState: "")
    }
    let report = ResultsReported(
      report: try desk.round.identities[1].sign(
        ResultReport(task: task, results: results, trace: TraceID(.zero)), collaboration: desk.round.id))
    let record = try Round.record(desk.round.state.lastEntry + 1, report, at: desk.round.time)
    try desk.append(report)
    #expect(desk.round.state.tasks[task]?.isOver == true)
    let newest = [desk.round.id: [record]]
    func kept(_ context: CoordinationContext) -> [[UInt8]] {
      var effects = CoordinationEffects()
      Dispatcher().resume(newest, context, into: &effects)
      return effects.effects.compactMap { if case .keep(_, let bytes) = $0 { bytes } else { nil } }
    }
    #expect(kept(desk.context) == [bytes], "once, however many results have it")
    desk.objects = [ObjectReference(of: bytes).digest]
    #expect(kept(desk.context).isEmpty)
    #expect(kept(desk.round.context(of: 1)).isEmpty, "where nobody asks for results, nothing is kept")
  }

  @Test("What waits for a full participant goes to one whose room came free, once for each such change (R33, R37)")
  func roomThatCameFree() throws {
    var desk = Desk(try Round(totals: [.zero, Self.one, Self.one]))
    let long = try desk.submit(2, needs: Self.one, named: "long")
    try desk.answerAll(of: 1)
    try desk.answerAll(of: 2)
    #expect(desk.round.state.tasks[long]?.assignedCount == 2)
    let task = try desk.submit(1, needs: Self.one, named: "short")
    let chosen = try #require(desk.plans(of: task).first?.choices.first?.node)
    #expect(desk.outstanding.isEmpty, "both are full")
    let index = chosen == desk.round.node(1) ? 2 : 1
    let subtask = try #require(
      desk.round.state.tasks[long]?.subtasks.firstIndex { $0.assignee == desk.round.node(index) })
    try desk.append(desk.round.report(long, [subtask], by: index))
    #expect(desk.plans(of: task).map(\.cause) == ["submitted", "idle"])
    #expect(desk.outstanding.map(\.node) == [desk.round.node(index)])
    for _ in 0..<5 { try desk.proceed() }
    #expect(desk.plans(of: task).count == 2)
  }

  @Test("Who has no room is asked again after twice as long each time, and at once when it takes something (R34)")
  func capacityRest() throws {
    var desk = Desk(try Round(totals: [.zero, Round.four]))
    desk.live = [1]
    let task = try desk.submit(4)
    var pauses: [Int64] = []
    for _ in 0..<7 {
      let from = desk.round.time
      try desk.answerAll(of: 1, declining: .capacity)
      while desk.outstanding.isEmpty, desk.round.time < from + 100_000 {
        desk.round.time += 100
        try desk.proceed()
      }
      pauses.append(desk.round.time - from)
    }
    #expect(pauses == [500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000])
    #expect(desk.round.state.weights[desk.round.node(1)]?.ppm == 900_000, "each subtask costs once")
    try desk.answerAll(of: 1)
    #expect(desk.round.state.tasks[task]?.assignedCount == 4)
  }

  @Test("Several offers that find no room at one time are one refusal")
  func onceATime() throws {
    var desk = Desk(try Round(totals: [.zero, Round.four]))
    desk.live = [1]
    _ = try desk.submit(250, needs: Amounts(cpuMillicores: 10, memoryBytes: 1 << 20))
    let from = desk.round.time
    #expect(desk.outstanding.count > 1)
    try desk.answerAll(of: 1, declining: .capacity)
    while desk.outstanding.isEmpty, desk.round.time < from + 100_000 {
      desk.round.time += 100
      try desk.proceed()
    }
    #expect(desk.round.time - from == 500)
  }

  @Test("Who refuses for good is not asked again for the same task (R35)")
  func refusedForGood() throws {
    var desk = Desk(try Round())
    let task = try desk.submit(4)
    try desk.answerAll(of: 1, declining: .trust)
    try desk.answerAll(of: 2)
    #expect(desk.round.state.tasks[task]?.assignedCount == 4)
    #expect(desk.plans(of: task).last?.filtered.first { $0.node == desk.round.node(1) }?.constraint == "declined")
  }
}
