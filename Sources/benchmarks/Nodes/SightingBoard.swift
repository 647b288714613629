import Synchronization

/// When something was first seen or seen again, and by which of several observers, by this process's clock alone, so
/// that no two clocks are compared.
final class SightingBoard<Subject: Hashable & Sendable>: Sendable {
  struct Sighting: Sendable {
    let observer: Int
    let time: ContinuousClock.Instant
  }

  /// More than any benchmark makes; who looks for what comes later finds an error.
  private static var limit: Int { 2_000_000 }
  private struct Kept {
    var sightings: [Subject: [Sighting]] = [:]
    var count = 0
  }
  private let kept = Mutex(Kept())

  func note(_ subject: Subject, by observer: Int) {
    let sighting = Sighting(observer: observer, time: .now)
    kept.withLock { kept in
      kept.count += 1
      if kept.count <= Self.limit { kept.sightings[subject, default: []].append(sighting) }
    }
  }

  /// In the order in which they came.
  func sightings(of subject: Subject, since start: ContinuousClock.Instant) throws -> [Sighting] {
    try kept.withLock { kept in
      guard kept.count <= Self.limit else {
        throw BenchmarkFailure("more than \(Self.limit) sightings: the nodes' views never come to rest")
      }
      return kept.sightings[subject]?.filter { $0.time >= start } ?? []
    }
  }

  /// Waits until somebody has seen one of these.
  ///
  /// - Returns: when the first one came.
  /// - Throws: `BenchmarkFailure` when none comes in time.
  func firstTime(of subjects: [Subject], within limit: Duration) async throws -> ContinuousClock.Instant {
    let deadline = ContinuousClock.now + limit
    while true {
      if let time = kept.withLock({ kept in subjects.compactMap { kept.sightings[$0]?.first?.time }.min() }) {
        return time
      }
      guard ContinuousClock.now < deadline else {
        throw BenchmarkFailure("nobody told of \(subjects.map { "\($0)" }.joined(separator: " or "))")
      }
      try await Self.pace()
    }
  }

  /// Waits until each of some observers has seen this since then, but not longer than the limit.
  ///
  /// - Returns: when each one saw it first; without those that did not.
  func times(
    of subject: Subject, by observers: Set<Int>, since start: ContinuousClock.Instant, within limit: Duration
  ) async throws -> [Int: ContinuousClock.Instant] {
    let deadline = ContinuousClock.now + limit
    while true {
      var times: [Int: ContinuousClock.Instant] = [:]
      for sighting in try sightings(of: subject, since: start) where observers.contains(sighting.observer) {
        times[sighting.observer] = min(times[sighting.observer] ?? sighting.time, sighting.time)
      }
      if times.count == observers.count || ContinuousClock.now >= deadline { return times }
      try await Self.pace()
    }
  }

  /// Times are taken when sightings come: this only paces the waiting.
  private static func pace() async throws { try await Task.sleep(for: .milliseconds(5)) }
}
