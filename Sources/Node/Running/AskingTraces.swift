internal import Engine
internal import Model
internal import Overlay

// What this node and those that it may ask know of a trace.
extension NodeDoor {
  private static let traceTimeout = Duration.seconds(2)

  func trace(_ id: TraceID) async throws -> [TraceView] {
    let finished = try await history.events(of: id)
    let (own, audience) = await loop.read { engine, _ in
      (engine.traceViews(id, finished: finished), engine.traceAudience(id))
    }
    let replies = try await replies(of: audience.asked, about: id)
    return await loop.read { $0.traceMerged(own, replies: replies, from: audience, at: $1) }
  }

  private func replies(of nodes: [NodeID], about id: TraceID) async throws -> [NodeID: PeerMessage.TraceReply] {
    let waiters = hands.traceWaiters
    guard let (number, answers) = waiters.begin(nodes) else {
      throw Refusal(.unavailable, "too many traces are being followed", next: "try again in a moment")
    }
    for node in nodes { await loop.send(.traceRequest(.init(number: number, trace: id)), to: node) }
    return await withTaskGroup(of: Void.self) { group in
      // Ends the answers, whether or not somebody still waits for them.
      group.addTask {
        try? await Task.sleep(for: Self.traceTimeout)
        waiters.end(number)
      }
      var out: [NodeID: PeerMessage.TraceReply] = [:]
      for await (node, reply) in answers { out[node] = reply }
      group.cancelAll()
      return out
    }
  }
}
