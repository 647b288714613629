import ArgumentParser

struct OverlayBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "overlay", abstract: "Membership and broadcast among nodes on loopback, with Serf beside them.",
    discussion: """
      As root it runs in a network namespace of its own: only there can loopback lose datagrams, and can what it \
      carries be counted. Keys of figures for other than 100 nodes end in the number of nodes.
      """)
  @OptionGroup var common: CommonOptions
  @Option(help: ArgumentHelp("How many nodes: several numbers with commas between them.", valueName: "n,n"))
  var nodes = "10,30,100"
  @Flag(help: "Measure HashiCorp's Serf too (Debian package serf).")
  var peer = false
  @Flag(help: "10 nodes once; fails unless copies, links, missed broadcasts, false deaths and memory are in bounds.")
  var short = false
  @Option(help: "Seconds for which datagrams are lost.")
  var lossSeconds: Int?
  @Option(help: "Seconds for which idle nodes are watched.")
  var idleSeconds: Int?

  private static let shortCount = 10
  private static let mostCopiesShort = 2.0
  /// A chain of ten nodes has nine links. A tree between nodes with six neighbours each has three to five, as the first
  /// broadcasts find their ways.
  private static let mostHopsShort = 7.0
  /// Tens of megabytes (R60), unoptimised code included.
  private static let mostMegabytesShort = 99.0

  private var counts: [Int] {
    short ? [Self.shortCount] : nodes.split(separator: ",", omittingEmptySubsequences: false).compactMap { Int($0) }
  }
  private var runs: Int { short ? 1 : common.runs }

  private var plan: OverlayRun.Plan {
    var plan = OverlayRun.Plan()
    if short { (plan.idle, plan.rest, plan.loss) = (.seconds(2), .zero, .seconds(15)) }
    if let lossSeconds { plan.loss = .seconds(lossSeconds) }
    if let idleSeconds { plan.idle = .seconds(idleSeconds) }
    return plan
  }

  func validate() throws {
    let parts = nodes.split(separator: ",", omittingEmptySubsequences: false)
    guard !parts.isEmpty, parts.allSatisfy({ Int($0).map { (5...500).contains($0) } ?? false }) else {
      throw ValidationError("--nodes takes numbers from 5 to 500, such as 10,30,100")
    }
    guard (1...3_600).contains(lossSeconds ?? 60), (1...3_600).contains(idleSeconds ?? 10) else {
      throw ValidationError("--loss-seconds and --idle-seconds take 1 to 3600")
    }
  }

  func run() async throws {
    do {
      try PrivateLoopback.enter()
      try PrivateLoopback.bringUp()
      let findings = try await untilInterrupted { try await measure() }
      let figures = counts.flatMap { count in
        OverlayFigures(nodes: count, isPeer: false).all + OverlayFigures(nodes: count, isPeer: true).all
      }
      print(findings.table(of: figures))
      if let file = common.json { try findings.write(figures, to: file) }
      if short { try requireBounds(findings) }
    } catch {
      say("error: \(BenchmarkFailure.text(of: error))")
      throw ExitCode.failure
    }
  }

  private func measure() async throws -> Findings {
    if !PrivateLoopback.isHere { say("loopback is shared: \(PrivateLoopback.whyAbsent)") }
    let serf = peer ? ChildProgram.find("serf") : nil
    if peer && serf == nil { say("Serf is not measured, since it is not installed: apt-get install serf") }
    if serf != nil { say("peer_broadcast_hops is not measured: Serf does not tell how far a broadcast came") }
    var findings = Findings()
    for count in counts {
      for number in 1...runs {
        say("\(count) nodes, run \(number) of \(runs)")
        for (figure, value) in try await ours(count) { findings.add(value, to: figure) }
        guard let serf else { continue }
        say("\(count) Serf agents, run \(number) of \(runs)")
        for (figure, value) in try await theirs(serf, count) { findings.add(value, to: figure) }
      }
    }
    return findings
  }

  private func ours(_ count: Int) async throws -> [(Figure, Double)] {
    let run = OverlayRun(figures: OverlayFigures(nodes: count, isPeer: false), plan: plan)
    try await network { folder in
      try await JointCloudOverlay.running(nodes: count + 1, in: folder) { try await run.measure($0) }
    }
    if !short {
      try await network { folder in
        try await JointCloudOverlay.running(nodes: count, in: folder) { try await run.measureStart($0) }
      }
    }
    return run.found.all
  }

  private func theirs(_ serf: ChildProgram, _ count: Int) async throws -> [(Figure, Double)] {
    let run = OverlayRun(figures: OverlayFigures(nodes: count, isPeer: true), plan: plan)
    try await network { folder in
      try await SerfNetwork.running(serf, agents: count + 1, joining: false, in: folder) { try await run.measure($0) }
    }
    try await network { folder in
      try await SerfNetwork.running(serf, agents: count, joining: true, in: folder) { try await run.measureStart($0) }
    }
    return run.found.all
  }

  /// A network that fails takes no other with it: what it was still to show is not measured.
  private func network(_ body: (BenchmarkFolder) async throws -> Void) async throws {
    do {
      try await BenchmarkFolder.within(body)
    } catch  where !Task.isCancelled {
      say("    the rest is not measured: \(BenchmarkFailure.text(of: error))")
    }
  }

  /// What does not depend on the machine's speed.
  private func requireBounds(_ findings: Findings) throws {
    let figures = OverlayFigures(nodes: Self.shortCount, isPeer: false)
    var bounds: [(Figure, most: Double)] = [
      (figures.broadcastCopies, Self.mostCopiesShort), (figures.broadcastHops, Self.mostHopsShort),
      (figures.broadcastMissed, 0), (figures.falseDeathsCalm, 0), (figures.falseDeathsJoin, 0),
      (figures.idleMemory, Self.mostMegabytesShort),
    ]
    // Elsewhere nothing can be lost.
    if PrivateLoopback.isHere { bounds.append((figures.falseDeaths, 0)) }
    let broken = bounds.compactMap { figure, most -> String? in
      guard let value = findings.value(of: figure) else { return "\(figure.key) was not measured" }
      return value <= most ? nil : "\(figure.key) is \(Figure.text(value)), over \(Figure.text(most))"
    }
    guard broken.isEmpty else { throw BenchmarkFailure(broken.joined(separator: "; ")) }
  }
}
