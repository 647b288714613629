import DequeModule
internal import Model
internal import Resources
internal import Synchronization

/// Carries reports from an adapter to its one reader: the newest of each attempt, in the order in which attempts
/// first changed. Holds at most one report an attempt, so it is bounded as the adapter's attempts are.
final class ReportMailbox: Sendable {
  private struct Waiting {
    var newest: [AttemptID: WorkReport] = [:]
    var order: Deque<AttemptID> = []

    mutating func take() -> WorkReport? {
      order.popFirst().flatMap { newest.removeValue(forKey: $0) }
    }
  }

  private let waiting = Mutex(Waiting())
  private let arrivals: AsyncStream<Void>
  private let arrival: AsyncStream<Void>.Continuation

  init() {
    (arrivals, arrival) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  func post(_ report: WorkReport) {
    waiting.withLock { waiting in
      if waiting.newest.updateValue(report, forKey: report.attempt) == nil { waiting.order.append(report.attempt) }
    }
    arrival.yield()
  }

  /// What waits is still read; then the stream ends.
  func finish() {
    arrival.finish()
  }

  var reports: AsyncStream<WorkReport> {
    AsyncStream(unfolding: { await self.next() })
  }

  private func next() async -> WorkReport? {
    if let report = take() { return report }
    for await _ in arrivals {
      if let report = take() { return report }
    }
    return take()
  }

  private func take() -> WorkReport? {
    waiting.withLock { $0.take() }
  }
}
