package import Model
package import Overlay
internal import Synchronization

/// Questions about traces that other nodes have not all answered yet.
package final class TraceWaiters: Sendable {
  package typealias Answer = (node: NodeID, reply: PeerMessage.TraceReply)

  private struct Question: Sendable {
    /// Only who was asked answers, and once.
    var open: Set<NodeID>
    let answers: AsyncStream<Answer>.Continuation
  }

  private struct State: Sendable {
    var questions: [UInt64: Question] = [:]
    var last: UInt64 = 0
  }

  private let state = Mutex(State())
  private static let limit = 64

  package init() {}

  /// - Returns: the question's number and its answers, which end with the last of those asked; nil when too many
  ///   wait. Must be ended by its number.
  package func begin(_ asked: [NodeID]) -> (number: UInt64, answers: AsyncStream<Answer>)? {
    let (answers, continuation) = AsyncStream.makeStream(
      of: Answer.self, bufferingPolicy: .bufferingNewest(max(1, asked.count)))
    if asked.isEmpty { continuation.finish() }
    let number: UInt64? = state.withLock { state in
      guard state.questions.count < Self.limit else { return nil }
      state.last += 1
      state.questions[state.last] = Question(open: Set(asked), answers: continuation)
      return state.last
    }
    return number.map { ($0, answers) }
  }

  package func resume(_ reply: PeerMessage.TraceReply, from node: NodeID) {
    let answered: (AsyncStream<Answer>.Continuation, isLast: Bool)? = state.withLock { state in
      guard state.questions[reply.number]?.open.remove(node) != nil, let question = state.questions[reply.number]
      else { return nil }
      return (question.answers, question.open.isEmpty)
    }
    guard let (answers, isLast) = answered else { return }
    answers.yield((node, reply))
    if isLast { answers.finish() }
  }

  package func end(_ number: UInt64) {
    state.withLock { $0.questions.removeValue(forKey: number) }?.answers.finish()
  }
}
