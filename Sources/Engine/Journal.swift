internal import EventQueue
internal import Model

/// What happened lately, for people: bounded, lost with the process, never decided upon.
struct Journal: Sendable {
  static let noticesKept = 4_096
  static let handledKept = 1_024

  struct Handled: Sendable {
    let event: Event
    let state: String
    let result: String
  }

  private(set) var notices: [NoticeView] = []
  private(set) var handledEvents: [Handled] = []
  private(set) var handledCount = 0
  private(set) var counters: [String: Int] = [:]
  /// What postponed events wait for.
  var waiting: [String: String] = [:]

  mutating func append(_ notice: NoticeView) {
    notices.append(notice)
    if notices.count > Self.noticesKept * 2 { notices.removeFirst(Self.noticesKept) }
  }

  mutating func handled(_ event: Event, state: String, result: String) {
    handledCount += 1
    handledEvents.append(Handled(event: event, state: state, result: result))
    if handledEvents.count > Self.handledKept * 2 { handledEvents.removeFirst(Self.handledKept) }
  }

  mutating func count(_ what: String) { counters[what, default: 0] += 1 }
}
