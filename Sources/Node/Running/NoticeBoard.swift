internal import Engine
internal import Synchronization

/// Notices to whoever follows them; a slow reader loses the oldest.
final class NoticeBoard: Sendable {
  private static let readerLimit = 64
  private static let bufferLimit = 1_024

  private struct State: Sendable {
    var readers: [Int: AsyncStream<NoticeView>.Continuation] = [:]
    var next = 0
  }

  private let state = Mutex(State())

  func post(_ notice: NoticeView) {
    for reader in state.withLock({ Array($0.readers.values) }) { reader.yield(notice) }
  }

  /// - Returns: nil when too many read already.
  func subscribe() -> AsyncStream<NoticeView>? {
    let (stream, continuation) = AsyncStream.makeStream(
      of: NoticeView.self, bufferingPolicy: .bufferingNewest(Self.bufferLimit))
    let id: Int? = state.withLock { state in
      guard state.readers.count < Self.readerLimit else { return nil }
      state.next += 1
      state.readers[state.next] = continuation
      return state.next
    }
    guard let id else { return nil }
    continuation.onTermination = { [weak self] _ in self?.state.withLock { $0.readers[id] = nil } }
    return stream
  }

  func finish() {
    for reader in state.withLock({ Array($0.readers.values) }) { reader.finish() }
  }
}
