import Synchronization

/// What a run has found so far: it stays when the run cannot go on.
final class FoundFigures: Sendable {
  private let kept = Mutex<[(Figure, Double)]>([])

  var all: [(Figure, Double)] { kept.withLock { $0 } }

  func add(_ value: Double, to figure: Figure) { kept.withLock { $0.append((figure, value)) } }
}

/// One run on one network: all figures once. What cannot be measured is said, and has no figure.
struct OverlayRun: Sendable {
  struct Plan: Sendable {
    var broadcasts = 30
    /// Beside those, where counting copies would disturb what is timed.
    var countedBroadcasts = 10
    var idle = Duration.seconds(10)
    /// Since all joined: who was busy then probes more slowly until it has heard answers in time again, by one step a
    /// probe, and what is measured of idle nodes would be too little.
    var rest = Duration.seconds(60)
    var loss = Duration.seconds(60)
    var lossPercent = 30
  }

  let figures: OverlayFigures
  let plan: Plan
  let found = FoundFigures()

  /// What has not happened by then does not; Serf was seen to take 101 s to join.
  private static let limit = Duration.seconds(150)
  /// What joining and failures leave to do is over by then.
  private static let settling = Duration.seconds(3)
  /// Whoever was suspected while all joined is held failed by then, or not at all; a newcomer waits longest, for its seed.
  private static let suspicionsOver = Duration.seconds(20)

  private var count: Int { figures.nodes }
  private var everybody: [Int] { Array(0..<count) }
  /// Neither is the seed.
  private var stopped: Int { count / 2 }
  private var killed: Int { count / 3 }
  /// Takes the place of the killed one.
  private var newcomer: Int { count }

  /// - Parameter overlay: has room for one node more than are counted.
  /// - Throws: when its nodes never come to see each other, or one ends by itself.
  func measure(_ overlay: some MeasuredOverlay) async throws {
    let joined = try await join(overlay)
    try await attempt("who was held failed since all joined at once") {
      try await Task.sleep(until: joined + Self.suspicionsOver)
      // All of them live: whoever was held failed was only too busy.
      found.add(Double(try await overlay.failures(heldBy: everybody)), to: figures.falseDeathsJoin)
    }
    try await Task.sleep(until: joined + plan.rest)
    try await attempt("idle nodes") { try await idle(overlay) }
    try await overlay.watching { board in
      let start = ContinuousClock.now
      try await attempt("broadcasts") { try await broadcast(overlay, board) }
      try await attempt("a stopped node") { try await stop(overlay, board) }
      try await attempt("a killed node") { try await kill(overlay, board) }
      try await attempt("a newcomer") { try await joinOne(overlay, board) }
      try await Task.sleep(for: Self.settling)
      let deaths = try falseDeaths(board, since: start, sparing: [stopped, killed])
      found.add(Double(deaths), to: figures.falseDeathsCalm)
      try await attempt("loss of datagrams") { try await lose(board) }
    }
  }

  /// On a network of its own, in which nobody has joined yet.
  func measureStart(_ overlay: some MeasuredOverlay) async throws {
    try await attempt("starting one after another") {
      let start = try await overlay.startAll(count)
      let end = try await overlay.untilEach(of: everybody, sees: count, within: Self.limit)
      found.add((end - start).inSeconds, to: figures.startAll)
    }
  }

  private func attempt(_ what: String, _ body: () async throws -> Void) async throws {
    let start = ContinuousClock.now
    do {
      try await body()
      say("    \(what): measured in \(Figure.text((ContinuousClock.now - start).inSeconds)) s")
    } catch  where !Task.isCancelled {
      say("    \(what): not measured: \(BenchmarkFailure.text(of: error))")
    }
  }

  /// - Returns: when all saw all.
  private func join(_ overlay: some MeasuredOverlay) async throws -> ContinuousClock.Instant {
    let start = try await overlay.gather(count)
    let end = try await overlay.untilEach(of: everybody, sees: count, within: Self.limit)
    let seconds = (end - start).inSeconds
    found.add(seconds, to: figures.joinAll)
    found.add(seconds, to: figures.joinAllWorst)
    say("    joining at once: measured: \(Figure.text(seconds)) s")
    return end
  }

