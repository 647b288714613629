import Model

/// One open stream to a peer.
struct Link: Sendable {
  let node: NodeID
  /// This node dialled.
  let dialled: Bool
  let instance: Digest
  let openedAt: Duration
  var heardAt: Duration
  var sentAt: Duration
  /// Since when something has been said here and nothing heard.
  var unheardSince: Duration?
  /// A ping of the stream's own, not answered yet.
  var ping: UInt64?
  /// A probe that this stream may answer.
  var probe: UInt64?
  /// The peer let this node not in before: only another frame than a refusal shows that now it does.
  var awaitsWelcome = false
  /// Why the peer is about to close it.
  var refusal: StreamRefusal?

  // The tree.
  /// Facts are pushed to the peer, a neighbour; otherwise it is only told of them.
  var isEager: Bool
  /// Since when the peer was to push facts, the last time (uptime).
  var wayOpenedAt: Duration
  /// The peer does not hold this node for a neighbour, and pushes nothing to it.
  var isServedOfCourtesy = false
  /// The peer counts on this node for a while (uptime), whoever its neighbours are here: it has just come, or pushes
  /// facts.
  var peerCountsUntil = Duration.zero
  /// Large facts that the peer is to be told of together, and when (uptime) it was told of some last.
  var toAnnounce: [StatementID] = []
  var announcedAt: Duration?
  /// Facts that the peer is to be told of with the next look.
  var lazy: [StatementID] = []

  // What the peer has and this node lacks.
  var toAsk = AskQueue()
  var asked: Set<StatementID> = []
  /// What was asked for and is no longer waited for: it may come all the same, and was not pushed then.
  private(set) var late: Set<StatementID> = []
  private static let lateLimit = 1_024
  private(set) var askedAt: Duration = .zero
  /// When the newest of what was asked for came, or it was asked for (uptime); and whether any of it came.
  private(set) var heardAnswerAt: Duration = .zero
  private(set) var isAnswering = false

  mutating func ask(_ facts: [StatementID], at uptime: Duration) {
    asked = Set(facts)
    askedAt = uptime
    heardAnswerAt = uptime
    isAnswering = false
  }

  mutating func stopWaiting(for facts: [StatementID]) {
    asked.subtract(facts)
    if late.count + facts.count > Self.lateLimit { late = [] }
    late.formUnion(facts)
  }

  /// - Returns: whether it had been asked for.
  mutating func arrived(_ fact: StatementID) -> Bool { asked.remove(fact) != nil || late.remove(fact) != nil }

  /// Something that was asked for came: on a slow stream the rest may take long, and is not late yet.
  mutating func answered(at uptime: Duration) {
    heardAnswerAt = uptime
    isAnswering = true
  }
}
