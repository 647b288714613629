/// One run on one network: all figures once. What cannot be measured is said, and has no figure.
struct OverlayRun: Sendable {
  struct Plan: Sendable {
    var broadcasts = 30
    /// Beside those, where counting copies would disturb what is timed.
    var countedBroadcasts = 10
    var idle = Duration.seconds(10)
    var loss = Duration.seconds(60)
    var lossPercent = 30
  }

  let figures: OverlayFigures
  let plan: Plan
  private(set) var found: [(Figure, Double)] = []

  init(figures: OverlayFigures, plan: Plan) {
    self.figures = figures
    self.plan = plan
  }

  /// What has not happened by then does not.
  private static let limit = Duration.seconds(120)
  /// What joining and failures leave to do is over by then.
  private static let settling = Duration.seconds(3)

  private var count: Int { figures.nodes }
  private var everybody: [Int] { Array(0..<count) }
  /// Neither is the seed.
  private var stopped: Int { count / 2 }
  private var killed: Int { count / 3 }
  /// Takes the place of the killed one.
  private var newcomer: Int { count }

  /// - Parameter overlay: has room for one node more than are counted.
  func measured(_ overlay: some MeasuredOverlay) async throws -> OverlayRun {
    var run = self
    try await run.measure(overlay)
    return run
  }

  /// On a network of its own, in which nobody has joined yet.
  func startMeasured(_ overlay: some MeasuredOverlay) async throws -> OverlayRun {
    var run = self
    try await run.measureStart(overlay)
    return run
  }

  private mutating func measure(_ overlay: some MeasuredOverlay) async throws {
    try await attempt("joining at once") { run in try await run.join(overlay) }
    try await Task.sleep(for: Self.settling)
    try await attempt("idle nodes") { run in try await run.idle(overlay) }
    let begun = self
    self = try await overlay.watching { board in
      var run = begun
      let start = ContinuousClock.now
      try await run.attempt("broadcasts") { try await $0.broadcast(overlay, board) }
      try await run.attempt("a stopped node") { try await $0.stop(overlay, board) }
      try await run.attempt("a killed node") { try await $0.kill(overlay, board) }
      try await run.attempt("a newcomer") { try await $0.joinOne(overlay, board) }
      try await Task.sleep(for: Self.settling)
      let deaths = try run.falseDeaths(board, since: start, sparing: [run.stopped, run.killed])
      run.found.append((run.figures.falseDeathsCalm, Double(deaths)))
      try await run.attempt("loss of datagrams") { try await $0.lose(board) }
      return run
    }
  }

  private mutating func measureStart(_ overlay: some MeasuredOverlay) async throws {
    try await attempt("starting one after another") { run in
      let start = try await overlay.startAll(run.count)
      let end = try await overlay.untilEach(of: run.everybody, sees: run.count, within: Self.limit)
      run.found.append((run.figures.startAll, (end - start).inSeconds))
    }
  }

  private mutating func attempt(_ what: String, _ body: (inout OverlayRun) async throws -> Void) async throws {
    let start = ContinuousClock.now
    do {
      try await body(&self)
      say("    \(what): measured in \(Figure.text((ContinuousClock.now - start).inSeconds)) s")
    } catch  where !Task.isCancelled {
      say("    \(what): not measured: \(BenchmarkFailure.text(of: error))")
    }
  }

  private mutating func join(_ overlay: some MeasuredOverlay) async throws {
    let start = try await overlay.gather(count)
    let end = try await overlay.untilEach(of: everybody, sees: count, within: Self.limit)
    let seconds = (end - start).inSeconds
    found += [(figures.joinAll, seconds), (figures.joinAllWorst, seconds)]
  }

  private mutating func idle(_ overlay: some MeasuredOverlay) async throws {
    let before = PrivateLoopback.isHere ? try LoopbackTraffic() : nil
    let start = ContinuousClock.now
    let watched = try await IdleWatch.watching(everybody.compactMap(overlay.processes.process), for: plan.idle)
    found += [
      (figures.idleCPU, watched.cpuMillisecondsPerSecond.reduce(0, +) / Double(count)),
      (figures.idleMemory, watched.residentMegabytes.reduce(0, +) / Double(count)),
    ]
    guard let before else { throw BenchmarkFailure("datagrams and bytes: \(PrivateLoopback.whyAbsent)") }
    let after = try LoopbackTraffic()
    let nodeSeconds = (ContinuousClock.now - start).inSeconds * Double(count)
    found += [
      (figures.idleDatagrams, Double(after.datagrams - before.datagrams) / nodeSeconds),
      (figures.idleBytes, Double(after.bytes - before.bytes) / nodeSeconds),
    ]
  }

