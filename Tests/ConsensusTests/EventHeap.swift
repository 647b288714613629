import Consensus
import Model
import Sodium

/// Signatures that were checked, so that a run of thousands of messages checks each once.
struct SignatureMemo {
  private var known: [StatementID: [Signature: Bool]] = [:]

  mutating func holds(_ claim: Claim) -> Bool {
    if let held = known[claim.signed.id]?[claim.signed.signature] { return held }
    let holds = claim.holds
    known[claim.signed.id, default: [:]][claim.signed.signature] = holds
    return holds
  }
}

/// Events by time, those of one moment in order of arrival.
struct EventHeap<Event> {
  private var heap: [(at: Duration, number: Int, event: Event)] = []
  private var next = 0

  mutating func add(_ event: Event, at: Duration) {
    next += 1
    heap.append((at, next, event))
    var child = heap.count - 1
    while child > 0, isBefore(child, (child - 1) / 2) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func take(by end: Duration) -> (at: Duration, event: Event)? {
    guard let first = heap.first, first.at <= end else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      var parent = 0
      while true {
        var least = parent
        for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isBefore(child, least) {
          least = child
        }
        if least == parent { break }
        heap.swapAt(parent, least)
        parent = least
      }
    }
    return (first.at, first.event)
  }

  private func isBefore(_ left: Int, _ right: Int) -> Bool {
    (heap[left].at, heap[left].number) < (heap[right].at, heap[right].number)
  }
}
