import Glibc
import Synchronization

/// Programs that start when told, while a body runs, and are all stopped when it ends.
final class ProcessSet: Sendable {
  private struct Slot {
    var process: pid_t?
    var paused = false
    /// Whether its end is no failure.
    var mayEnd = false
  }

  private let slots: Mutex<[Slot]>
  private let lastWords: @Sendable (Int) -> String
  private let orders: [AsyncStream<Void>.Continuation]

  private init(orders: [AsyncStream<Void>.Continuation], lastWords: @escaping @Sendable (Int) -> String) {
    self.orders = orders
    self.lastWords = lastWords
    slots = Mutex(Array(repeating: Slot(), count: orders.count))
  }

  /// Runs `body`, in which slots can be started.
  ///
  /// - Parameter program: runs the program of a slot until it ends, or until its task is cancelled and it was stopped;
  ///   calls `started` with its process.
  /// - Parameter lastWords: what a program that ended by itself said of it.
  /// - Throws: what `body` throws, or `BenchmarkFailure` when a program ends that was not killed.
  static func running<Value: Sendable>(
    slots count: Int,
    program: @escaping @Sendable (_ slot: Int, _ started: @escaping @Sendable (pid_t) -> Void) async throws -> Void,
    lastWords: @escaping @Sendable (_ slot: Int) -> String,
    _ body: @escaping @Sendable (ProcessSet) async throws -> Value
  ) async throws -> Value {
    let streams = (0..<count).map { _ in AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(1)) }
    let set = ProcessSet(orders: streams.map(\.continuation), lastWords: lastWords)
    return try await firstValue { group in
      for (slot, stream) in streams.enumerated() {
        group.addTask {
          for await _ in stream.stream {
            try await program(slot) { set.begun(slot, $0) }
            try set.ended(slot)
          }
          return nil
        }
      }
      group.addTask {
        // A stopped process would not see that it is to end.
        defer { set.resumeAll() }
        return try await body(set)
      }
    }
  }

  func start(_ slot: Int) { orders[slot].yield() }

  /// nil while it does not run.
  func process(_ slot: Int) -> pid_t? { slots.withLock { $0[slot].process } }

  func mayEnd(_ slot: Int) -> Bool { slots.withLock { $0[slot].mayEnd } }

  /// Sends SIGKILL.
  func kill(_ slot: Int) throws {
    slots.withLock { $0[slot].mayEnd = true }
    try signal(SIGKILL, slot)
  }

  /// Sends SIGSTOP.
  func pause(_ slot: Int) throws {
    slots.withLock { $0[slot].paused = true }
    try signal(SIGSTOP, slot)
  }

  /// Sends SIGCONT.
  func resume(_ slot: Int) throws {
    slots.withLock { $0[slot].paused = false }
    try signal(SIGCONT, slot)
  }

  func signal(_ signal: CInt, _ slot: Int) throws {
    // Under the lock a process that was seen to end is not mistaken for another with its number.
    let outcome = slots.withLock { slots -> CInt? in slots[slot].process.map { Glibc.kill($0, signal) } }
    guard outcome == 0 else { throw BenchmarkFailure("process \(slot) does not run and cannot be sent \(signal)") }
  }

  private func begun(_ slot: Int, _ process: pid_t) {
    slots.withLock {
      $0[slot].process = process
      $0[slot].mayEnd = false
    }
  }

  private func ended(_ slot: Int) throws {
    let expected = slots.withLock { slots in
      slots[slot].process = nil
      return slots[slot].mayEnd
    }
    guard expected else { throw BenchmarkFailure("a node ended by itself: \(lastWords(slot))") }
  }

  private func resumeAll() {
    slots.withLock { slots in
      for slot in slots where slot.paused {
        if let process = slot.process { Glibc.kill(process, SIGCONT) }
      }
    }
  }
}
