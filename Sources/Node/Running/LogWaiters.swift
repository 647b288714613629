internal import Model
internal import Overlay
internal import Synchronization

/// Requests for pieces of logs that other nodes have not answered yet.
final class LogWaiters: Sendable {
  private struct Key: Hashable, Sendable {
    let attempt: AttemptID
    let stream: PeerMessage.LogStream
    let offset: Int
  }

  private let waiting = Mutex<[Key: [AsyncStream<PeerMessage.LogChunk>.Continuation]]>([:])
  private static let limit = 256

  /// - Returns: the answer's stream, of one chunk; nil when too many wait.
  func wait(for attempt: AttemptID, _ stream: PeerMessage.LogStream, offset: Int) -> AsyncStream<PeerMessage.LogChunk>?
  {
    let (chunks, continuation) = AsyncStream.makeStream(
      of: PeerMessage.LogChunk.self, bufferingPolicy: .bufferingNewest(1))
    let key = Key(attempt: attempt, stream: stream, offset: offset)
    let fits = waiting.withLock { waiting in
      guard waiting.count < Self.limit else { return false }
      waiting[key, default: []].append(continuation)
      return true
    }
    return fits ? chunks : nil
  }

  func resume(_ chunk: PeerMessage.LogChunk) {
    let key = Key(attempt: chunk.attempt, stream: chunk.stream, offset: chunk.offset)
    for continuation in waiting.withLock({ $0.removeValue(forKey: key) }) ?? [] {
      continuation.yield(chunk)
      continuation.finish()
    }
  }

  /// Gives up waiting.
  func cancel(_ attempt: AttemptID, _ stream: PeerMessage.LogStream, offset: Int) {
    let key = Key(attempt: attempt, stream: stream, offset: offset)
    for continuation in waiting.withLock({ $0.removeValue(forKey: key) }) ?? [] { continuation.finish() }
  }
}
