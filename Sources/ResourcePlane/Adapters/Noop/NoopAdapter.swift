public import Model
public import Resources

/// Runs nothing: every attempt succeeds at once with empty results, so that what lies above adapters can be measured
/// and tested alone. Takes whatever it is given, up to its bound.
public actor NoopAdapter: Adapter {
  public nonisolated let declaration: AdapterDescription
  private nonisolated let mailbox = ReportMailbox()
  private let total: Amounts
  private let attemptLimit: Int
  private var works: [AttemptID: Work] = [:]

  /// - Parameters:
  ///   - total: what the inventory says.
  ///   - attemptLimit: most attempts that are known at a time; released ones do not count.
  public init(name: String = "noop", total: Amounts, attemptLimit: Int = 100_000) {
    declaration = AdapterDescription(
      name: name, kind: "noop", supports: AdapterFeature.allCases, onRequestOnly: true)
    self.total = total
    self.attemptLimit = attemptLimit
  }

  public func inventory() -> Inventory {
    Inventory(total: total, usable: true, detail: "finishes every attempt at once, running nothing", sandboxed: true)
  }

  public func submit(_ work: Work) throws(AdapterError) {
    if works[work.attempt] != nil { return }
    if let problem = work.problem() { throw .refused(work.attempt, reason: problem) }
    guard works.count < attemptLimit else {
      throw .refused(work.attempt, reason: "\(works.count) attempts are held already; release some")
    }
    works[work.attempt] = work
    mailbox.post(report(of: work))
  }

  public func status(of attempt: AttemptID) -> WorkReport? {
    works[attempt].map(report(of:))
  }

  public func cancel(_ attempt: AttemptID, reason: String) {}

  public func logs(
    of attempt: AttemptID, _ stream: LogStream, from offset: Int, limit: Int
  ) throws(AdapterError) -> LogChunk {
    guard works[attempt] != nil else { throw .unknownAttempt(attempt) }
    return LogChunk(bytes: [], nextOffset: max(0, offset), isEnd: true)
  }

  public func release(_ attempt: AttemptID) {
    works[attempt] = nil
  }

  public nonisolated var events: AsyncStream<WorkReport> { mailbox.reports }

  public func run() async {
    let (never, _end) = AsyncStream<Never>.makeStream()
    for await _ in never {}
    _end.finish()
    mailbox.finish()
  }

  private func report(of work: Work) -> WorkReport {
    let paths = LogStream.allCases.map(\.rawValue) + work.results
    return WorkReport(
      attempt: work.attempt,
      outcome: WorkOutcome(
        failure: nil, usage: .zero, results: paths.map { ResultFile(path: $0, content: .bytes([])) }),
      native: NativeState(id: "noop", state: "done"))
  }
}
