import NIOCore
import Synchronization

/// Closes a channel on which nothing happened for too long.
final class Watchdog: Sendable {
  private struct State {
    var touchedAt: ContinuousClock.Instant
    var hasBitten = false
    var isDone = false
  }

  private let state = Mutex(State(touchedAt: .now))
  private let channel: any Channel
  private let patience: TimeAmount

  init(_ channel: any Channel, patience: TimeAmount) {
    self.channel = channel
    self.patience = patience
    schedule(after: patience)
  }

  /// Something moved.
  func touch() { state.withLock { $0.touchedAt = .now } }

  /// No longer needed.
  func stop() { state.withLock { $0.isDone = true } }

  /// Whether it closed the channel.
  var hasBitten: Bool { state.withLock { $0.hasBitten } }

  private func schedule(after wait: TimeAmount) {
    channel.eventLoop.scheduleTask(in: wait) { [weak self] in self?.look() }
  }

  private func look() {
    let rest = state.withLock { state -> TimeAmount? in
      guard !state.isDone else { return nil }
      let rest = patience - .init(state.touchedAt.duration(to: .now))
      if rest <= .zero { state.hasBitten = true }
      return rest
    }
    guard let rest else { return }
    if rest <= .zero { channel.close(promise: nil) } else { schedule(after: rest) }
  }
}
