import SystemPackage
import UnixSignals

/// To a person, not to whoever reads the table.
func say(_ line: String) {
  // Nobody can be told that standard error is closed.
  _ = try? FileDescriptor.standardError.writeAll(Array("\(line)\n".utf8))
}

/// Runs `body` until it ends or somebody presses Ctrl-C; then it is cancelled and joined.
func untilInterrupted<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
  let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
  return try await firstValue { group in
    group.addTask {
      for await signal in signals { throw BenchmarkFailure("interrupted by \(signal); the nodes are stopped") }
      return nil
    }
    group.addTask { try await body() }
  }
}

/// Runs what `start` adds to a group until one of it gives a value or fails; the others are cancelled and joined.
func firstValue<Value: Sendable>(
  _ start: (inout ThrowingTaskGroup<Value?, any Error>) throws -> Void
) async throws -> Value {
  try await withThrowingTaskGroup(of: Value?.self) { group in
    try start(&group)
    defer { group.cancelAll() }
    while let ended = try await group.next() {
      if let value = ended { return value }
    }
    throw CancellationError()
  }
}

/// Does `work` for each of some numbers, so many at a time.
func forEach(
  _ numbers: some Sequence<Int>, atOnce limit: Int, _ work: @escaping @Sendable (Int) async throws -> Void
) async throws {
  try await withThrowingTaskGroup(of: Void.self) { group in
    for (place, number) in numbers.enumerated() {
      if place >= limit { try await group.next() }
      group.addTask { try await work(number) }
    }
    try await group.waitForAll()
  }
}
