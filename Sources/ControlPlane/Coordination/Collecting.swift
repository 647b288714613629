internal import Contract
public import Model

// Results that participants report, and how far their attempts are.
extension Dispatcher {
  /// A participant reports results: they count once their objects are here.
  public mutating func reported(
    _ signed: SignedStatement, context: CoordinationContext, into effects: inout CoordinationEffects
  ) -> Handling {
    let node = signed.statement.author
    guard let id = signed.statement.collaboration, let state = context.drafts[id],
      let report = try? signed.statement.decode(ResultReport.self), let task = state.tasks[report.task]
    else { return .done("reports for no task known here") }
    guard !task.isOver else { return .done("the task is over") }
    guard (1...ResultReport.countLimit).contains(report.results.count),
      Set(report.results.map(\.subtask)).count == report.results.count,
      signed.statement.bytes.count <= Self.statementByteLimit, report.results.allSatisfy({ $0.disorder == nil })
    else { return .done("malformed report") }
    if report.results.allSatisfy({ task.hasCounted($0, by: node) }) { return .done("counted before") }
    let counting = report.results.filter { task.isAssigned($0.subtask, number: $0.number, to: node) }
    guard !counting.isEmpty else {
      return .done("stale: nothing in it is assigned to \(context.name(node)) any more")
    }
    var missing: Set<Digest> = []
    for file in counting.flatMap(\.files) where !context.objects.contains(file.content.digest) {
      if let inline = file.inline, let bytes = Base64.decode(inline), file.content == ObjectReference(of: bytes) {
        effects.append(.keep(file.content, bytes))
      } else {
        missing.insert(file.content.digest)
        effects.append(.fetch(file.content, from: [node]))
      }
    }
    guard missing.isEmpty else {
      reports[signed.id] = PendingReport(
        signed: signed, task: task.id, missing: missing, collaboration: id,
        failedFetches: reports[signed.id]?.failedFetches ?? [:])
      return .later("\(missing.count) result objects are on their way")
    }
    reports[signed.id] = nil
    effects.append(id, ResultsReported(report: signed))
    return .done("\(counting.count) results")
  }

  /// After a start: contents that stand in the newest records of this node's ledgers, and had not come into the store
  /// when the process before ended, are kept again; the newest first.
  public func resume(
    _ newest: [CollaborationID: [LedgerRecord]], _ context: CoordinationContext,
    into effects: inout CoordinationEffects
  ) {
    var seen: Set<Digest> = []
    for (id, records) in newest.sorted(by: { $0.key < $1.key })
    where context.collaborations[id]?.coordinator == context.node {
      for record in records.reversed() where record.kind == ResultsReported.kind {
        let body = try? CanonicalJSON.decode(ResultsReported.self, from: record.body)
        let report = try? body?.report.statement.decode(ResultReport.self)
        for file in report?.results.flatMap(\.files) ?? [] where !context.objects.contains(file.content.digest) {
          guard let bytes = file.inline.flatMap(Base64.decode), file.content == ObjectReference(of: bytes),
            seen.insert(file.content.digest).inserted
          else { continue }
          effects.append(.keep(file.content, bytes))
          guard seen.count < Self.keptAgain else { return }
        }
      }
    }
  }

  /// Contents that are kept again at a start, at most, and the records of each ledger that are looked at for them.
  static let keptAgain = 10_000
  public static let recordsLookedAt = 4_096

  /// An object has come here: what waited for it alone counts.
  public mutating func arrived(
    _ digest: Digest, context: CoordinationContext, into effects: inout CoordinationEffects
  ) {
    for id in reports.keys.sorted() {
      guard reports[id]?.missing.remove(digest) != nil, let report = reports[id], report.missing.isEmpty else {
        continue
      }
      _ = reported(report.signed, context: context, into: &effects)
    }
  }

  /// An object could not be brought here this time: the report's event tries again, and in the end who reported it
  /// has failed those attempts.
  public mutating func unavailable(
    _ digest: Digest, context: CoordinationContext, into effects: inout CoordinationEffects
  ) {
    for id in reports.keys.sorted() {
      guard reports[id]?.missing.contains(digest) == true else { continue }
      reports[id]?.failedFetches[digest, default: 0] += 1
      guard let pending = reports[id], pending.failedFetches[digest] ?? 0 >= Self.fetchTries else { continue }
      reports[id] = nil
      guard let report = try? pending.signed.statement.decode(ResultReport.self),
        let task = context.drafts[pending.collaboration]?.tasks[report.task], !task.isOver
      else { continue }
      let node = pending.signed.statement.author
      let attempts = report.results.filter { task.isAssigned($0.subtask, number: $0.number, to: node) }
        .map { AttemptID(task: report.task, subtask: $0.subtask, number: $0.number) }
      guard !attempts.isEmpty else { continue }
      effects.append(
        pending.collaboration,
        AttemptsLost(
          task: report.task, participant: node, attempts: AttemptRange.ranges(of: attempts), cause: .resultUnavailable))
    }
  }

  /// Fetches of one result that may fail before the report is given up.
  static let fetchTries = 5

  /// For people only.
  public mutating func progressed(_ signed: SignedStatement, context: CoordinationContext) {
    guard let report = try? signed.statement.decode(ProgressReport.self),
      let id = signed.statement.collaboration, let task = context.drafts[id]?.tasks[report.task], !task.isOver
    else { return }
    for state in report.states
    where task.isAssigned(state.subtask, number: state.number, to: signed.statement.author) {
      var told = state
      told.state = String(state.state.prefix(20))
      told.reason = String(state.reason.prefix(Self.reasonByteLimit))
      progress[AttemptID(task: report.task, subtask: state.subtask, number: state.number)] = told
    }
  }
}
