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

  /// What the engine has under way is bounded by the engine, so more is a fault.
  private static let jobLimit = 1 << 17
  /// Taken at a time: a few tenths of a millisecond, so that two workers share what there is.
  private static let batchLimit = 8

  private let waiting = Mutex<Deque<Job>>([])
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
      waiting.append(job)
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
    waiting.withLock { waiting in
      let taken = Array(waiting.prefix(Self.batchLimit))
      waiting.removeFirst(taken.count)
      return taken
    }
  }

  private func outcome(of job: Job) -> EngineInput {
    switch job {
    case .sign(let id, let statement): .signed(id, key.sign(statement.signedBytes))
    case .check(let id, let check): .verified(id, check.finding())
    }
  }
}
