internal import Engine
internal import Model

/// The engine's timers: one of each kind, the newest setting counts.
final class Timers: Sendable {
  private struct Line: Sendable {
    let timer: EngineTimer
    let stream: AsyncStream<Duration>
    let continuation: AsyncStream<Duration>.Continuation

    init(_ timer: EngineTimer) {
      self.timer = timer
      (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }
  }

  private let lines = [Line(.overlay), Line(.tick), Line(.report)]

  func set(_ timer: EngineTimer, after duration: Duration) {
    for line in lines where line.timer == timer { line.continuation.yield(duration) }
  }

  /// Fires timers until cancelled.
  func run(_ fire: @escaping @Sendable (EngineTimer) async -> Void) async {
    await withDiscardingTaskGroup { group in
      for line in lines {
        group.addTask {
          for await duration in line.stream {
            do { try await Task.sleep(for: duration) } catch { return }
            await fire(line.timer)
          }
        }
      }
    }
  }
}
