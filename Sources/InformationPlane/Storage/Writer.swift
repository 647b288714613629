public import Engine
internal import Synchronization

/// Names one step's writes until they are durable. Chosen by the caller, ascending.
public struct WriteTicket: Hashable, Sendable, Comparable {
  public let value: UInt64
  public init(_ value: UInt64) { self.value = value }
  public static func < (left: WriteTicket, right: WriteTicket) -> Bool { left.value < right.value }
}

/// The only writer of a node's database: takes steps in order, and commits together what waits (group commit).
///
/// `run` must run while anything is submitted; when it throws, the process must end.
public final class Writer: Sendable {
  /// Steps that may wait; beyond, `enqueue` and `submit` throw `StorageError.overloaded`.
  public static let waitingLimit = 16_384
  /// Steps in one transaction.
  public static let groupLimit = 1_024

  private struct Item: Sendable {
    let writes: [Write]
    let ticket: WriteTicket?
    let waiter: CheckedContinuation<Result<Void, StorageError>, Never>?
  }

  private struct State: Sendable {
    var waiting: [Item] = []
    var isFinished = false
    var failure: StorageError?
  }

  private let database: NodeDatabase
  private let state = Mutex(State())
  private let signals: AsyncStream<Void>
  private let wake: AsyncStream<Void>.Continuation

  public init(_ database: NodeDatabase) {
    self.database = database
    (signals, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Why `heads.json` could not be written, nil when it could: the node goes on, and should say so.
  public var headsProblem: String? { database.headsProblem }

  /// Puts one step's writes at the end of the queue, at once; `run` reports its ticket when they are durable.
  ///
  /// - Throws: `StorageError.overloaded`, `.closed`, or what `run` failed with.
  public func enqueue(_ writes: [Write], ticket: WriteTicket) throws(StorageError) {
    try add(Item(writes: writes, ticket: ticket, waiter: nil))
  }

  /// Writes one step and returns when it is durable. Throws as `enqueue`, or why it could not be written.
  public func submit(_ writes: [Write]) async throws(StorageError) {
    let result = await withCheckedContinuation { waiter in
      do throws(StorageError) {
        try add(Item(writes: writes, ticket: nil, waiter: waiter))
      } catch {
        waiter.resume(returning: .failure(error))
      }
    }
    try result.get()
  }

  /// Returns once everything that was put in before is durable: what the database shows then is no older.
  public func settle() async throws(StorageError) { try await submit([]) }

  private func add(_ item: Item) throws(StorageError) {
    let problem: StorageError? = state.withLock { state in
      if let failure = state.failure { return failure }
      if state.isFinished { return .closed }
      if state.waiting.count >= Self.waitingLimit { return .overloaded(limit: Self.waitingLimit) }
      state.waiting.append(item)
      return nil
    }
    if let problem { throw problem }
    wake.yield()
  }

  /// Lets `run` end once all that waits is written; nothing more is taken.
  public func finish() {
    state.withLock { $0.isFinished = true }
    wake.yield()
  }

  /// Writes until `finish`. Cancelling the task ends it as well, after what waits is written.
  ///
  /// - Parameter onDurable: told the tickets of each transaction, in order, after it is durable.
  /// - Throws: why a transaction could not be made durable. Nothing is written after that.
  public func run(onDurable: @Sendable ([WriteTicket]) async -> Void) async throws(StorageError) {
    var iterator = signals.makeAsyncIterator()
    while true {
      let group = next()
      if group.isEmpty {
        database.heads.write()
        if state.withLock({ $0.isFinished && $0.waiting.isEmpty }) { return }
        if await iterator.next(isolation: #isolation) == nil { finish() }
        continue
      }
      do throws(StorageError) {
        let steps = group.map(\.writes).filter { !$0.isEmpty }
        if !steps.isEmpty { try await database.commitAsynchronously(steps) }
      } catch {
        fail(group, error)
        throw error
      }
      for item in group { item.waiter?.resume(returning: .success(())) }
      await onDurable(group.compactMap(\.ticket))
    }
  }

  private func next() -> [Item] {
    state.withLock { state in
      let group = Array(state.waiting.prefix(Self.groupLimit))
      state.waiting.removeFirst(group.count)
      return group
    }
  }

  private func fail(_ group: [Item], _ error: StorageError) {
    let rest = state.withLock { state in
      state.failure = error
      defer { state.waiting = [] }
      return state.waiting
    }
    for item in group + rest { item.waiter?.resume(returning: .failure(error)) }
  }
}
