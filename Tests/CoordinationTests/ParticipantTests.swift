import Contract
import Coordination
import Model
import Overlay
import Resources
import RoundFixtures
import Testing

/// The participant's side of offers and assignments, without a network around it.
@Suite struct ParticipantTests {
  /// Member 1 with room for four subtasks, and a task of eight.
  struct Bench {
    static let need = Amounts(cpuMillicores: 100, memoryBytes: 4 << 20)
    static let specification = TaskSpecification(
      command: ["true"], script: nil, environment: [:], sharedInputs: [], split: .replicas(count: 8), results: [],
      outputLimitBytes: 1, reduce: nil)

    var round: Round
    let task: TaskID
    var assessor: Assessor
    var executor = Executor()
    var objects: Set<Digest> = []
    /// What the engine would keep on disk.
    private(set) var kept: [OfferID: Assessor.ReceivedOffer] = [:]
    private(set) var started: [AttemptID] = []
    private(set) var stopped: [AttemptID] = []

    init(specification: TaskSpecification = Self.specification) throws {
      let four = Amounts(cpuMillicores: 400, memoryBytes: 16 << 20)
      round = try Round(totals: [.zero, four, four])
      let reference = ObjectReference(of: try CanonicalJSON.encode(specification))
      let signed = try round.submission(subtasks: 8, needs: Self.need, specification: reference)
      task = try round.submit(signed)
      assessor = Assessor(policy: LocalPolicy(decline: [], decidesByHand: false), total: four)
      objects = [reference.digest]
      let context = context
      var effects = CoordinationEffects()
      executor.specified(reference, specification, context: context, into: &effects)
    }

    var context: CoordinationContext { round.context(of: 1, objects: objects) }
    var free: Int { assessor.reservations.free.cpuMillicores / Self.need.cpuMillicores }

    static func range(_ first: Int, _ count: Int, number: Int = 1) -> [AttemptRange] {
      [AttemptRange(first: first, count: count, number: number)]
    }

    func id(_ subtask: Int, number: Int = 1) -> AttemptID {
      AttemptID(task: task, subtask: subtask, number: number)
    }

    mutating func offer(_ signed: SignedStatement) -> Handling {
      var effects = CoordinationEffects()
      let handling = assessor.offered(signed, context: context, into: &effects)
      if let received = assessor.offers[OfferID(signed.id.digest)], received.state == .accepted {
        kept[received.id] = received
      }
      return handling
    }

    /// Offers, has it accepted, and puts that on the ledger, which the participant folds.
    mutating func assign(_ ranges: [AttemptRange]) throws {
      let signed = try round.offer(task, ranges, expires: round.time + 4_000)
      #expect(offer(signed) == .done("accepted"))
      try append(OfferAnswered(offer: signed, answer: round.answer(signed, task, accepted: ranges, by: 1)))
    }

    mutating func append(_ body: some EntryBody) throws {
      fold([try round.state.apply(Round.record(round.state.lastEntry + 1, body, at: round.time))].compactMap { $0 })
    }

    mutating func fold(_ changes: [TaskChange]) {
      var effects = CoordinationEffects()
      executor.folded(round.id, changes, context: context, assessor: &assessor, into: &effects)
      carryOut(effects)
      sweep()
    }

    mutating func sweep() {
      var effects = CoordinationEffects()
      executor.stop(assessor.sweep(context: context, into: &effects), context, into: &effects)
      carryOut(effects)
    }

    mutating func carryOut(_ effects: CoordinationEffects) {
      for effect in effects.effects {
        switch effect {
        case .release(let id): assessor.release(id)
        case .start(let order): started.append(order.attempt)
        case .cancelWork(let id, _): stopped.append(id)
        case .save(let key, nil): kept = kept.filter { !key.hasSuffix($0.key.hexadecimal) }
        default: break
        }
      }
    }

    /// An attempt ends at its adapter.
    mutating func end(_ subtask: Int) {
      assessor.release(id(subtask))
      executor.ended(
        id(subtask),
        AttemptResult(
          subtask: subtask, number: 1, failure: nil, files: [],
          usage: Usage(cpuMilliseconds: 0, wallMilliseconds: 0, peakMemoryBytes: 0), nativeID: "", nativeState: ""),
        at: context.now)
    }

    /// What an attempt of this node is reported to have failed with.
    mutating func failure(of id: AttemptID) -> AttemptFailure? {
      round.time += 1_000
      var effects = CoordinationEffects()
      executor.report(context, into: &effects)
      for case .tell(_, let statement, _) in effects.effects {
        guard let report = try? statement.decode(ResultReport.self) else { continue }
        let result = report.results.first { $0.subtask == id.subtask && $0.number == id.number }
        if let failure = result?.failure { return failure }
      }
      return nil
    }

    /// The process ends and another begins with what was kept.
    mutating func restart(reported: Set<AttemptID> = [], total: Amounts? = nil) {
      assessor = Assessor(
        policy: assessor.policy, total: total ?? assessor.reservations.total)
      executor = Executor()
      for (_, offer) in kept.sorted(by: { $0.key < $1.key }) {
        assessor.restore(offer, reported: reported, context: context)
      }
    }
  }

