public import Model

// What people and programs see of a node. Keys are stable (docs/cli.md); times are milliseconds since 1970.

/// `node status`.
public struct NodeStatusView: Codable, Sendable, Hashable {
  public var node: NodeID
  public var name: String
  public var kind: String
  public var network: NetworkID
  public var networkName: String
  public var version: String
  public var listenAddress: String
  /// Absent where the HTTP interface is on the socket alone.
  public var httpAddress: String?
  public var startedMilliseconds: Int64
  public var nowMilliseconds: Int64
  public var members: Int
  public var membersAlive: Int
  /// How many members are alive, suspected, failed, left.
  public var membersByState: [String: Int]
  /// Streams that are open to other members.
  public var links: Int
  /// How far this node distrusts its own observations: 0 is well, 8 is worst.
  public var localHealth: Int
  /// Why the network does not let this node in; absent while nothing shows that it does not.
  public var admissionProblem: String?
  public var collaborations: Int
  /// Collaborations in which nothing moves now, and why.
  public var standstills: [StandstillView]
  public var total: Amounts
  public var committed: Amounts
  public var queuedEvents: Int
  public var deadEvents: Int
  /// Messages dropped, by reason.
  public var dropped: [String: Int]
  public var traffic: TrafficView

  public init(
    node: NodeID, name: String, kind: String, network: NetworkID, networkName: String, version: String,
    listenAddress: String, httpAddress: String?, startedMilliseconds: Int64, nowMilliseconds: Int64, members: Int,
    membersAlive: Int, membersByState: [String: Int], links: Int, localHealth: Int,
    admissionProblem: String?, collaborations: Int, standstills: [StandstillView],
    total: Amounts, committed: Amounts, queuedEvents: Int, deadEvents: Int, dropped: [String: Int],
    traffic: TrafficView
  ) {
    self.node = node
    self.name = name
    self.kind = kind
    self.network = network
    self.networkName = networkName
    self.version = version
    self.listenAddress = listenAddress
    self.httpAddress = httpAddress
    self.startedMilliseconds = startedMilliseconds
    self.nowMilliseconds = nowMilliseconds
    self.members = members
    self.membersAlive = membersAlive
    self.membersByState = membersByState
    self.links = links
    self.localHealth = localHealth
    self.admissionProblem = admissionProblem
    self.collaborations = collaborations
    self.standstills = standstills
    self.total = total
    self.committed = committed
    self.queuedEvents = queuedEvents
    self.deadEvents = deadEvents
    self.dropped = dropped
    self.traffic = traffic
  }
}

/// A row of `adapter list`.
public struct AdapterView: Codable, Sendable, Hashable {
  public var name: String
  public var kind: String
  public var usable: Bool
  /// Why it is not usable and what to do; or what it runs on.
  public var detail: String
  public var features: [String]
  public var total: Amounts
  public var running: Int
}

/// One finding of `doctor`.
public struct DoctorFinding: Codable, Sendable, Hashable {
  /// What was looked at: sandbox, clock, disk, network, tasks ...
  public var subject: String
  public var ok: Bool
  public var detail: String
  /// What to type next. Where it is ok and this is not empty, there is something to know that is not this node's fault.
  public var remedy: String

  public init(subject: String, ok: Bool, detail: String, remedy: String = "") {
    self.subject = subject
    self.ok = ok
    self.detail = detail
    self.remedy = remedy
  }
}

/// A row of `event list`: what passed through the business plane's queues.
public struct EventView: Codable, Sendable, Hashable {
  public var id: String
  /// production (this node coordinates) or consumption (this node takes part).
  public var queue: String
  public var kind: String
  /// queued, handled or dead.
  public var state: String
  public var priority: Int
  public var arrivalMilliseconds: Int64
  public var author: NodeID?
  public var collaboration: CollaborationID?
  public var trace: TraceID?
  public var tries: Int
  /// What came of it, in words.
  public var result: String
  /// The statement that it carries, where it carries one; only in `event show`.
  public var statement: JSON?
}

/// One hop of `trace ID`.
public struct TraceView: Codable, Sendable, Hashable {
  public var timeMilliseconds: Int64
  /// information, business, control or resource.
  public var plane: String
  public var node: NodeID
  public var nodeName: String
  /// Such as an event's kind, an entry's, or announcement; unanswered, incomplete and not asked where something is
  /// missing.
  public var what: String
  public var detail: String
  /// Of a broadcast: who brought it to the node; itself where it was said.
  public var via: NodeID?
  /// Of a broadcast: the links that it had passed then.
  public var links: Int?

  static let unanswered = "unanswered"
  static let notAsked = "not asked"
  static let incomplete = "incomplete"

  /// Whether it tells nothing of the trace, but that something is missing.
  public var isRemark: Bool { [Self.unanswered, Self.notAsked, Self.incomplete].contains(what) }
}
