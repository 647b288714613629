import Glibc

/// What some processes cost while nobody asks them for anything.
struct IdleWatch: Sendable {
  /// Of each process.
  let cpuMillisecondsPerSecond: [Double]
  let residentMegabytes: [Double]

  static func watching(_ processes: [pid_t], for time: Duration) async throws -> IdleWatch {
    let before = try processes.map { try ProcessFigures(of: $0) }
    let start = ContinuousClock.now
    try await Task.sleep(for: time)
    let seconds = (ContinuousClock.now - start).inSeconds
    let after = try processes.map { try ProcessFigures(of: $0) }
    return IdleWatch(
      cpuMillisecondsPerSecond: zip(before, after).map {
        Double($1.cpuNanoseconds &- $0.cpuNanoseconds) / 1e6 / seconds
      },
      residentMegabytes: after.map { Double($0.residentBytes) / 1e6 })
  }
}
