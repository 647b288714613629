internal import HeapModule

/// What is to happen: in order of its time, and at one time in the order in which it was said.
struct Timeline<Event> {
  /// Small, since a heap moves its elements about; the events stay where they are.
  private struct Entry: Comparable {
    let at: Duration
    let number: UInt64
    let slot: Int

    static func < (left: Entry, right: Entry) -> Bool { (left.at, left.number) < (right.at, right.number) }
    static func == (left: Entry, right: Entry) -> Bool { left.number == right.number }
  }

  private var heap = Heap<Entry>()
  private var events: [Event?] = []
  private var vacant: [Int] = []
  private var nextNumber: UInt64 = 1

  var count: Int { heap.count }

  mutating func add(_ event: Event, at uptime: Duration) {
    let slot: Int
    if let free = vacant.popLast() {
      slot = free
      events[slot] = event
    } else {
      slot = events.count
      events.append(event)
    }
    heap.insert(Entry(at: uptime, number: nextNumber, slot: slot))
    nextNumber += 1
  }

  /// Takes the next event, if its time comes by then.
  mutating func take(by uptime: Duration) -> (at: Duration, event: Event)? {
    guard let next = heap.min, next.at <= uptime else { return nil }
    heap.removeMin()
    guard let event = events[next.slot] else { preconditionFailure("an event was taken twice") }
    events[next.slot] = nil
    vacant.append(next.slot)
    return (next.at, event)
  }
}
