internal import Engine
internal import Model
internal import Storage

/// Events that are over, as they stand in the database: what this run handled, and the runs before it.
struct EventHistory: Sendable {
  /// Events that one trace shows at most.
  static let traceLimit = 10_000

  let database: NodeDatabase
  let writer: Writer

  /// The newest, newest first. What the engine had handled before the call is among them.
  func newest(_ limit: Int) async throws(Refusal) -> [EventView] {
    try await reading { () async throws(StorageError) in
      try await database.finishedEvents(limit: limit) { EventView($0) }
    }
  }

  /// Those of a trace in order of arrival, the newest of them where there are too many.
  func events(of trace: TraceID) async throws(Refusal) -> [EventView] {
    try await reading { () async throws(StorageError) in
      try await database.finishedEvents(of: trace, limit: Self.traceLimit) { EventView($0) }.reversed()
    }
  }

  /// One with its statement; nil when it is not kept or still waits.
  func event(_ id: String) async throws(Refusal) -> EventView? {
    try await reading { () async throws(StorageError) in
      try await database.finishedEvent(id).map { EventView($0, withStatement: true) }
    }
  }

  private func reading<Value>(_ body: () async throws(StorageError) -> Value) async throws(Refusal) -> Value {
    do {
      try await writer.settle()
      return try await body()
    } catch {
      throw Refusal(.failed, "\(error)", next: "jointcloud doctor")
    }
  }
}
