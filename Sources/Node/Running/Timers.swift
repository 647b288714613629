internal import Dispatch
internal import Engine
internal import Model
internal import Synchronization

/// The engine's timers: one of each kind, the newest setting counts.
final class Timers: Sendable {
  private struct Settings: Sendable {
    /// By kind, which setting is the newest.
    var newest: [EngineTimer: UInt64] = [:]
    var count: UInt64 = 0
  }

  private let settings = Mutex(Settings())
  private let queue = DispatchQueue(label: "timers")
  private let fired: AsyncStream<(timer: EngineTimer, setting: UInt64)>
  private let continuation: AsyncStream<(timer: EngineTimer, setting: UInt64)>.Continuation

  init() {
    // One of each kind is due at most; what was replaced is dropped below.
    (fired, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(64))
  }

  func set(_ timer: EngineTimer, after duration: Duration) {
    let setting = settings.withLock { settings in
      settings.count += 1
      settings.newest[timer] = settings.count
      return settings.count
    }
    queue.asyncAfter(deadline: .now() + .nanoseconds(Int(duration / .nanoseconds(1)))) { [continuation, weak self] in
      if self?.isNewest(setting, of: timer) == true { continuation.yield((timer, setting)) }
    }
  }

  private func isNewest(_ setting: UInt64, of timer: EngineTimer) -> Bool {
    settings.withLock { $0.newest[timer] == setting }
  }

  /// Fires timers until cancelled.
  func run(_ fire: @escaping @Sendable (EngineTimer) async -> Void) async {
    for await (timer, setting) in fired where isNewest(setting, of: timer) { await fire(timer) }
  }
}
