import DequeModule
import Model

/// What one peer is to be asked for, each once, in turn.
struct AskQueue: Sendable {
  /// A peer may tell of much and take it back at once: what is too much is not asked of it.
  static let limit = 16_384

  private var queue: Deque<StatementID> = []
  private var queued: Set<StatementID> = []

  mutating func append(_ id: StatementID) { if admits(id) { queue.append(id) } }

  /// Before what waits already.
  mutating func prepend(_ id: StatementID) { if admits(id) { queue.prepend(id) } }

  mutating func popFirst() -> StatementID? {
    guard let id = queue.popFirst() else { return nil }
    queued.remove(id)
    return id
  }

  private mutating func admits(_ id: StatementID) -> Bool { queue.count < Self.limit && queued.insert(id).inserted }
}
