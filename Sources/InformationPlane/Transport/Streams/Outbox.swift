import DequeModule
import Overlay
import Synchronization

/// What waits to be sent on one link: bounded, control before bulk, which has its share all the same. Any thread puts
/// in, the link's writer takes out.
final class Outbox: Sendable {
  /// So many bytes of control go before bulk that waits; then one frame of it.
  static let controlBurst = 256 << 10

  private struct State {
    var control: Deque<[UInt8]> = []
    var bulk: Deque<[UInt8]> = []
    var byteCount = 0
    /// Bytes of control that went while bulk waited, since a frame of it went last.
    var controlAhead = 0
    var ending: CloseReason?

    mutating func next() -> [UInt8]? {
      let isBulksTurn = controlAhead >= Outbox.controlBurst && !bulk.isEmpty
      if !isBulksTurn, let frame = control.popFirst() {
        controlAhead = bulk.isEmpty ? 0 : controlAhead + frame.count
        return frame
      }
      controlAhead = 0
      return bulk.popFirst()
    }
  }

  /// What the writer is to do next.
  enum Next {
    case frames([[UInt8]])
    /// Everything was taken; more may come.
    case empty
    case ended
  }

  private let state = Mutex(State())
  private let byteLimit: Int
  private let frameLimit: Int
  /// Tells the writer that there is something; one pending signal is enough.
  let signals: AsyncStream<Void>
  private let signal: AsyncStream<Void>.Continuation

  init(byteLimit: Int, frameLimit: Int) {
    self.byteLimit = byteLimit
    self.frameLimit = frameLimit
    (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
  }

  /// - Returns: false when the limit is reached: the other end does not read.
  func put(_ frame: [UInt8], _ lane: Lane) -> Bool {
    let fits = state.withLock { state -> Bool in
      guard state.ending == nil else { return true }
      guard state.byteCount + frame.count <= byteLimit, state.control.count + state.bulk.count < frameLimit else {
        return false
      }
      switch lane {
      case .control: state.control.append(frame)
      case .bulk: state.bulk.append(frame)
      }
      state.byteCount += frame.count
      return true
    }
    signal.yield()
    return fits
  }

  /// No more comes in; what is there still goes out, unless `discarding`. The first reason stays.
  func end(_ reason: CloseReason, discarding: Bool = false) {
    state.withLock { state in
      if state.ending == nil { state.ending = reason }
      guard discarding else { return }
      state.control = []
      state.bulk = []
      state.byteCount = 0
    }
    signal.yield()
    signal.finish()
  }

  /// Why this side ended the link, if it did.
  var ending: CloseReason? { state.withLock { $0.ending } }

  /// Takes frames up to a size, at least one if there is one.
  func take(byteLimit: Int) -> Next {
    state.withLock { state in
      var taken: [[UInt8]] = []
      var byteCount = 0
      while byteCount < byteLimit, let frame = state.next() {
        byteCount += frame.count
        taken.append(frame)
      }
      state.byteCount -= byteCount
      if !taken.isEmpty { return .frames(taken) }
      return state.ending == nil ? .empty : .ended
    }
  }
}
