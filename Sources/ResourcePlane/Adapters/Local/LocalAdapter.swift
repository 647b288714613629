public import Logging
public import Model
public import Resources

/// Runs commands as processes of this machine, each attempt in its own folder and sandbox (R41).
///
/// An attempt's processes end with the node, also when that is killed. What an earlier run of the node left in the
/// work folder is removed when `run` begins; its attempts are unknown here then: who submitted them submits them again or gives them up.
public actor LocalAdapter: Adapter {
  private struct Entry {
    let work: Work
    let order = StopOrder()
    var report: WorkReport
    var isStarted = false
    var isReleased = false
  }

  public nonisolated let declaration: AdapterDescription
  private nonisolated let mailbox = ReportMailbox()
  private let configuration: LocalConfiguration
  private let sandbox: Sandbox
  private let logger: Logger
  private let waiting: AsyncStream<AttemptID>
  private let wait: AsyncStream<AttemptID>.Continuation
  private var entries: [AttemptID: Entry] = [:]
  private var finding: SandboxProbe.Finding?
  private var isCleared = false
  private var isStopped = false

  public init(_ configuration: LocalConfiguration) {
    self.configuration = configuration
    sandbox = Sandbox(configuration: configuration)
    declaration = AdapterDescription(
      name: configuration.name, kind: "local", supports: [.cancel, .logs, .results, .usage])
    logger = Logger(label: "jointcloud.adapter.\(configuration.name)")
    (waiting, wait) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(configuration.attemptLimit))
  }

  public nonisolated var events: AsyncStream<WorkReport> { mailbox.reports }

  public func inventory() async -> Inventory {
    let total = configuration.total ?? HostMachine.offered()
    let native = ["workFolder": configuration.workFolder, "sandbox": configuration.sandbox.rawValue]
    switch await probe() {
    case .works(let version):
      return Inventory(
        total: total, usable: true, detail: "processes of this machine in \(version)", sandboxed: true, native: native)
    case .notWanted:
      return Inventory(
        total: total, usable: true, detail: "plain processes of this machine: its owner chose to have no sandbox",
        sandboxed: false, native: native)
    case .broken(let problem, let remedy):
      return Inventory(
        total: total, usable: false, detail: problem, remedy: remedy, sandboxed: false, native: native)
    }
  }

  /// A sandbox that works is looked at once; one that does not, each time, so that a remedy is noticed.
  private func probe() async -> SandboxProbe.Finding {
    clearWorkFolder()
    if let shortage = diskShortage() { return shortage }
    if let finding, finding.isUsable { return finding }
    let found = await SandboxProbe(configuration).look()
    if case .broken(let problem, let remedy) = found, found != finding {
      logger.warning("commands cannot be run", metadata: ["problem": "\(problem)", "remedy": "\(remedy)"])
    }
    finding = found
    return found
  }

  private func diskShortage() -> SandboxProbe.Finding? {
    let least = configuration.diskReserveBytes / 2
    guard let free = Scratch.freeDiskBytes(at: configuration.workFolder), free < least else { return nil }
    return .broken(
      problem: "\(free) bytes of the node's disk are free, and it runs nothing below \(least)",
      remedy: "free space on the disk of \(configuration.workFolder)")
  }

  public func submit(_ work: Work) async throws(AdapterError) {
    if entries[work.attempt] != nil { return }
    if let problem = work.problem() { throw .refused(work.attempt, reason: problem) }
    if case .broken(let problem, let remedy) = await probe() {
      throw .unusable(adapter: declaration.name, reason: problem, remedy: remedy)
    }
    // The probe let others in: look again.
    if entries[work.attempt] != nil { return }
    if isStopped { throw .unusable(adapter: declaration.name, reason: "the node is stopping", remedy: nil) }
    guard entries.count < configuration.attemptLimit, case .enqueued = wait.yield(work.attempt) else {
      throw .refused(work.attempt, reason: "\(entries.count) attempts are held already; release some")
    }
    let report = WorkReport(attempt: work.attempt, state: .staging)
    entries[work.attempt] = Entry(work: work, report: report)
    mailbox.post(report)
  }

  public func status(of attempt: AttemptID) -> WorkReport? {
    entries[attempt]?.report
  }

  public func cancel(_ attempt: AttemptID, reason: String) {
    stop(attempt, WorkFailure(.cancelled, reason))
  }

  private func stop(_ attempt: AttemptID, _ failure: WorkFailure) {
    guard let entry = entries[attempt], !entry.report.state.isFinal else { return }
    entry.order.give(failure)
    if !entry.isStarted { conclude(attempt, WorkOutcome(failure: failure, usage: .zero, results: [])) }
  }

  public func logs(
    of attempt: AttemptID, _ stream: LogStream, from offset: Int, limit: Int
  ) throws(AdapterError) -> LogChunk {
    guard let entry = entries[attempt] else { throw .unknownAttempt(attempt) }
    let offset = max(0, offset)
    let limit = min(max(0, limit), LogChunk.byteLimit, max(0, entry.work.outputLimitBytes - offset))
    let scratch = Scratch(workFolder: configuration.workFolder, attempt: attempt)
    // Finality is asked before the bytes are read: what is written later then counts as not the end.
    let isFinal = entry.report.state.isFinal
    let bytes: [UInt8]
    do {
      bytes = try scratch.read(stream, from: offset, limit: limit)
    } catch {
      throw .failed(adapter: declaration.name, reason: "\(stream.rawValue) of \(attempt) cannot be read: \(error)")
    }
    let next = offset + bytes.count
    return LogChunk(
      bytes: bytes, nextOffset: next, isEnd: isFinal && next >= scratch.outputByteCount(stream))
  }

  public func release(_ attempt: AttemptID) {
    guard let entry = entries[attempt] else { return }
    guard entry.report.state.isFinal else {
      entries[attempt]?.isReleased = true
      return stop(attempt, WorkFailure(.cancelled, "it was released before it ended"))
    }
    forget(attempt)
  }

  private func forget(_ attempt: AttemptID) {
    entries[attempt] = nil
    Self.removeFolder(configuration.workFolder + "/" + attempt.description, logger)
  }

  public func run() async {
    clearWorkFolder()
    await withTaskGroup(of: Void.self) { group in
      var running = 0
      for await attempt in waiting {
        if running >= configuration.concurrentLimit {
          await group.next()
          running -= 1
        }
        running += 1
        group.addTask { await self.execute(attempt) }
      }
      await group.waitForAll()
    }
    stop()
  }

  private func clearWorkFolder() {
    if isCleared { return }
    isCleared = true
    Self.clear(workFolder: configuration.workFolder, logger: logger)
  }

  /// Removes what an earlier run left, before anything of this run is there: no process of it lives, since they end
  /// with the node. Done by the adapter itself; a node does it before it needs the disk.
  public static func clear(workFolder: String, logger: Logger) {
    do {
      try Scratch.makeFolders(workFolder)
      for name in try Scratch.names(in: workFolder) { removeFolder(workFolder + "/" + name, logger) }
    } catch {
      logger.error("the work folder cannot be used", metadata: ["path": "\(workFolder)", "error": "\(error)"])
    }
  }

  private static func removeFolder(_ path: String, _ logger: Logger) {
    do {
      try Scratch.remove(path)
    } catch {
      logger.warning("a scratch folder could not be removed", metadata: ["path": "\(path)", "error": "\(error)"])
    }
  }

  private func stop() {
    isStopped = true
    wait.finish()
    for attempt in entries.keys.sorted() where entries[attempt]?.report.state.isFinal == false {
      conclude(
        attempt,
        WorkOutcome(failure: WorkFailure(.lost, "the node stopped before it ran"), usage: .zero, results: []))
    }
    mailbox.finish()
  }

  private func execute(_ attempt: AttemptID) async {
    // A cancelled one is final; a released and resubmitted one may stand in the queue twice.
    guard let entry = entries[attempt], !entry.isStarted, !entry.report.state.isFinal else { return }
    entries[attempt]?.isStarted = true
    let run = LocalRun(work: entry.work, sandbox: sandbox, order: entry.order)
    do throws(WorkFailure) {
      try refuseIfOrdered(entry.order)
      try await run.stage()
      advance(attempt, .queued)
      try refuseIfOrdered(entry.order)
    } catch {
      return conclude(attempt, WorkOutcome(failure: error, usage: .zero, results: []))
    }
    advance(attempt, .running)
    let ended = await run.run()
    advance(attempt, .publishing)
    conclude(attempt, await run.publish(ended))
  }

  private func refuseIfOrdered(_ order: StopOrder) throws(WorkFailure) {
    if let failure = order.given { throw failure }
    if Task.isCancelled { throw WorkFailure(.lost, "the node stopped before it ran") }
  }

  private func advance(_ attempt: AttemptID, _ state: WorkState) {
    post(
      WorkReport(attempt: attempt, state: state, native: NativeState(id: attempt.description, state: state.rawValue)))
  }

  private func conclude(_ attempt: AttemptID, _ outcome: WorkOutcome) {
    let native = NativeState(
      id: attempt.description, state: "ended", text: outcome.failure.map(\.detail) ?? "exit code 0")
    post(WorkReport(attempt: attempt, outcome: outcome, native: native))
    if entries[attempt]?.isReleased == true { forget(attempt) }
  }

  private func post(_ report: WorkReport) {
    guard let known = entries[report.attempt]?.report, report.state.supersedes(known.state) else { return }
    entries[report.attempt]?.report = report
    mailbox.post(report)
  }
}
