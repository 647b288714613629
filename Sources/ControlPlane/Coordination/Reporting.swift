public import Contract
public import Model

/// What this node still has to tell coordinators of its attempts, and when it does. The first result of a task goes
/// at once; what ends while a report is on its way to the ledger goes with the next one, so that reports grow with
/// the load and one alone waits for nobody.
package struct Reporting: Sendable {
  /// Results in one report take at most this much of an entry.
  package static let byteLimit = 40 * 1_024
  /// How long a result waits for the report before it to come onto the ledger.
  package static let gatherLimit = Duration.milliseconds(100)

  package struct Ended: Sendable {
    package let result: AttemptResult
    /// Of its canonical form.
    package let byteCount: Int

    package init(result: AttemptResult, byteCount: Int) {
      self.result = result
      self.byteCount = byteCount
    }
  }

  package struct Batch: Sendable {
    package let collaboration: CollaborationID
    package fileprivate(set) var ended: [Ended] = []
    /// Uptime.
    let since: Duration
  }

  package init() {}

  private var waiting: [TaskID: Batch] = [:]
  /// Told, and not on the ledger yet: whoever coordinates next has to be told again.
  private var told: [TaskID: [AttemptID: Ended]] = [:]
  /// Attempts that got further without ending.
  private var moved: [TaskID: Set<AttemptID>] = [:]

  package var isEmpty: Bool { waiting.isEmpty && moved.isEmpty }

  package mutating func ended(_ id: AttemptID, _ ended: Ended, in collaboration: CollaborationID, at now: Moment) {
    waiting[id.task, default: Batch(collaboration: collaboration, since: now.uptime)].ended.append(ended)
  }

  package mutating func moved(_ id: AttemptID) { moved[id.task, default: []].insert(id) }

  package mutating func told(_ id: AttemptID, _ ended: Ended) { told[id.task, default: [:]][id] = ended }

  /// Puts back what was told of one collaboration, as if it had just ended.
  package mutating func untell(_ attempts: [AttemptID], in collaboration: CollaborationID, at now: Moment) {
    for id in attempts {
      guard let known = told[id.task]?.removeValue(forKey: id) else { continue }
      if told[id.task]?.isEmpty == true { told[id.task] = nil }
      ended(id, known, in: collaboration, at: now)
    }
  }

  /// The ledger has decided about an attempt.
  package mutating func settled(_ id: AttemptID) {
    told[id.task]?[id] = nil
    if told[id.task]?.isEmpty == true { told[id.task] = nil }
  }

  private func isDue(_ task: TaskID, _ batch: Batch, _ now: Moment) -> Bool {
    told[task] == nil || batch.ended.count >= ResultReport.countLimit || now.uptime - batch.since >= Self.gatherLimit
  }

  package func isDue(at now: Moment) -> Bool { waiting.contains { isDue($0.key, $0.value, now) } }

  package mutating func takeDue(at now: Moment) -> [(task: TaskID, batch: Batch)] {
    waiting.keys.sorted().compactMap { task in
      guard let batch = waiting[task], isDue(task, batch, now) else { return nil }
      waiting[task] = nil
      return (task, batch)
    }
  }

  package mutating func takeMoved() -> [(task: TaskID, attempts: [AttemptID])] {
    defer { moved = [:] }
    return moved.sorted { $0.key < $1.key }.map { ($0.key, $0.value.sorted()) }
  }
}

extension Executor {
  /// An adapter says how far an attempt is.
  public mutating func moved(_ id: AttemptID, to stage: Stage, reason: String, nativeID: String, nativeState: String) {
    guard let attempt = attempts[id], stage.rank > attempt.stage.rank else { return }
    attempts[id]?.stage = stage
    attempts[id]?.reason = reason
    attempts[id]?.nativeID = nativeID
    attempts[id]?.nativeState = nativeState
    reporting.moved(id)
  }

  /// An attempt ended; its result files are in the object store.
  public mutating func ended(_ id: AttemptID, _ result: AttemptResult, at now: Moment) {
    guard let attempt = attempts[id], attempt.stage != .reported else { return }
    attempts[id]?.stage = .reported
    attempts[id]?.reason = "reported"
    endStaging(of: id)
    reporting.ended(id, Self.reportable(result), in: attempt.collaboration, at: now)
  }

