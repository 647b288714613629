internal import Engine
internal import Model
internal import Synchronization
internal import Transport

/// The engine's timers: one of each kind, the newest setting counts.
final class Timers: Sendable {
  private struct Setting: Sendable {
    let number: UInt64
    let appointment: NetworkLoop.Appointment
  }

  private struct Settings: Sendable {
    var newest: [EngineTimer: Setting] = [:]
    var count: UInt64 = 0
  }

  private let loop: NetworkLoop
  private let settings = Mutex(Settings())
  private let fired: AsyncStream<(timer: EngineTimer, number: UInt64)>
  private let continuation: AsyncStream<(timer: EngineTimer, number: UInt64)>.Continuation

  init(loop: NetworkLoop) {
    self.loop = loop
    // One of each kind is due at most; what was replaced is dropped below.
    (fired, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(64))
  }

  func set(_ timer: EngineTimer, after duration: Duration) {
    settings.withLock { settings in
      settings.count += 1
      let number = settings.count
      settings.newest[timer]?.appointment.cancel()
      let appointment = loop.schedule(after: duration) { [continuation] in continuation.yield((timer, number)) }
      settings.newest[timer] = Setting(number: number, appointment: appointment)
    }
  }

  private func isNewest(_ number: UInt64, of timer: EngineTimer) -> Bool {
    settings.withLock { $0.newest[timer]?.number == number }
  }

  /// Fires timers until cancelled, on the loop.
  func run(_ fire: @escaping @Sendable (EngineTimer) async -> Void) async {
    await withTaskExecutorPreference(loop) {
      for await (timer, number) in fired where isNewest(number, of: timer) { await fire(timer) }
    }
  }
}
