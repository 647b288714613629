internal import Model

extension EventView {
  /// An event as it stands in the database.
  ///
  /// - Parameter withStatement: whether the statement that it carries is shown too.
  public init(_ stored: StoredEvent, withStatement: Bool = false) {
    self.init(stored, waitsFor: "", withStatement: withStatement)
  }

  init(_ stored: StoredEvent, waitsFor: String, withStatement: Bool = false) {
    let statement = SignedStatementBytes.decode(stored.payload)?.statement
    self.init(
      id: stored.id, queue: stored.lane, kind: stored.kind, state: stored.state.rawValue, priority: stored.priority,
      arrivalMilliseconds: stored.arrivalMilliseconds, author: statement?.author,
      collaboration: statement?.collaboration, trace: stored.trace, tries: stored.attempts,
      result: stored.result.map { String(decoding: $0, as: UTF8.self) } ?? waitsFor,
      statement: withStatement ? statement?.body : nil)
  }

  /// One page of what waits and what is over, newest first, each event once.
  ///
  /// - Parameters:
  ///   - queued: what waited when it was looked at, newest first.
  ///   - finished: what was over at that time or later, newest first: it counts where both know an event.
  public static func page(queued: [EventView], finished: [EventView], limit: Int) -> [EventView] {
    let over = Set(finished.map(\.id))
    let all = queued.filter { !over.contains($0.id) } + finished
    // Within one millisecond each list keeps its own order.
    let sorted = all.enumerated().sorted {
      ($1.element.arrivalMilliseconds, $0.offset) < ($0.element.arrivalMilliseconds, $1.offset)
    }
    return sorted.prefix(max(0, limit)).map(\.element)
  }
}
