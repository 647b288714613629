import Contract
import Coordination
import Foundation
import Model
import Overlay
import Simulations
import Testing

@testable import Engine

/// A trace goes through the nodes, to those who may follow it (R25).
@Suite struct TraceTests {
  private func announce(_ text: String, _ network: SimulatedNetwork, at index: Int = 0) throws -> TraceID {
    let command = network.command(.announce(text: text, lifetimeMilliseconds: 60_000), at: index)
    network.run(for: .seconds(5)) { $0.nodes[index].answers[command] != nil }
    guard case .success(.announced(_, let trace)) = network.nodes[index].answers[command] else {
      throw Refusal(.failed, "\(network.nodes[index].answers)")
    }
    return trace
  }

  private func views(_ network: SimulatedNetwork, _ trace: TraceID, at index: Int) -> [TraceView] {
    network.nodes[index].engine.traceViews(trace, finished: [])
  }

  @Test("An announcement shows at each node who brought it and how many links it had passed")
  func announcements() throws {
    let network = try SimulatedNetwork(seed: 141, [.asker(), NodePlan(name: "b"), NodePlan(name: "c")])
    network.meet()
    let trace = try announce("noon", network)
    network.run(for: .seconds(5)) { network in (1...2).allSatisfy { !views(network, trace, at: $0).isEmpty } }
    let said = try #require(views(network, trace, at: 0).first)
    #expect(said.what == "announcement" && said.links == 0 && said.via == network.nodes[0].id)
    for index in 1...2 {
      let all = views(network, trace, at: index)
      let came = try #require(all.first)
      #expect(all.count == 1 && came.what == "announcement" && (1...2).contains(came.links ?? 0), "\(came)")
      #expect(network.nodes.map(\.id).contains(try #require(came.via)))
      let listed = network.nodes[index].engine.announcementViews(at: network.moment(at: index))
      #expect(listed.map(\.text) == ["noon"] && listed.first?.trace == trace)
    }
    network.run(for: .seconds(70))
    #expect(network.nodes[1].engine.announcementViews(at: network.moment(at: 1)).isEmpty)
  }

  @Test("A restart forgets no announcement that still holds")
  func restart() throws {
    let network = try SimulatedNetwork(seed: 142, [.asker(), NodePlan(name: "b")])
    network.meet()
    _ = try announce("noon", network)
    network.settle()
    network.crash(1)
    network.restart(1, after: .seconds(1))
    network.settle()
    let listed = network.nodes[1].engine.announcementViews(at: network.moment(at: 1))
    #expect(listed.map(\.text) == ["noon"] && listed.first?.receivedMilliseconds == nil)
  }

