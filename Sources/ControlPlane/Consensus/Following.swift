internal import Ledger
internal import Model

/// What a member knows in following a coordinator, and in bringing its copy up to the others'.
struct Following: Sendable {
  /// Segments that wait for their checks, oldest first.
  var segments: [Segment] = []
  /// A segment was passed over; the coordinator must be told from where to go on.
  var missedSegment = false
  var newestAcknowledgement: SignedStatement?
  var newestConfirmation: SignedStatement?
  /// The entries up to which these two speak; signatures come back in any order.
  var acknowledged = 0
  var confirmed = 0
  /// Where the others said that they stand.
  var standings: [NodeID: Standing] = [:]
  var isRequesting = false
  /// Uptime: when something was taken or decided last, and when the others were told where this node stands.
  var progressAt = Duration.zero
  var toldAt = Duration.zero
  /// Uptime: when anything came from each other member last.
  var heardAt: [NodeID: Duration] = [:]
  /// Another chain than the one that is decided here.
  var rival: Rival?
  /// Whom this node asked last, so that each has its turn.
  var lastAsked: NodeID?
  /// What was handed to each asking member in the newest second.
  var served: [NodeID: (since: Moment, count: Int)] = [:]
  /// When each was told this node's credentials.
  var toldCredentials: [NodeID: Moment] = [:]
  /// When each was asked for its credentials.
  var askedCredentials: [NodeID: Moment] = [:]
  /// Who coordinated each term of the chain.
  var coordinators: [Int: NodeID] = [:]

  /// What this node said last is of a term, or of entries, that are over.
  mutating func forgetsOwn() {
    (newestAcknowledgement, acknowledged) = (nil, 0)
    (newestConfirmation, confirmed) = (nil, 0)
  }

  mutating func linkClosed(_ node: NodeID) {
    if standings.removeValue(forKey: node) != nil { isRequesting = false }
    toldCredentials[node] = nil
    askedCredentials[node] = nil
    if rival?.from == node { rival = nil }
  }
}
