import Model
import Node
import Overlay
import Testing

@Suite(.timeLimit(.minutes(1))) struct LogWaitersTests {
  private let attempt = AttemptID(task: TaskID(.zero), subtask: 0, number: 1)
  private let asked = NodeID(Digest(of: [1]))
  private let other = NodeID(Digest(of: [2]))

  private func chunk(_ bytes: [UInt8]) -> PeerMessage.LogChunk {
    PeerMessage.LogChunk(attempt: attempt, stream: .stdout, offset: 0, bytes: bytes, end: true)
  }

  @Test func onlyTheNodeThatWasAskedAnswers() async throws {
    let waiters = LogWaiters()
    let (_, chunks) = try #require(waiters.wait(for: attempt, .stdout, offset: 0, from: asked))
    waiters.resume(chunk([6, 6, 6]), from: other)
    waiters.resume(chunk([1]), from: asked)
    #expect(await chunks.first { _ in true }?.bytes == [1])
  }

  @Test func whoGivesUpDoesNotEndTheWaitOfOthers() async throws {
    let waiters = LogWaiters()
    let (impatient, first) = try #require(waiters.wait(for: attempt, .stdout, offset: 0, from: asked))
    let (_, second) = try #require(waiters.wait(for: attempt, .stdout, offset: 0, from: asked))
    waiters.cancel(impatient)
    waiters.resume(chunk([1]), from: asked)
    #expect(await first.first { _ in true } == nil)
    #expect(await second.first { _ in true }?.bytes == [1])
  }

  @Test func waitingIsBoundedAndGivenBack() throws {
    let waiters = LogWaiters()
    var tickets: [LogWaiters.Ticket] = []
    while let (ticket, _) = waiters.wait(for: attempt, .stdout, offset: 0, from: asked) { tickets.append(ticket) }
    #expect(tickets.count == 256)
    waiters.cancel(tickets[0])
    #expect(waiters.wait(for: attempt, .stdout, offset: 0, from: asked) != nil)
  }

  @Test func oneNodeGetsOnlySoManyAnswersAtATime() {
    let answers = LogAnswers()
    for _ in 0..<LogAnswers.limit { #expect(answers.begin(for: asked)) }
    #expect(!answers.begin(for: asked))
    #expect(answers.begin(for: other))
    answers.end(for: asked)
    #expect(answers.begin(for: asked))
  }
}