  private mutating func broadcast(_ overlay: some MeasuredOverlay, _ board: OverlayBoard) async throws {
    let (nodes, plan) = (everybody, plan)
    @Sendable func series(_ count: Int) async throws -> BroadcastSeries {
      try await BroadcastSeries.measuring(overlay, board, nodes: nodes, count: count)
    }
    var timed: BroadcastSeries
    let copies: Int
    let counted: Int
    if overlay.countingDisturbs {
      timed = try await series(plan.broadcasts)
      let more: BroadcastSeries
      (more, copies) = try await overlay.counting(nodes) { try await series(plan.countedBroadcasts) }
      timed.addMissed(of: more)
      counted = plan.countedBroadcasts
    } else {
      (timed, copies) = try await overlay.counting(nodes) { try await series(plan.broadcasts) }
      counted = plan.broadcasts
    }
    found += [
      (figures.broadcastMissed, Double(timed.missed)),
      (figures.broadcastCopies, Double(copies) / Double(counted) / Double(count)),
    ]
    guard !timed.delays.isEmpty, !timed.lasts.isEmpty else { throw BenchmarkFailure("no broadcast reached all") }
    let delays = Samples(timed.delays)
    found += [
      (figures.broadcastMedian, delays.quantile(0.5)), (figures.broadcastWorst, delays.quantile(0.99)),
      (figures.broadcastLast, Samples(timed.lasts).quantile(0.5)),
    ]
  }

  private mutating func stop(_ overlay: some MeasuredOverlay, _ board: OverlayBoard) async throws {
    let others = Set(everybody).subtracting([stopped])
    let start = ContinuousClock.now
    try overlay.processes.pause(stopped)
    let known: Result<Double, any Error>
    do {
      known = .success(try await seconds(until: .failed(stopped), by: others, since: start, board))
    } catch {
      known = .failure(error)
    }
    let back = ContinuousClock.now
    try overlay.processes.resume(stopped)
    found.append((figures.stopKnown, try known.get()))
    found.append((figures.resumeKnown, try await seconds(until: .alive(stopped), by: others, since: back, board)))
    _ = try await overlay.untilEach(of: everybody, sees: count, within: Self.limit)
  }

  private mutating func kill(_ overlay: some MeasuredOverlay, _ board: OverlayBoard) async throws {
    let start = ContinuousClock.now
    try overlay.processes.kill(killed)
    let others = Set(everybody).subtracting([killed])
    found.append((figures.killKnown, try await seconds(until: .failed(killed), by: others, since: start, board)))
  }

  private mutating func joinOne(_ overlay: some MeasuredOverlay, _ board: OverlayBoard) async throws {
    let before = ContinuousClock.now
    let start = try await overlay.add(newcomer)
    let others = Set(everybody).subtracting([killed])
    let seen = try await seconds(until: .alive(newcomer), by: others, since: before, board)
    let sees = try await overlay.untilEach(of: [newcomer], sees: count, within: Self.limit)
    found.append((figures.joinOne, max(seen - (start - before).inSeconds, (sees - start).inSeconds)))
  }

  private mutating func lose(_ board: OverlayBoard) async throws {
    let plan = plan
    let start = ContinuousClock.now
    try await PrivateLoopback.losing(percent: plan.lossPercent) { try await Task.sleep(for: plan.loss) }
    found.append((figures.falseDeaths, Double(try falseDeaths(board, since: start, sparing: [killed]))))
  }

  /// How often a node held another failed that was not.
  private func falseDeaths(_ board: OverlayBoard, since start: ContinuousClock.Instant, sparing: Set<Int>) throws -> Int
  {
    try (0...newcomer).filter { !sparing.contains($0) }.reduce(0) { sum, node in
      try sum + board.sightings(of: .failed(node), since: start).count
    }
  }

  /// Until the last of them has seen it.
  private func seconds(
    until happening: Happening, by observers: Set<Int>, since start: ContinuousClock.Instant, _ board: OverlayBoard
  ) async throws -> Double {
    let times = try await board.times(of: happening, by: observers, since: start, within: Self.limit)
    guard times.count == observers.count, let last = times.values.max() else {
      throw BenchmarkFailure(
        "\(observers.count - times.count) of \(observers.count) did not tell \(happening) in \(Self.limit)")
    }
    return (last - start).inSeconds
  }
}
