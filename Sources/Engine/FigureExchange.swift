internal import Model
internal import Overlay

/// Who is told this node's figures, and whose are kept here and how old they are (R61). Coordinators are told: on
/// change, at most once a second, and at the latest every 30 s; whose figures are 45 s old is asked.
struct FigureExchange: Sendable {
  struct Received: Sendable {
    let report: PeerMessage.Report
    let at: Moment
  }

  /// What is to be done now.
  struct Round: Sendable {
    var tell: [NodeID] = []
    var ask: [NodeID] = []
    /// When to look again; nil when nobody needs it.
    var next: Duration?
  }

  static let betweenChanges = Duration.seconds(1)
  static let regular = Duration.seconds(30)
  static let askedAfter = Duration.seconds(45)
  static let betweenQuestions = Duration.seconds(15)
  /// Older figures are marked.
  static let staleAfter = Duration.seconds(90)

  private(set) var received: [NodeID: Received] = [:]
  private var told: [NodeID: (report: PeerMessage.Report, uptime: Duration)] = [:]
  /// Since when somebody's figures are wanted, and when it was asked last.
  private var wanted: [NodeID: Duration] = [:]
  private var asked: [NodeID: Duration] = [:]
  /// The uptime for which the timer is set.
  private var due: Duration?
  private var lookedAt: Duration?

  mutating func take(_ report: PeerMessage.Report, of node: NodeID, at now: Moment) {
    received[node] = Received(report: report, at: now)
  }

  mutating func fired() { due = nil }

  /// What to wait for where something may have changed that was looked at a moment ago; nil to look now.
  func patience(at now: Duration) -> Round? {
    guard let lookedAt, now < lookedAt + Self.betweenChanges else { return nil }
    return Round(next: lookedAt + Self.betweenChanges)
  }

  /// - Returns: how long to set the timer for, when it must be set anew.
  mutating func timer(for round: Round, at now: Duration) -> Duration? {
    guard let next = round.next, next < due ?? .seconds(Int64.max / 2) else { return nil }
    due = next
    return max(.zero, next - now)
  }

  /// Looks at what is due. Who is told or asked in this round counts as told or asked.
  ///
  /// - Parameters:
  ///   - coordinators: of the collaborations that this node takes part in.
  ///   - participants: of those that it coordinates.
  ///   - linked: whom a message reaches now.
  mutating func round(
    _ own: PeerMessage.Report, coordinators: Set<NodeID>, participants: Set<NodeID>, linked: Set<NodeID>,
    at now: Duration
  ) -> Round {
    received = received.filter { participants.contains($0.key) }
    told = told.filter { coordinators.contains($0.key) }
    wanted = wanted.filter { participants.contains($0.key) }
    asked = asked.filter { participants.contains($0.key) }
    lookedAt = now
    var round = Round()
    func later(_ uptime: Duration) { round.next = min(round.next ?? uptime, uptime) }
    for node in coordinators.sorted() {
      guard linked.contains(node) else {
        // It is told as soon as it is linked again.
        told[node] = nil
        continue
      }
      let due = told[node].map { $0.uptime + ($0.report == own ? Self.regular : Self.betweenChanges) } ?? now
      guard due <= now else {
        later(due)
        continue
      }
      round.tell.append(node)
      told[node] = (own, now)
      later(now + Self.regular)
    }
    for node in participants.sorted() {
      let since = received[node]?.at.uptime ?? wanted[node] ?? now
      wanted[node] = since
      let due = max(since + Self.askedAfter, asked[node].map { $0 + Self.betweenQuestions } ?? now)
      guard due <= now else {
        later(due)
        continue
      }
      asked[node] = now
      if linked.contains(node) { round.ask.append(node) }
      later(now + Self.betweenQuestions)
    }
    return round
  }
}
