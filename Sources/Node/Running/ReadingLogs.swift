internal import Coordination
internal import Engine
internal import Foundation
internal import Model
internal import Overlay
internal import Storage

// What attempts wrote: kept in the store, still with the adapters here, or at the node that runs them.
extension NodeDoor {
  private static let logTimeout = Duration.seconds(5)

  func log(
    of task: TaskID, subtask: Int, attempt: Int?, stream: String, offset: Int, limit: Int
  ) async throws -> LogView {
    guard let wanted = PeerMessage.LogStream(rawValue: stream), offset >= 0 else {
      throw Refusal(.invalid, "a log's stream is stdout or stderr, its offset not negative", subject: stream)
    }
    let found = await loop.read { engine, _ in
      engine.logSource(of: task, subtask: subtask, attempt: attempt, stream: stream)
    }
    guard let source = found else {
      let number = attempt.map { ", attempt \($0)" } ?? ""
      throw Refusal(
        .notFound, "task \(task.short) has no subtask \(subtask)\(number) here", subject: "\(subtask)",
        next: "jointcloud task show \(task.short)")
    }
    let limit = min(max(1, limit), PeerMessage.LogChunk.byteLimit)
    switch source.place {
    case .kept(let reference):
      guard hands.objects.has(reference) else {
        if let keeper = source.keeper { throw Self.keptElsewhere(source, keeper) }
        return LogView(
          of: source, stream: stream, offset: offset, end: source.isOver,
          problem: "it is not in this node's object store")
      }
      let bytes = try objectBytes(reference, offset: offset, limit: limit)
      return LogView(
        of: source, stream: stream, offset: offset, base64: Data(bytes).base64EncodedString(),
        end: source.isOver && offset + bytes.count >= reference.byteCount)
    case .here:
      let request = PeerMessage.LogRequest(attempt: source.attempt, stream: wanted, offset: offset, limit: limit)
      return view(of: await workshop.log(request), source)
    case .at(let node): return try await remoteLog(source, wanted, offset: offset, limit: limit, at: node)
    case .nowhere(let reason):
      return LogView(of: source, stream: stream, offset: offset, end: source.isOver, problem: reason)
    }
  }

  private static func keptElsewhere(_ source: LogSource, _ keeper: String) -> Refusal {
    let subtask = source.attempt.subtask
    return Refusal(
      .notFound,
      "what subtask \(subtask) of task \(source.attempt.task.short) wrote is kept at \(keeper), which coordinates it, "
        + "and not here",
      subject: "\(subtask)", next: "give the same command at the node \(keeper)")
  }

  private func remoteLog(
    _ source: LogSource, _ stream: PeerMessage.LogStream, offset: Int, limit: Int, at node: NodeID
  ) async throws -> LogView {
    let attempt = source.attempt
    guard let (ticket, chunks) = hands.logWaiters.wait(for: attempt, stream, offset: offset, from: node) else {
      throw Refusal(.unavailable, "too many requests for logs wait", next: "try again in a moment")
    }
    await loop.send(.logRequest(.init(attempt: attempt, stream: stream, offset: offset, limit: limit)), to: node)
    let waiters = hands.logWaiters
    let chunk = await withTaskGroup(of: PeerMessage.LogChunk?.self) { group in
      group.addTask { await chunks.first { _ in true } }
      group.addTask {
        try? await Task.sleep(for: Self.logTimeout)
        return nil
      }
      let first = await group.next() ?? nil
      waiters.cancel(ticket)
      group.cancelAll()
      return first
    }
    guard let chunk else {
      return LogView(
        of: source, stream: stream.rawValue, offset: offset, problem: "\(source.nodeName) does not answer")
    }
    return view(of: chunk, source)
  }

  private func view(of chunk: PeerMessage.LogChunk, _ source: LogSource) -> LogView {
    LogView(
      of: source, stream: chunk.stream.rawValue, offset: chunk.offset,
      base64: Data(chunk.bytes).base64EncodedString(), end: chunk.end, problem: chunk.problem ?? "")
  }
}
