import Model
import Node
import Overlay
import Testing

@Suite(.timeLimit(.minutes(1))) struct TraceWaitersTests {
  private let nodes = (1...3).map { NodeID(Digest(of: [UInt8($0)])) }

  private func reply(_ number: UInt64) -> PeerMessage.TraceReply { .init(number: number, hops: []) }

  @Test func theAnswersEndWithTheLastOfThoseWhoWereAskedAndNobodyElseAnswersOrTwice() async throws {
    let waiters = TraceWaiters()
    let (number, answers) = try #require(waiters.begin(Array(nodes.prefix(2))))
    waiters.resume(reply(number), from: nodes[2])
    waiters.resume(reply(number + 1), from: nodes[0])
    for _ in 0..<3 { waiters.resume(reply(number), from: nodes[0]) }
    waiters.resume(reply(number), from: nodes[1])
    var heard: [NodeID] = []
    for await answer in answers { heard.append(answer.node) }
    #expect(heard == Array(nodes.prefix(2)))
  }

  @Test func whoAsksNobodyWaitsForNobody() async throws {
    let (_, answers) = try #require(TraceWaiters().begin([]))
    for await _ in answers { Issue.record("nobody was asked") }
  }

  @Test func questionsAreBoundedAndTheirEndFreesTheRoom() async throws {
    let waiters = TraceWaiters()
    var open: [(number: UInt64, answers: AsyncStream<TraceWaiters.Answer>)] = []
    while let question = waiters.begin([nodes[0]]) { open.append(question) }
    #expect(open.count == 64)
    waiters.end(open[0].number)
    for await _ in open[0].answers { Issue.record("it was ended") }
    #expect(waiters.begin([nodes[0]]) != nil)
  }
}
