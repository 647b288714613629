internal import DequeModule
internal import Engine
internal import Model
internal import Overlay
internal import Sodium
internal import Synchronization

/// Makes and checks signatures beside the loop, since each takes tens of microseconds. Whoever is free takes what has
/// come meanwhile, and hands the outcomes back together.
final class SignatureWork: Sendable {
  enum Job: Sendable {
    case sign(SigningJob, Statement)
    case check(CheckingJob, Check)
  }

  /// What waits. This node's own signatures and the ledgers' go before what anybody may send, which does not starve.
  private struct Lanes {
    var own: Deque<Job> = []
    var others: Deque<Job> = []
    var count: Int { own.count + others.count }

    mutating func put(_ job: Job) {
      if case .check(_, .overlay) = job { others.append(job) } else { own.append(job) }
    }

    mutating func take(atMost limit: Int) -> [Job] {
      let first = min(own.count, others.isEmpty ? limit : limit - limit / 4)
      let taken = Array(own.prefix(first)) + others.prefix(limit - first)
      own.removeFirst(first)
      others.removeFirst(taken.count - first)
      return taken
    }
  }

  /// The overlay and the ledgers bound what they have under way far below this, so more is a fault.
  static let jobLimit = 1 << 17
  /// Taken at a time: a millisecond or two at most, so that the workers share what there is.
  private static let batchLimit = 8

  private let waiting = Mutex(Lanes())
  private let key: SigningKey
  private let signals: [AsyncStream<Void>]
  private let bells: [AsyncStream<Void>.Continuation]

  init(key: SigningKey, workers: Int) {
    self.key = key
    let streams = (0..<max(1, workers)).map { _ in
      AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }
    signals = streams.map(\.stream)
    bells = streams.map(\.continuation)
  }

  /// - Returns: false when too much waits.
  func put(_ job: Job) -> Bool {
    let count = waiting.withLock { waiting -> Int in
      guard waiting.count < Self.jobLimit else { return 0 }
      waiting.put(job)
      return waiting.count
    }
    // One worker keeps up with a few; the others come for more.
    if count > 0 { bells[0].yield() }
    if count > Self.batchLimit { for bell in bells.dropFirst() { bell.yield() } }
    return count > 0
  }

  /// Nothing more is to be done.
  func end() { for bell in bells { bell.finish() } }

  /// Works until `end`, or until cancelled.
  ///
  /// - Parameter done: takes outcomes, in any order, several at a time.
  func run(_ done: @escaping @Sendable ([EngineInput]) async -> Void) async {
    await withDiscardingTaskGroup { group in
      for signals in signals {
        group.addTask {
          for await _ in signals {
            while true {
              let jobs = self.take()
              if jobs.isEmpty { break }
              await done(jobs.map(self.outcome))
            }
          }
        }
      }
    }
  }

  private func take() -> [Job] {
    waiting.withLock { $0.take(atMost: Self.batchLimit) }
  }

  private func outcome(of job: Job) -> EngineInput {
    switch job {
    case .sign(let id, let statement): .signed(id, key.sign(statement.signedBytes))
    case .check(let id, let check): .verified(id, check.finding())
    }
  }
}