  private func idle(_ overlay: some MeasuredOverlay) async throws {
    let before = PrivateLoopback.isHere ? try LoopbackTraffic() : nil
    let start = ContinuousClock.now
    let watched = try await IdleWatch.watching(everybody.compactMap(overlay.processes.process), for: plan.idle)
    found.add(watched.cpuMillisecondsPerSecond.reduce(0, +) / Double(count), to: figures.idleCPU)
    found.add(watched.residentMegabytes.reduce(0, +) / Double(count), to: figures.idleMemory)
    guard let before else { throw BenchmarkFailure("datagrams and bytes: \(PrivateLoopback.whyAbsent)") }
    let after = try LoopbackTraffic()
    let nodeSeconds = (ContinuousClock.now - start).inSeconds * Double(count)
    found.add(Double(after.datagrams - before.datagrams) / nodeSeconds, to: figures.idleDatagrams)
    found.add(Double(after.bytes - before.bytes) / nodeSeconds, to: figures.idleBytes)
  }

  private func broadcast(_ overlay: some MeasuredOverlay, _ board: OverlayBoard) async throws {
    let (nodes, plan) = (everybody, plan)
    @Sendable func series(_ count: Int) async throws -> BroadcastSeries {
      try await BroadcastSeries.measuring(overlay, board, nodes: nodes, count: count)
    }
    var timed: BroadcastSeries
    let copies: Int
    let hops: Int?
    let counted: Int
    if overlay.countingDisturbs {
      timed = try await series(plan.broadcasts)
      let more: BroadcastSeries
      (more, copies, hops) = try await overlay.counting(nodes) { try await series(plan.countedBroadcasts) }
      timed.addMissed(of: more)
      counted = plan.countedBroadcasts
    } else {
      (timed, copies, hops) = try await overlay.counting(nodes) { try await series(plan.broadcasts) }
      counted = plan.broadcasts
    }
    found.add(Double(timed.missed), to: figures.broadcastMissed)
    found.add(Double(copies) / Double(counted) / Double(count), to: figures.broadcastCopies)
    if let hops { found.add(Double(hops), to: figures.broadcastHops) }
    guard !timed.delays.isEmpty, !timed.lasts.isEmpty else { throw BenchmarkFailure("no broadcast reached all") }
    let delays = Samples(timed.delays)
    found.add(delays.quantile(0.5), to: figures.broadcastMedian)
    found.add(delays.quantile(0.99), to: figures.broadcastWorst)
    found.add(Samples(timed.lasts).quantile(0.5), to: figures.broadcastLast)
  }

  private func stop(_ overlay: some MeasuredOverlay, _ board: OverlayBoard) async throws {
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
    found.add(try known.get(), to: figures.stopKnown)
    found.add(try await seconds(until: .alive(stopped), by: others, since: back, board), to: figures.resumeKnown)
    _ = try await overlay.untilEach(of: everybody, sees: count, within: Self.limit)
  }

  private func kill(_ overlay: some MeasuredOverlay, _ board: OverlayBoard) async throws {
    let start = ContinuousClock.now
    try overlay.processes.kill(killed)
    let others = Set(everybody).subtracting([killed])
    found.add(try await seconds(until: .failed(killed), by: others, since: start, board), to: figures.killKnown)
  }

  private func joinOne(_ overlay: some MeasuredOverlay, _ board: OverlayBoard) async throws {
    let before = ContinuousClock.now
    let start = try await overlay.add(newcomer)
    let others = Set(everybody).subtracting([killed])
    let seen = try await seconds(until: .alive(newcomer), by: others, since: before, board)
    let sees = try await overlay.untilEach(of: [newcomer], sees: count, within: Self.limit)
    found.add(max(seen - (start - before).inSeconds, (sees - start).inSeconds), to: figures.joinOne)
  }

  private func lose(_ board: OverlayBoard) async throws {
    let plan = plan
    let start = ContinuousClock.now
    try await PrivateLoopback.losing(percent: plan.lossPercent) { try await Task.sleep(for: plan.loss) }
    found.add(Double(try falseDeaths(board, since: start, sparing: [killed])), to: figures.falseDeaths)
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
