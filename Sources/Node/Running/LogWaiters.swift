package import Model
package import Overlay
internal import Synchronization

/// Requests for pieces of logs that other nodes have not answered yet.
package final class LogWaiters: Sendable {
  /// One who waits.
  package struct Ticket: Hashable, Sendable {
    fileprivate let key: Key
    fileprivate let number: UInt64
  }

  /// Only the node that was asked answers.
  fileprivate struct Key: Hashable, Sendable {
    let node: NodeID
    let attempt: AttemptID
    let stream: PeerMessage.LogStream
    let offset: Int
  }

  private struct State: Sendable {
    var waiting: [Key: [UInt64: AsyncStream<PeerMessage.LogChunk>.Continuation]] = [:]
    var count = 0
    var last: UInt64 = 0
  }

  private let state = Mutex(State())
  private static let limit = 256

  package init() {}

  /// - Returns: the answer's stream, of one chunk; nil when too many wait. Must be cancelled with its ticket when
  ///   nobody reads it any more.
  package func wait(
    for attempt: AttemptID, _ stream: PeerMessage.LogStream, offset: Int, from node: NodeID
  ) -> (ticket: Ticket, chunks: AsyncStream<PeerMessage.LogChunk>)? {
    let (chunks, continuation) = AsyncStream.makeStream(
      of: PeerMessage.LogChunk.self, bufferingPolicy: .bufferingNewest(1))
    let key = Key(node: node, attempt: attempt, stream: stream, offset: offset)
    let number: UInt64? = state.withLock { state in
      guard state.count < Self.limit else { return nil }
      state.last += 1
      state.count += 1
      state.waiting[key, default: [:]][state.last] = continuation
      return state.last
    }
    return number.map { (Ticket(key: key, number: $0), chunks) }
  }

  package func resume(_ chunk: PeerMessage.LogChunk, from node: NodeID) {
    let key = Key(node: node, attempt: chunk.attempt, stream: chunk.stream, offset: chunk.offset)
    let answered = state.withLock { state in
      let answered = state.waiting.removeValue(forKey: key) ?? [:]
      state.count -= answered.count
      return answered
    }
    for continuation in answered.values {
      continuation.yield(chunk)
      continuation.finish()
    }
  }

  /// Gives up waiting; others who wait for the same piece go on.
  package func cancel(_ ticket: Ticket) {
    let given = state.withLock { state in
      let given = state.waiting[ticket.key]?.removeValue(forKey: ticket.number)
      if given != nil { state.count -= 1 }
      if state.waiting[ticket.key]?.isEmpty == true { state.waiting[ticket.key] = nil }
      return given
    }
    given?.finish()
  }
}

/// Pieces of logs that are being read for other nodes: a few for each, so that none keeps this node busy.
package final class LogAnswers: Sendable {
  private let open = Mutex<[NodeID: Int]>([:])
  /// Of one node at a time; who asks for more gets no answer to it.
  package static let limit = 16

  package init() {}

  /// - Returns: false when as many as allowed are being read for the node.
  package func begin(for node: NodeID) -> Bool {
    open.withLock { open in
      guard open[node, default: 0] < Self.limit else { return false }
      open[node, default: 0] += 1
      return true
    }
  }

  package func end(for node: NodeID) {
    open.withLock { open in
      let left = open[node, default: 1] - 1
      open[node] = left == 0 ? nil : left
    }
  }
}