  /// A result as it fits into a report, whatever an adapter says.
  private static func reportable(_ result: AttemptResult) -> Reporting.Ended {
    var result = result
    if let failure = result.failure {
      result.failure = AttemptFailure(
        category: Text.bounded(failure.category, limit: 32), detail: Text.bounded(failure.detail))
    }
    result.nativeID = Text.bounded(result.nativeID, limit: 128)
    result.nativeState = Text.bounded(result.nativeState, limit: 64)
    let byteCount = byteCount(of: result)
    let problem = result.disorder ?? (byteCount > Reporting.byteLimit ? "the list of result files" : nil)
    guard let problem else { return Reporting.Ended(result: result, byteCount: byteCount) }
    result.failure = AttemptFailure(category: "output", detail: "\(problem) is beyond what a report can hold")
    result.files = []
    result.usage = .zero
    return Reporting.Ended(result: result, byteCount: self.byteCount(of: result))
  }

  private static func byteCount(of result: AttemptResult) -> Int {
    CanonicalJSON.encode(Canonical.json(result)).count
  }

  /// A report of this node that is still on its way after a restart: what it tells is not run again.
  public mutating func restore(reported statement: Statement) {
    guard let report = try? statement.decode(ResultReport.self), let id = statement.collaboration else { return }
    for result in report.results {
      let attempt = AttemptID(task: report.task, subtask: result.subtask, number: result.number)
      attempts[attempt] = Attempt(id: attempt, collaboration: id, stage: .reported, reason: "reported")
      reporting.told(attempt, Self.reportable(result))
    }
  }

  /// Another coordinator took over: it is told again what the ledger does not say yet.
  public mutating func reportAnew(to collaboration: CollaborationID, at now: Moment) {
    let reported = attempts.values.filter { $0.collaboration == collaboration && $0.stage == .reported }.map(\.id)
    reporting.untell(reported.sorted(), in: collaboration, at: now)
  }

  /// Whether `report` has something to tell now.
  public func hasReports(at now: Moment) -> Bool { reporting.isDue(at: now) }

  /// Sends what has ended and is due, in as few reports as the limits allow.
  public mutating func report(_ context: CoordinationContext, into effects: inout CoordinationEffects) {
    for (task, batch) in reporting.takeDue(at: context.now) {
      guard let state = context.collaborations[batch.collaboration], let record = state.tasks[task] else { continue }
      // What the ledger has taken from this node meanwhile would count for nothing.
      let ended = batch.ended.filter { attempts[Self.id($0.result, of: task)] != nil }
        .sorted { ($0.result.subtask, $0.result.number) < ($1.result.subtask, $1.result.number) }
      for one in ended { reporting.told(Self.id(one.result, of: task), one) }
      for results in Self.parts(ended) {
        effects.append(
          .tell(
            state.coordinator,
            context.statement(ResultReport(task: task, results: results, trace: record.submission.trace), in: state.id),
            deadlineMilliseconds: context.wall + 24 * 3_600_000))
      }
    }
  }

  private static func id(_ result: AttemptResult, of task: TaskID) -> AttemptID {
    AttemptID(task: task, subtask: result.subtask, number: result.number)
  }

  private static func parts(_ ended: [Reporting.Ended]) -> [[AttemptResult]] {
    var parts: [[AttemptResult]] = []
    var size = 0
    for one in ended {
      if parts.isEmpty || (parts.last?.count ?? 0) == ResultReport.countLimit
        || size + one.byteCount > Reporting.byteLimit
      {
        parts.append([])
        size = 0
      }
      parts[parts.count - 1].append(one.result)
      size += one.byteCount
    }
    return parts
  }

  /// Tells coordinators how far attempts are that have not ended; for people.
  public mutating func inform(_ context: CoordinationContext, into effects: inout CoordinationEffects) {
    for (task, ids) in reporting.takeMoved() {
      let standing = ids.compactMap { attempts[$0] }.filter { $0.stage != .reported }.prefix(ResultReport.countLimit)
      guard let id = standing.first?.collaboration, let state = context.collaborations[id],
        let record = state.tasks[task]
      else { continue }
      let states = standing.map {
        ProgressReport.State(
          subtask: $0.id.subtask, number: $0.id.number, state: $0.stage.rawValue,
          reason: Text.bounded($0.reason, limit: 100))
      }
      let report = ProgressReport(task: task, states: states, trace: record.submission.trace)
      effects.append(.inform(state.coordinator, context.statement(report, in: id)))
    }
  }
}