  @Test("After a restart, room is held for what runs and not for what is over (R40)", arguments: 1...4)
  func restart(shift: Int) throws {
    var bench = try Bench()
    try bench.assign(Bench.range(0, 4))
    for subtask in 0..<3 { bench.end(subtask) }
    try bench.append(bench.round.report(bench.task, [0, 1, 2], by: 1))
    // An offer's kept form still names all that it was accepted for.
    bench.round.time += Int64(shift)
    try bench.assign(Bench.range(4, 3))
    bench.restart()
    #expect(Set(bench.assessor.reservations.all.map(\.attempt)) == Set([3, 4, 5, 6].map { bench.id($0) }))
    bench.end(3)
    try bench.append(bench.round.report(bench.task, [3], by: 1))
    #expect(bench.free == 1, "three go on")
  }

  @Test("After a restart, what was reported holds no room, and what runs holds it whatever is offered now (R40)")
  func restartBesideReports() throws {
    var bench = try Bench()
    try bench.assign(Bench.range(0, 4))
    bench.restart(reported: [bench.id(0), bench.id(1)])
    #expect(bench.free == 2)
    bench.restart(total: Bench.need)
    #expect(bench.assessor.reservations.committed.cpuMillicores == 400 && bench.free == 0)
  }

  @Test("An offer must not ask for an answer or a lease beyond what the contract gives (R5, R58)")
  func longOffers() throws {
    var bench = try Bench()
    let refused = Handling.done("malformed offer: not within the task and the contract")
    let latest = bench.round.time + 5_000 + 60_000
    for (expires, lease) in [(latest + 1, 61_000), (JSON.integerLimit, 61_000), (5_000, 61_001), (5_000, 60_999)] {
      let offer = try bench.round.offer(bench.task, Bench.range(0, 4), expires: expires, lease: lease)
      #expect(bench.offer(offer) == refused)
    }
    #expect(bench.free == 4)
    #expect(try bench.offer(bench.round.offer(bench.task, Bench.range(0, 4), expires: latest)) == .done("accepted"))
  }

  @Test("A lease is over for who holds it also when nobody says so: the work stops, the room is free (R15, R40)")
  func lapsedLease() throws {
    var bench = try Bench()
    try bench.assign(Bench.range(0, 2))
    bench.objects = []
    try bench.assign(Bench.range(2, 1))
    #expect(bench.started == [0, 1].map { bench.id($0) } && bench.free == 1)
    bench.executor.moved(bench.id(0), to: .running, reason: "", nativeID: "", nativeState: "")
    bench.round.time += 61_000 + 60_000
    bench.sweep()
    #expect(bench.stopped.isEmpty && bench.free == 1, "a coordinator that is there says it first")
    bench.round.time += 1
    bench.sweep()
    #expect(bench.stopped == [bench.id(0), bench.id(1)] && bench.free == 4)
    #expect(bench.executor.attempts[bench.id(1)]?.stage == .reported, "its start is held back")
    #expect(bench.failure(of: bench.id(2)) == AttemptFailure(category: "lost", detail: "its lease is over"))
    bench.restart()
    bench.fold([TaskChange(task: bench.task, extent: .whole)])
    #expect(bench.free == 4 && bench.started.count == 2, "nor does a new process begin it again")
  }

  @Test("Work that this node itself gives up holds no room any more (R40)")
  func ownFailures() throws {
    var bench = try Bench()
    bench.objects = []
    try bench.assign(Bench.range(0, 4))
    #expect(bench.free == 0)
    let reference = try #require(bench.round.state.tasks[bench.task]?.submission.specification)
    for _ in 0..<6 {
      let context = bench.context
      var effects = CoordinationEffects()
      bench.executor.unavailable(reference, why: "nobody has it", context: context, into: &effects)
      bench.carryOut(effects)
    }
    #expect(bench.free == 4)
    #expect(bench.failure(of: bench.id(3))?.category == "inputMissing")
  }

  @Test("Work begins only where room is held for it or free, whatever the ledger assigns (R40, R58)")
  func assignedWithoutRoom() throws {
    var bench = try Bench()
    try bench.assign(Bench.range(0, 2))
    // What it has free is promised to others; an acceptance that it no longer stands by comes onto the ledger.
    let stale = try bench.round.offer(bench.task, Bench.range(2, 2))
    let answer = try bench.round.answer(stale, bench.task, accepted: Bench.range(2, 2), by: 1)
    #expect(try bench.offer(bench.round.offer(bench.task, Bench.range(4, 2))) == .done("accepted"))
    try bench.append(OfferAnswered(offer: stale, answer: answer))
    #expect(bench.started == [0, 1].map { bench.id($0) })
    #expect(bench.failure(of: bench.id(2)) == AttemptFailure(category: "lost", detail: "no room is left for it here"))
    #expect(bench.free == 0)
  }

  @Test("A specification must be of this version and make as many subtasks as the task has (R32)")
  func strangeSpecifications() throws {
    var newer = Bench.specification
    newer.version = 2
    var fewer = Bench.specification
    fewer.split = .replicas(count: 7)
    var reducing = Bench.specification
    reducing.reduce = .init(command: ["cat"], script: nil, results: [])
    for (strange, expected) in [
      (newer, "its version 2 is not known here"), (fewer, "it makes 7 subtasks, the task has 8"),
      (reducing, "it and the task differ on whether there is a last step"),
    ] {
      var bench = try Bench(specification: strange)
      try bench.assign(Bench.range(0, 1))
      #expect(bench.started.isEmpty && bench.free == 4)
      #expect(
        bench.failure(of: bench.id(0))
          == AttemptFailure(
            category: "inputMissing", detail: "the task's specification cannot be used: \(expected)"))
    }
  }
}