  @Test("Members of a task's collaboration hear of it; who is none hears of what was said to everybody, and no more")
  func permission() throws {
    let plans = [NodePlan.asker(), NodePlan(name: "b"), SevenNodesTests.decliner]
    let (network, id) = try ParticipantTests.opened(143, plans)
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 2), at: 0, to: id), at: 0))
    #expect(network.finish(task, at: 0) == "succeeded", "\(network.story(0))")
    let trace = try #require(network.book(of: task, at: 0)?.tasks[task]?.submission.trace)
    let spread = try announce("noon", network)
    network.settle()
    for (number, wanted) in [(UInt64(1), trace), (2, spread), (3, TraceID(.zero))] {
      for asker in [0, 2] { network.send(.traceRequest(.init(number: number, trace: wanted)), from: asker, to: 1) }
    }
    network.run(for: .seconds(1))
    func hops(_ number: UInt64, of index: Int) throws -> [PeerMessage.TraceHop] {
      let replies = network.nodes[index].traceReplies.filter { $0.reply.number == number }
      #expect(replies.map(\.node) == [network.nodes[1].id])
      return try #require(replies.first).reply.hops
    }
    #expect(try hops(1, of: 0).contains { $0.what == "attempt.succeeded" })
    #expect(try hops(1, of: 2).isEmpty)
    for asker in [0, 2] {
      #expect(try hops(2, of: asker).map(\.what) == ["announcement"])
      #expect(try hops(3, of: asker).isEmpty)
    }
    // What went to one peer shows with its outcome, to those who may know of it.
    let sent = views(network, trace, at: 0).filter { $0.what.hasPrefix("message.") }
    #expect(sent.contains { $0.what == "message.accepted" && $0.detail.hasSuffix("to b") }, "\(sent)")
    #expect(sent.allSatisfy { $0.plane == "information" && $0.node == network.nodes[0].id })
    #expect(try hops(1, of: 0).contains { $0.what == "message.accepted" && $0.detail.hasSuffix("to asker") })
    // Whom this node would ask about each.
    let audience = network.nodes[0].engine.traceAudience(trace)
    #expect(audience == .init(asked: [network.nodes[1].id]))
  }

  @Test("A statement that does not reach its node in time is told as expired, and of many the newest are kept")
  func expiry() throws {
    let (network, id) = try ParticipantTests.opened(147, [.asker(), NodePlan(name: "b"), .asker("c")])
    network.crash(1, silently: true)
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 1), at: 0, to: id), at: 0))
    network.run(for: .seconds(5)) { $0.book(of: task, at: 0) != nil }
    let trace = try #require(network.book(of: task, at: 0)?.tasks[task]?.submission.trace)
    network.run(for: .seconds(600)) { network in
      views(network, trace, at: 0).contains { $0.what == "message.expired" }
    }
    let expired = views(network, trace, at: 0).filter { $0.what == "message.expired" }
    #expect(expired.contains { $0.detail.hasSuffix("to b") }, "\(network.story(0))")
    var deliveries = Deliveries()
    for number in 0..<Deliveries.limit + 5 {
      deliveries.add(
        .init(
          trace: trace, purpose: "offer", collaboration: nil, destination: network.nodes[1].id, outcome: .accepted,
          milliseconds: Int64(number)))
    }
    #expect(deliveries.of(trace).map(\.milliseconds).first == 5 && deliveries.of(trace).count == Deliveries.limit)
  }

  @Test("Who asks more often than four times a second gets no answer to the rest")
  func pace() throws {
    let network = try SimulatedNetwork(seed: 144, [.asker(), NodePlan(name: "b")])
    network.meet()
    for number in 1...20 {
      network.send(.traceRequest(.init(number: UInt64(number), trace: TraceID(.zero))), from: 0, to: 1)
    }
    network.run(for: .milliseconds(500))
    #expect((4...8).contains(network.nodes[0].traceReplies.count), "\(network.nodes[0].traceReplies.count)")
    #expect(network.nodes[1].engine.dropped["information: trace requests over the rate"] ?? 0 >= 12)
    network.run(for: .seconds(2))
    let before = network.nodes[0].traceReplies.count
    network.send(.traceRequest(.init(number: 21, trace: TraceID(.zero))), from: 0, to: 1)
    network.run(for: .seconds(1))
    #expect(network.nodes[0].traceReplies.count == before + 1)
  }

  @Test(
    "One list in order of time: foreign rows say who tells, silent nodes are named, and clocks that cannot be right")
  func merging() throws {
    let network = try SimulatedNetwork(seed: 145, [.asker(), NodePlan(name: "b"), NodePlan(name: "c")])
    network.meet()
    let engine = network.nodes[0].engine
    let (own, b, c) = (network.nodes[0].id, network.nodes[1].id, network.nodes[2].id)
    func hop(_ milliseconds: Int64, _ node: NodeID, via: NodeID, links: Int) -> PeerMessage.TraceHop {
      PeerMessage.TraceHop(
        milliseconds: milliseconds, plane: "information", what: "announcement", detail: "came", node: node,
        passage: .init(via: via, links: links))
    }
    let said = TraceView(
      timeMilliseconds: 1_000, plane: "information", node: own, nodeName: "asker", what: "announcement",
      detail: "said here", via: own, links: 0)
    let replies = [
      b: PeerMessage.TraceReply(number: 1, hops: [hop(960, b, via: own, links: 1), hop(1_005, c, via: b, links: 2)])
    ]
    let merged = engine.traceMerged(
      [said], replies: replies, from: .init(asked: [b, c]),
      at: Moment(uptime: .zero, wallMilliseconds: 2_000))
    #expect(merged.map(\.timeMilliseconds) == [960, 1_000, 1_005, 2_000])
    #expect(merged[0].detail == "came; its clock is 40 ms or more behind its bringer's")
    #expect(merged[1].detail == "said here")
    #expect(merged[2].detail == "came (as b says)")
    #expect(merged[3].what == "unanswered" && merged[3].node == c && merged[3].nodeName == "c")
  }

  @Test("An announcement's trace asks all members with a stream, and names in one row those that it cannot ask")
  func leftOut() throws {
    let plans = [NodePlan.asker()] + (1...9).map { NodePlan(name: "n\($0)") }
    let network = try SimulatedNetwork(seed: 146, plans)
    network.meet()
    let trace = try announce("noon", network)
    network.settle()
    #expect(network.nodes[0].engine.traceAudience(trace).unlinked.isEmpty)
    for index in 2...9 { network.crash(index) }
    network.run(for: .seconds(60)) { $0.nodes[0].engine.membersByState["failed"] == 8 }
    network.settle()
    let engine = network.nodes[0].engine
    let audience = engine.traceAudience(trace)
    #expect(audience.asked == [network.nodes[1].id])
    #expect(Set(audience.unlinked) == Set((2...9).map { network.nodes[$0].id }))
    let merged = engine.traceMerged(
      [], replies: [network.nodes[1].id: .init(number: 1, hops: [])], from: audience, at: network.moment(at: 0))
    let row = try #require(merged.first)
    #expect(merged.count == 1 && row.what == "not asked" && row.node == network.nodes[0].id)
    #expect(row.detail.hasSuffix("and 2 more: no stream from here, so what they know is missing"), "\(row.detail)")
    #expect(row.detail.components(separatedBy: "(failed)").count == 1 + 6)
    let crowd = (2...9).map { network.nodes[$0].id }
    let tooMany = engine.traceMerged([], replies: [:], from: .init(beyondLimit: crowd), at: network.moment(at: 0))
    #expect(tooMany.count == 1 && tooMany[0].detail.contains("and 2 more: too many to ask"), "\(tooMany)")
    // Who left knows no more than it says.
    try network.leave(1)
    network.settle()
    #expect(network.nodes[0].engine.traceAudience(trace).asked.isEmpty)
    #expect(network.nodes[0].engine.traceAudience(trace).unlinked.count == 8)
  }

  @Test("One author's flood of broadcasts leaves the others' passages and announcements in place")
  func flood() {
    var passages = Passages()
    var bulletins = Bulletins()
    let (flooder, other) = (NodeID(Digest(of: [1])), NodeID(Digest(of: [2])))
    func add(_ author: NodeID, _ number: Int) {
      let trace = TraceID(Digest(of: "\(author) \(number)".utf8))
      passages.add(
        .init(trace: trace, purpose: "announcement", author: author, via: author, links: 1, milliseconds: 0))
      bulletins.add(
        .init(
          statement: StatementID(trace.digest), author: author,
          announcement: Announcement(text: "\(number)", expiresMilliseconds: 10, trace: trace),
          receivedMilliseconds: 0), now: 0)
    }
    for number in 0..<3 { add(other, number) }
    for number in 0..<5_000 { add(flooder, number) }
    #expect(passages.kept.count { $0.author == other } == 3)
    #expect(passages.kept.count == 3 + Passages.limitPerAuthor)
    #expect(bulletins.valid(at: 0).count { $0.author == other } == 3)
    #expect(bulletins.valid(at: 0).count == 3 + AnnouncementView.limitPerAuthor)
    #expect(bulletins.valid(at: 0).first?.announcement.text == "4999")
    for author in 0..<100 { for number in 0..<100 { add(NodeID(Digest(of: [9, UInt8(author)])), number) } }
    #expect(passages.kept.count == Passages.limit && bulletins.valid(at: 0).count == AnnouncementView.limit)
  }
}
