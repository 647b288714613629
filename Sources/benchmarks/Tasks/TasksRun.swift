import Engine
import Interface
import Model

/// One run: a fresh network, all figures once.
struct TasksRun: Sendable {
  static let throughput = Figure(key: "noop_subtasks_per_s", limit: .atLeast(2_000))
  static let startMedian = Figure(key: "submit_start_p50_ms", limit: .atMost(20))
  static let startWorst = Figure(key: "submit_start_p99_ms", limit: .atMost(60))
  static let roundOpen = Figure(key: "round_open_p50_ms", limit: .told)
  static let idleCPU = Figure(key: "idle_cpu_ms_per_s", limit: .atMost(1))
  static let idleMemory = Figure(key: "idle_rss_mb", limit: .atMost(30))
  static let figures = [throughput, startMedian, startWorst, roundOpen, idleCPU, idleMemory]

  let subtasks: Int
  /// Tasks whose start is measured.
  let samples: Int
  let idle: Duration

  private static let participants = 3
  private static let rounds = 5
  /// Between two tasks, so that each meets idle nodes.
  private static let rest = Duration.milliseconds(20)
  private static let startLimit = Duration.seconds(30)
  private static let startKinds: Set = ["attempt.running", "attempt.succeeded"]

  func measure(in folder: BenchmarkFolder) async throws -> [(Figure, Double)] {
    try await BenchmarkNetwork.running(Self.plans, in: folder) { network in
      let asker = try await network.start(0..<1)[0]
      try await network.start(1..<network.count)
      _ = try await network.untilEach(of: 0..<network.count, sees: network.count, within: .seconds(30))
      var found = try await idleNodes(network)
      found += try await starts(network, asker)
      found.append((Self.throughput, try await manySubtasks(network, asker)))
      return found
    }
  }

  /// One that asks, and participants that offer so much that a task's size, not its needs, is what is measured.
  private static let plans =
    [BenchmarkNetwork.Plan(name: "asker", options: ["--kind", "virtual"])]
    + (1...participants).map {
      .init(name: "part\($0)", options: ["--kind", "public", "--cpu", "1000", "--memory", "1000Gi"])
    }

  /// The busiest and the largest of all nodes, which know each other and do nothing.
  private func idleNodes(_ network: BenchmarkNetwork) async throws -> [(Figure, Double)] {
    // What starting up left to do is no idleness.
    try await Task.sleep(for: .seconds(1))
    let watched = try await IdleWatch.watching((0..<network.count).compactMap(network.processes.process), for: idle)
    return [
      (Self.idleCPU, watched.cpuMillisecondsPerSecond.max() ?? 0),
      (Self.idleMemory, watched.residentMegabytes.max() ?? 0),
    ]
  }

  /// From the submission until an adapter has told of the task's work, which is a little later than its start.
  private func starts(
    _ network: BenchmarkNetwork, _ asker: BenchmarkNetwork.Member
  ) async throws -> [(Figure, Double)] {
    let kinds = Self.startKinds.union(["round.opened", "task.succeeded"])
    return try await TaskBoard.following(network, kinds: kinds) { board in
      var opened: [Double] = []
      var last: CollaborationID?
      for _ in 0..<Self.rounds {
        let (id, time) = try await NoopTasks.openRound(asker, members: network.count, board)
        opened.append(time.inMilliseconds)
        last = id
      }
      guard let last else { throw BenchmarkFailure("no round was opened") }
      let tasks = NoopTasks(asker: asker, collaboration: last)
      let specification = try await tasks.prepare(subtasks: 1)
      var times: [Double] = []
      // The first task finds participants that have no connection and no specification yet.
      for number in 0...samples {
        let (task, start) = try await tasks.submit(specification, subtasks: 1)
        let begun = try await board.firstTime(
          of: Self.startKinds.sorted().map { TaskNotice($0, of: task) }, within: Self.startLimit)
        if number > 0 { times.append((begun - start).inMilliseconds) }
        _ = try await tasks.end(of: task, subtasks: 1, board)
        try await Task.sleep(for: Self.rest)
      }
      let sorted = Samples(times)
      return [
        (Self.startMedian, sorted.quantile(0.5)), (Self.startWorst, sorted.quantile(0.99)),
        (Self.roundOpen, Samples(opened).quantile(0.5)),
      ]
    }
  }

  /// Only the asker's notices are followed: those of each subtask stay where it runs.
  private func manySubtasks(_ network: BenchmarkNetwork, _ asker: BenchmarkNetwork.Member) async throws -> Double {
    try await TaskBoard.following(network, only: 0, kinds: ["round.opened", "task.succeeded"]) { board in
      let (collaboration, _) = try await NoopTasks.openRound(asker, members: network.count, board)
      let tasks = NoopTasks(asker: asker, collaboration: collaboration)
      let specification = try await tasks.prepare(subtasks: subtasks)
      let (task, start) = try await tasks.submit(specification, subtasks: subtasks)
      let end = try await tasks.end(of: task, subtasks: subtasks, board)
      return Double(subtasks) / (end - start).inSeconds
    }
  }
}
