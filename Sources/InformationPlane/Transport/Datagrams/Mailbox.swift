import DequeModule
import Overlay
import Synchronization

/// What has come in and waits for the overlay: bounded, the newest is dropped. The gate puts in, one task takes out.
final class Mailbox: Sendable {
  private let waiting = Mutex<Deque<OverlayInput>>([])
  private let limit: Int
  /// Says that there is something to take; ends when nothing comes any more.
  let rings: AsyncStream<Void>
  private let bell: AsyncStream<Void>.Continuation

  init(limit: Int) {
    self.limit = limit
    (rings, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
  }

  /// Whoever puts rings afterwards, once for many.
  ///
  /// - Returns: false when it is full.
  func put(_ input: OverlayInput) -> Bool {
    waiting.withLock { waiting in
      guard waiting.count < limit else { return false }
      waiting.append(input)
      return true
    }
  }

  func ring() { bell.yield() }

  func close() { bell.finish() }

  /// The oldest, in order; empty when nothing waits.
  func take(atMost count: Int) -> [OverlayInput] {
    waiting.withLock { waiting in
      let taken = Array(waiting.prefix(count))
      waiting.removeFirst(taken.count)
      return taken
    }
  }
}
