import EventQueue
import Model
import Testing

@Suite struct EventQueueTests {
  static let start = Moment(uptime: .seconds(1), wallMilliseconds: 1_000)

  static func event(
    _ id: String, priority: Int = 0, deadline: Int64? = nil, lane: Event.Lane = .production, author: NodeID? = nil
  ) -> Event {
    Event(
      id: id, lane: lane, kind: "test", priority: priority, deadlineMilliseconds: deadline, arrivalMilliseconds: 1,
      trace: nil, author: author, payload: [])
  }

  static func drain(_ queues: inout EventQueues, at moment: Moment = start) -> [String] {
    var out: [String] = []
    while out.count < 20_000, let event = queues.next(at: moment) {
      out.append(event.id)
      queues.finish(event.id)
    }
    return out
  }

  @Test("Priority, then deadline, then arrival (R28)")
  func order() {
    var queues = EventQueues()
    for event in [
      Self.event("late"), Self.event("soon", deadline: 5), Self.event("sooner", deadline: 4),
      Self.event("high", priority: 7), Self.event("last"),
    ] { #expect(queues.enqueue(event) == .queued) }
    #expect(Self.drain(&queues) == ["high", "sooner", "soon", "late", "last"])
    #expect(queues.count == 0)
  }

  @Test("Full of tasks, there is room for what is urgent, and it goes first (R28)")
  func urgent() {
    var queues = EventQueues()
    for index in 0..<EventQueues.capacity { #expect(queues.enqueue(Self.event("\(index)")) == .queued) }
    #expect(queues.enqueue(Self.event("one more")) == .full)
    #expect(queues.enqueue(Self.event("other lane", lane: .consumption)) == .queued)
    #expect(queues.enqueue(Self.event("leave", priority: EventQueues.urgentPriority)) == .queued)
    #expect(queues.next(at: Self.start)?.id == "leave")
  }

  @Test("A repeated delivery is known, before and after it was handled, within a bounded memory (R27)")
  func known() {
    var queues = EventQueues()
    #expect(queues.enqueue(Self.event("a")) == .queued)
    #expect(queues.enqueue(Self.event("a")) == .known)
    #expect(Self.drain(&queues) == ["a"])
    #expect(queues.enqueue(Self.event("a")) == .known)
    for index in 0..<EventQueues.rememberedLimit { queues.remember("\(index)") }
    #expect(!queues.contains("a"))
    #expect(queues.contains("\(EventQueues.rememberedLimit - 1)"))
  }

  @Test("What cannot be handled yet comes again at growing distances and is dead in the end")
  func postponed() throws {
    var queues = EventQueues()
    _ = queues.enqueue(Self.event("a"))
    var now = Self.start
    var distances: [Duration] = []
    for _ in 0..<EventQueues.tryLimit {
      let next = queues.next(at: now)
      let event = try #require(next)
      guard case .again(let after) = queues.postpone(event.id, at: now) else {
        Issue.record("dead after \(distances.count) tries")
        return
      }
      #expect(queues.next(at: now) == nil && !queues.hasNext(at: now))
      #expect(queues.untilNext(at: now) == after)
      distances.append(after)
      now = now.advanced(by: after)
    }
    #expect(zip(distances, distances.dropFirst()).allSatisfy { $0 <= $1 } && distances.last == .seconds(1))
    let next = queues.next(at: now)
    let event = try #require(next)
    #expect(queues.postpone(event.id, at: now) == .dead)
    #expect(queues.count == 0 && queues.contains("a"))
  }

  @Test("What is hastened is ready at once and has lost no try by it")
  func hastened() throws {
    var queues = EventQueues()
    _ = queues.enqueue(Self.event("a"))
    for _ in 0..<EventQueues.hastenLimit {
      let next = queues.next(at: Self.start)
      #expect(next?.id == "a")
      guard case .again = queues.postpone("a", at: Self.start) else {
        Issue.record("hastening cost a try")
        return
      }
      #expect(queues.next(at: Self.start) == nil)
      queues.hasten()
    }
    #expect(Self.drain(&queues) == ["a"])
  }

  @Test("What is called before its time over and over is dead in the end like any other")
  func hastenedWithoutEnd() throws {
    var queues = EventQueues()
    _ = queues.enqueue(Self.event("a"))
    var now = Self.start
    for _ in 0..<EventQueues.hastenLimit {
      let next = queues.next(at: now)
      #expect(next?.id == "a")
      _ = queues.postpone("a", at: now)
      queues.hasten()
    }
    for _ in 0..<EventQueues.tryLimit {
      let next = queues.next(at: now)
      #expect(next?.id == "a")
      guard case .again(let after) = queues.postpone("a", at: now) else { break }
      queues.hasten()
      #expect(!queues.hasNext(at: now))
      now = now.advanced(by: after)
    }
    _ = queues.next(at: now)
    #expect(queues.postpone("a", at: now) == .dead)
    #expect(queues.count == 0)
  }

  @Test("One author fills its share of a lane, and leaves room for others and for this node (R28)")
  func shares() {
    var queues = EventQueues(capacity: 100)
    let (loud, other) = (NodeID(Digest(of: [1])), NodeID(Digest(of: [2])))
    let taken = (0..<100).map { queues.enqueue(Self.event("loud \($0)", author: loud)) }
    #expect(taken.count { $0 == .queued } == 25)
    #expect(queues.enqueue(Self.event("other", author: other)) == .queued)
    #expect(queues.enqueue(Self.event("own")) == .queued)
    #expect(queues.enqueue(Self.event("loud, elsewhere", lane: .consumption, author: loud)) == .queued)
    #expect(queues.enqueue(Self.event("urgent", priority: EventQueues.urgentPriority, author: loud)) == .queued)
    queues.finish("loud 3")
    #expect(queues.enqueue(Self.event("loud again", author: loud)) == .queued)
    #expect(queues.enqueue(Self.event("and again", author: loud)) == .full)
  }

  @Test("What is parked comes again when it is released")
  func parked() {
    var queues = EventQueues()
    _ = queues.enqueue(Self.event("a"))
    #expect(queues.next(at: Self.start)?.id == "a")
    #expect(queues.next(at: Self.start) == nil)
    queues.resume("a")
    #expect(Self.drain(&queues) == ["a"])
    queues.resume("a")
    #expect(queues.next(at: Self.start) == nil)
  }
}
