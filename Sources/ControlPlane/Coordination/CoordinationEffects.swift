public import Contract
public import Model

/// What the two roles ask of the rest of the node. The engine carries the effects of one step out in order.
public struct CoordinationEffects: Sendable {
  public enum Effect: Sendable {
    /// Sign a statement; it comes back as `signed`.
    case sign(Statement)
    /// Broadcast a statement to every node in scope.
    case announce(Statement)
    /// Deliver a statement to one node, durably, until its deadline.
    case tell(NodeID, Statement, deadlineMilliseconds: Int64)
    /// Deliver a statement to one node if it is in reach now: for people, never relied upon.
    case inform(NodeID, Statement)
    /// Found a ledger with entry 1.
    case open(RoundOpened)
    /// Accept a ledger from its coordinator.
    case follow(
      CollaborationID, founder: NodeID, contract: ContractDocument, roster: Roster, contacts: [NodeID])
    case append(CollaborationID, Entry)
    /// Bring an object here from one of these nodes.
    case fetch(ObjectReference, from: [NodeID])
    /// Keep bytes that came inline as an object.
    case keep(ObjectReference, [UInt8])
    case start(WorkOrder)
    case cancelWork(AttemptID, reason: String)
    /// An attempt uses nothing here any more.
    case release(AttemptID)
    /// Durable state by key; nil removes it.
    case save(key: String, JSON?)
    case notice(
      plane: String, kind: String, task: TaskID?, collaboration: CollaborationID?, node: NodeID?, text: String)
  }

  /// An entry's kind and body.
  public struct Entry: Sendable {
    public let kind: String
    public let body: JSON
  }

  public private(set) var effects: [Effect] = []

  public init() {}

  mutating func append(_ effect: Effect) { effects.append(effect) }

  /// Puts a signed submission on the ledger.
  public mutating func submit(_ submission: SignedStatement, to collaboration: CollaborationID) {
    append(collaboration, TaskSubmitted(submission: submission))
  }

  /// Forgets durable state.
  public mutating func forget(key: String) { effects.append(.save(key: key, nil)) }

  /// Bodies are made of this node's own values, which always have a canonical form.
  mutating func append(_ collaboration: CollaborationID, _ body: some EntryBody) {
    effects.append(.append(collaboration, Entry(kind: type(of: body).kind, body: Canonical.json(body))))
  }

  mutating func save(_ key: String, _ value: (some Encodable)?) {
    effects.append(.save(key: key, value.map { Canonical.json($0) }))
  }

  mutating func notice(
    _ kind: String, plane: String = "control", task: TaskID? = nil, collaboration: CollaborationID? = nil,
    node: NodeID? = nil, _ text: String
  ) {
    effects.append(
      .notice(plane: plane, kind: kind, task: task, collaboration: collaboration, node: node, text: text))
  }
}

/// Canonical JSON of values that this node made itself.
enum Canonical {
  static func json(_ value: some Encodable) -> JSON {
    do {
      return try CanonicalJSON.json(of: value)
    } catch {
      preconditionFailure("a value made here has no canonical form: \(error)")
    }
  }
}

/// One attempt as an adapter will run it, its inputs by content.
public struct WorkOrder: Hashable, Sendable {
  public struct File: Hashable, Sendable {
    public let input: String
    public let path: String
    public let content: ObjectReference
  }

  public let attempt: AttemptID
  public let collaboration: CollaborationID
  public let trace: TraceID
  /// nil: the first usable one.
  public let adapter: String?
  public let command: [String]
  public let script: String?
  public let environment: [String: String]
  public let files: [File]
  /// Joined in this order, they are the standard input.
  public let standardInput: [ObjectReference]
  public let results: [String]
  public let needs: Amounts
  public let executeMilliseconds: Int
  public let outputLimitBytes: Int

  package init(
    attempt: AttemptID, collaboration: CollaborationID, trace: TraceID, adapter: String?, command: [String],
    script: String?, environment: [String: String], files: [File], standardInput: [ObjectReference],
    results: [String], needs: Amounts, executeMilliseconds: Int, outputLimitBytes: Int
  ) {
    self.attempt = attempt
    self.collaboration = collaboration
    self.trace = trace
    self.adapter = adapter
    self.command = command
    self.script = script
    self.environment = environment
    self.files = files
    self.standardInput = standardInput
    self.results = results
    self.needs = needs
    self.executeMilliseconds = executeMilliseconds
    self.outputLimitBytes = outputLimitBytes
  }
}

/// Who this node is and what it sees, when a role takes a step.
public struct CoordinationContext: Sendable {
  public var node: NodeID
  public var epoch: Int
  public var network: NetworkID
  public var now: Moment
  /// This node as it declares itself; price 0 stands for whatever the contract pays.
  public var member: RosterMember
  /// Whether an adapter here takes work that names none.
  public var takesAnyWork: Bool
  /// What this node's owner takes unasked.
  public var policy: LocalPolicy
  /// Nodes that are alive or suspected, this one left out, ascending.
  public var live: [NodeID]
  public var names: [NodeID: String]
  /// As they are decided.
  public var collaborations: [CollaborationID: CollaborationState]
  /// Those that this node coordinates now, with what it has proposed and what is not decided yet.
  public var drafts: [CollaborationID: CollaborationState]
  /// Objects that are here.
  public var objects: Set<Digest>

  public init(
    node: NodeID, epoch: Int, network: NetworkID, now: Moment, member: RosterMember, takesAnyWork: Bool,
    policy: LocalPolicy,
    live: [NodeID],
    names: [NodeID: String], collaborations: [CollaborationID: CollaborationState],
    drafts: [CollaborationID: CollaborationState] = [:], objects: Set<Digest>
  ) {
    self.node = node
    self.epoch = epoch
    self.network = network
    self.now = now
    self.member = member
    self.takesAnyWork = takesAnyWork
    self.policy = policy
    self.live = live
    self.names = names
    self.collaborations = collaborations
    self.drafts = drafts
    self.objects = objects
  }

  /// This node as it would stand on a roster under a contract: without a price of its own it takes the contract's.
  public func member(under contract: ContractDocument) -> RosterMember {
    var out = member
    if out.priceMicroPerCPUSecond == 0 { out.priceMicroPerCPUSecond = contract.price.microPerCPUSecond }
    return out
  }

  func isLive(_ other: NodeID) -> Bool { other == node || live.contains(other) }

  func name(_ other: NodeID) -> String { names[other] ?? other.short }

  /// A statement of this node's own values.
  package func statement(_ body: some StatementBody, in collaboration: CollaborationID?) -> Statement {
    do {
      return try Statement(body, by: node, epoch: epoch, network: network, collaboration: collaboration)
    } catch {
      preconditionFailure("a statement made here has no canonical form: \(error)")
    }
  }

  var wall: Int64 { now.wallMilliseconds }
}

/// What became of an event that a role was handed.
public enum Handling: Hashable, Sendable {
  case done(String)
  /// Something that it needs has not come yet.
  case later(String)
  /// It waits for this collaboration's round to open.
  case parked(CollaborationID)
}
