import NIOCore
import NIOPosix
import Overlay
import Synchronization

/// Sums up what is dropped at the port, so that a flood costs the overlay a few inputs a second and not one for each.
final class DropTally: Sendable {
  private enum Phase {
    /// Nothing was dropped since the last `take`.
    case empty
    /// More is gathered until the interval is over.
    case gathering
    /// Whoever takes has been called.
    case due
  }

  private struct State {
    var counts: [DropReason: Int] = [:]
    var phase = Phase.empty
    var takenAt: NIODeadline?
  }

  private let state = Mutex(State())
  private let interval: TimeAmount
  private let call: @Sendable () -> Void

  /// - Parameter call: is told, from any thread and at most once in `interval`, that there is something to `take`.
  init(interval: TimeAmount, call: @escaping @Sendable () -> Void) {
    self.interval = interval
    self.call = call
  }

  func count(_ reason: DropReason) {
    let wait = state.withLock { state -> TimeAmount? in
      state.counts[reason, default: 0] += 1
      guard state.phase == .empty else { return nil }
      let rest = state.takenAt.map { $0 + interval - .now() } ?? .zero
      state.phase = rest > .zero ? .gathering : .due
      return rest
    }
    guard let wait else { return }
    guard wait > .zero else { return call() }
    NIOSingletons.posixEventLoopGroup.any().scheduleTask(in: wait) {
      self.state.withLock { $0.phase = .due }
      self.call()
    }
  }

  /// What was dropped since the last time, once it is due.
  func take() -> [OverlayInput] {
    let counts = state.withLock { state -> [DropReason: Int] in
      guard state.phase == .due else { return [:] }
      defer { state = State(takenAt: .now()) }
      return state.counts
    }
    return counts.sorted { $0.key < $1.key }.map { .dropped($0.key, count: $0.value) }
  }
}
