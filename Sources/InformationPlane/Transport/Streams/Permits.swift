import DequeModule
import Synchronization

/// Lets a number of tasks in at a time; the others wait in line.
final class Permits: Sendable {
  private struct State {
    var free: Int
    var nextTicket: UInt64 = 0
    var line: Deque<(ticket: UInt64, continuation: CheckedContinuation<Bool, Never>)> = []
    /// Cancelled before they stood in line.
    var cancelled: Set<UInt64> = []
  }

  private let state: Mutex<State>

  init(_ count: Int) {
    state = Mutex(State(free: count))
  }

  /// Runs `body` with a permit.
  ///
  /// - Throws: `CancellationError` when cancelled in line, or what `body` throws.
  func withPermit<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
    guard await acquire() else { throw CancellationError() }
    defer { release() }
    return try await body()
  }

  private func acquire() async -> Bool {
    let ticket = state.withLock { state in
      state.nextTicket += 1
      return state.nextTicket
    }
    defer { _ = state.withLock { $0.cancelled.remove(ticket) } }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer = state.withLock { state -> Bool? in
          if state.cancelled.remove(ticket) != nil { return false }
          if state.free > 0 {
            state.free -= 1
            return true
          }
          state.line.append((ticket, continuation))
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      let waiting = state.withLock { state -> CheckedContinuation<Bool, Never>? in
        guard let index = state.line.firstIndex(where: { $0.ticket == ticket }) else {
          state.cancelled.insert(ticket)
          return nil
        }
        return state.line.remove(at: index).continuation
      }
      waiting?.resume(returning: false)
    }
  }

  private func release() {
    let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
      if let first = state.line.popFirst() { return first.continuation }
      state.free += 1
      return nil
    }
    next?.resume(returning: true)
  }
}
