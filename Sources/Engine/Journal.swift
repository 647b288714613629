internal import Model

/// What happened lately, for people: bounded, lost with the process, never decided upon.
struct Journal: Sendable {
  static let noticesKept = 4_096

  private(set) var notices: [NoticeView] = []
  private(set) var handledCount = 0
  /// Events that were given up, those of earlier runs included.
  var deadCount = 0
  private(set) var counters: [String: Int] = [:]
  /// What postponed events wait for.
  var waiting: [String: String] = [:]

  mutating func append(_ notice: NoticeView) {
    notices.append(notice)
    if notices.count > Self.noticesKept * 2 { notices.removeFirst(Self.noticesKept) }
  }

  mutating func finished(_ state: StoredEvent.State) {
    handledCount += 1
    if state == .dead { deadCount += 1 }
  }

  /// - Parameter what: one of a few fixed texts, never what another node said: each is kept for good.
  mutating func count(_ what: String) { counters[what, default: 0] += 1 }
}
