import Engine
import Interface
import Model
import Synchronization

/// When notices of some nodes came, by this process's clock, so that no two clocks are compared.
final class NoticeBoard: Sendable {
  /// What a notice is about.
  struct Subject: Hashable, Sendable {
    let kind: String
    let task: TaskID?
    let collaboration: CollaborationID?
  }

  private let first = Mutex<[Subject: ContinuousClock.Instant]>([:])
  private let kinds: Set<String>

  /// - Parameter kinds: those that are kept.
  init(kinds: Set<String>) { self.kinds = kinds }

  func take(_ notice: NoticeView) {
    guard kinds.contains(notice.kind) else { return }
    let now = ContinuousClock.now
    let subject = Subject(
      kind: notice.kind, task: notice.task, collaboration: notice.task == nil ? notice.collaboration : nil)
    first.withLock { if $0[subject] == nil { $0[subject] = now } }
  }

  /// Waits until such a notice has come.
  ///
  /// - Returns: when the first one came.
  /// - Throws: `BenchmarkFailure` when none comes in time.
  func time(
    of kind: String, task: TaskID? = nil, collaboration: CollaborationID? = nil, within limit: Duration
  ) async throws -> ContinuousClock.Instant {
    try await firstTime(of: [Subject(kind: kind, task: task, collaboration: collaboration)], within: limit)
  }

  /// The same for the first of several kinds.
  func firstTime(
    of kinds: Set<String>, task: TaskID, within limit: Duration
  ) async throws -> ContinuousClock.Instant {
    try await firstTime(of: kinds.sorted().map { Subject(kind: $0, task: task, collaboration: nil) }, within: limit)
  }

  private func firstTime(of subjects: [Subject], within limit: Duration) async throws -> ContinuousClock.Instant {
    let deadline = ContinuousClock.now + limit
    while true {
      if let time = first.withLock({ first in subjects.compactMap { first[$0] }.min() }) { return time }
      guard ContinuousClock.now < deadline else {
        let kinds = subjects.map(\.kind).joined(separator: " or ")
        throw BenchmarkFailure("no node told of \(kinds) within \(Int(limit.inSeconds)) s")
      }
      // Times are taken when notices come: this only paces the waiting.
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  /// Runs `body` while the nodes' notices are taken.
  static func following<Value: Sendable>(
    _ members: [BenchmarkNetwork.Member], kinds: Set<String>,
    _ body: @escaping @Sendable (NoticeBoard) async throws -> Value
  ) async throws -> Value {
    let board = NoticeBoard(kinds: kinds)
    return try await withThrowingTaskGroup(of: Value?.self) { group in
      for member in members {
        group.addTask {
          try await member.client.notices { notice in
            board.take(notice)
            return true
          }
          throw BenchmarkFailure("\(member.name) ended its notices")
        }
      }
      group.addTask { try await body(board) }
      defer { group.cancelAll() }
      while let ended = try await group.next() {
        if let value = ended { return value }
      }
      throw CancellationError()
    }
  }
}
