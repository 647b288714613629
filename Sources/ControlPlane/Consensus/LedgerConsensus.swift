public import Ledger
public import Model
internal import Sodium

/// Certified replication and elections of the ledgers of all collaborations of a node (docs/consensus.md).
///
/// Plain values: what must be written, sent, signed and checked comes out as effects, and results come back in as
/// inputs, in any order but that of writes.
public struct LedgerConsensus: Sendable {
  private var desk: ReplicaDesk
  private var replicas: [CollaborationID: LedgerReplica] = [:]

  /// - Parameters:
  ///   - own: this node, which signs under `epoch`.
  ///   - isNewestCopy: the data lies where this node left it. Where it does not it may be an older copy, and this node
  ///     signs nothing until it has heard everybody who can have counted what it signed (docs/consensus.md).
  public init(own: NodeID, epoch: Int, network: NetworkID, isNewestCopy: Bool = true) {
    desk = ReplicaDesk(own: own, epoch: epoch, network: network, isNewestCopy: isNewestCopy)
  }

  /// The collaborations that are open here, by id.
  public var collaborations: [CollaborationID] { replicas.keys.sorted() }

  public func members(of collaboration: CollaborationID) -> MemberSet? { replicas[collaboration]?.members }

  /// Everybody with whom this node shares a ledger, itself left out.
  public func fellows(of collaboration: CollaborationID) -> [NodeID] {
    guard let replica = replicas[collaboration], !replica.isObserver(desk) else { return [] }
    return replica.others(desk)
  }

  /// The head in memory: with what is not durable or proposed yet.
  public func head(of collaboration: CollaborationID) -> Chain? { replicas[collaboration]?.chain }

  /// An entry that this node has, durable or not.
  public func entry(_ number: Int, of collaboration: CollaborationID) -> Entry? {
    replicas[collaboration]?.entry(number)
  }

  /// Up to where this node knows the ledger as decided.
  public func decidedNumber(of collaboration: CollaborationID) -> Int {
    replicas[collaboration]?.decidedNumber ?? 0
  }

  /// Up to where a member said that it holds the ledger; of this node itself what is durable here.
  public func heldNumber(of collaboration: CollaborationID, by node: NodeID) -> Int {
    guard let replica = replicas[collaboration] else { return 0 }
    return node == desk.own ? replica.durability.entries : replica.heldNumber(by: node)
  }

  /// The proof of the newest decision.
  public func decision(of collaboration: CollaborationID) -> CommitCertificate? { replicas[collaboration]?.decision }

  /// Whether a member on a link says that it holds all that is decided here, and holds the same.
  public func isUpToDate(_ node: NodeID, in collaboration: CollaborationID) -> Bool {
    guard let replica = replicas[collaboration], desk.linked.contains(node) else { return false }
    if let follower = replica.tenure.followers[node], follower.held >= replica.decidedNumber { return true }
    guard let standing = replica.following.standings[node] else { return false }
    return standing.number >= replica.decidedNumber && replica.hash(at: standing.number) == standing.hash
  }

  /// Since when this node follows nobody: it hears nothing of who coordinates, or an election has no outcome. nil while it
  /// hears its coordinator, or is in office itself.
  public func leaderlessSince(_ collaboration: CollaborationID, at moment: Moment) -> Moment? {
    guard let replica = replicas[collaboration], !replica.isHalted, !replica.isInOffice(desk) else { return nil }
    return replica.election.leaderlessSince(at: moment, isQuiet: replica.isQuiet && !replica.coordinatorIsBusy)
  }

  /// Whether so many voters that they decide have sent anything about this ledger since then, this node among them.
  public func hearsQuorum(of collaboration: CollaborationID, since uptime: Duration) -> Bool {
    guard let replica = replicas[collaboration] else { return false }
    let heard = replica.following.heardAt.filter { $0.value >= uptime }.map(\.key)
    return replica.electorate.isQuorum(Set(heard).union([desk.own]))
  }

  /// What a start waits for before this node signs anything; nil once it does.
  public func waking(of collaboration: CollaborationID) -> WakingView? { replicas[collaboration]?.wakingView(desk) }

  /// Whether the data lies where this node left it.
  public var isNewestCopy: Bool { desk.isNewestCopy }

  /// Whether any start still waits so.
  public var isWaking: Bool {
    replicas.values.contains { $0.waking != nil && !$0.isHalted && $0.hasVote(desk) }
  }

  public func office(of collaboration: CollaborationID) -> OfficeView? { replicas[collaboration]?.view }

  /// How often to tick; nil while no collaboration is open.
  public var tickInterval: Duration? {
    if replicas.isEmpty { return nil }
    return replicas.values.contains { $0.isLively } ? .milliseconds(50) : .milliseconds(500)
  }

  /// Whether this node may append now.
  public func isInOffice(_ collaboration: CollaborationID) -> Bool {
    replicas[collaboration]?.mayAppend(desk) ?? false
  }

  /// Whether this node may still open a term that it was elected for: the same step may have taken it out of office.
  public func mayOpen(_ term: Int, of collaboration: CollaborationID) -> Bool {
    guard let replica = replicas[collaboration] else { return false }
    return replica.officeTerm == term && replica.mayOpenTerm(desk)
  }

  /// Whether so much waits for its decision that nothing more should be proposed.
  public func isFull(_ collaboration: CollaborationID) -> Bool {
    guard let replica = replicas[collaboration] else { return false }
    return replica.chain.number - replica.decidedNumber >= ConsensusLimits.undecidedEntries
  }

  /// Adds an entry to a ledger that this node coordinates. The caller has put it to the contract before.
  ///
  /// - Returns: the entry at its place; `decided` tells when it counts.
  /// - Throws: `NotInOffice`; nothing is changed.
  public mutating func append(
    kind: String, body: JSON, to collaboration: CollaborationID, at moment: Moment, into effects: inout Effects
  ) throws(NotInOffice) -> Entry {
    guard replicas[collaboration] != nil else { throw .unknownCollaboration(collaboration) }
    desk.now = moment
    let result = Result { () throws(NotInOffice) in
      try replicas[collaboration]?.append(kind: kind, body: body, desk: &desk)
    }
    drain(into: &effects)
    guard let entry = try result.get() else { throw .unknownCollaboration(collaboration) }
    return entry
  }

  public mutating func step(_ input: Input, at moment: Moment, random: inout Random, into effects: inout Effects) {
    desk.now = moment
    desk.random = random
    take(input)
    random = desk.random
    drain(into: &effects)
  }

  private mutating func take(_ input: Input) {
    switch input {
    case .open(let members, let rules, let recovered): open(members, rules, recovered)
    case .rank(let id, let nodes): replicas[id]?.ranking = nodes
    case .linkOpened(let node):
      desk.linked.insert(node)
      forEach { replica, desk in replica.linkOpened(node, desk: &desk) }
    case .linkClosed(let node):
      desk.linked.remove(node)
      forEach { replica, desk in replica.linkClosed(node, desk: &desk) }
    case .received(let id, let message, let node):
      guard replicas[id] != nil else {
        return desk.effects.append(.dropping(.unknownCollaboration, id, from: node))
      }
      replicas[id]?.receive(message, from: node, desk: &desk)
    case .signed(let token, let signature):
      guard let (id, job) = desk.finish(token) else { break }
      replicas[id]?.signed(job, signature, desk: &desk)
    case .verified(let token, let holds):
      guard let (id, job) = desk.finish(token) else { break }
      replicas[id]?.verified(job, holds, desk: &desk)
    case .judged(let token, let judgement):
      guard let (id, job) = desk.finish(token), case .judge(let segment) = job else { break }
      replicas[id]?.judged(segment, judgement, desk: &desk)
    case .durable(let token):
      guard let id = desk.finish(token) else { break }
      replicas[id]?.durable(token, desk: &desk)
    case .waiting(let id, let since): replicas[id]?.requestSince = since
    case .busy(let id, let isBusy): replicas[id]?.isBusy = isBusy
    case .unreachable(let node): forEach { replica, desk in replica.loses(node, desk: &desk) }
    case .call(let id, let person, let reason): replicas[id]?.call(person: person, reason: reason, desk: &desk)
    case .transfer(let id, let node, let person): replicas[id]?.transfer(to: node, person: person, desk: &desk)
    case .halt(let id): replicas[id]?.isHalted = true
    case .publish(let id): replicas[id]?.publish(desk: &desk)
    case .farewell(let id, let node): replicas[id]?.farewell(to: node, desk: &desk)
    case .tick: forEach { replica, desk in replica.tick(desk: &desk) }
    }
  }

  private mutating func drain(into effects: inout Effects) {
    effects.append(contentsOf: desk.effects)
    desk.effects.removeAll(keepingCapacity: true)
  }

  private mutating func forEach(_ body: (inout LedgerReplica, inout ReplicaDesk) -> Void) {
    for collaboration in replicas.keys.sorted() {
      guard var replica = replicas.removeValue(forKey: collaboration) else { continue }
      body(&replica, &desk)
      replicas[collaboration] = replica
    }
  }

  private mutating func open(_ members: MemberSet, _ rules: ElectionRules, _ recovered: RecoveredChain?) {
    // Of a round that never opened another roster may be agreed.
    if let known = replicas[members.collaboration], !known.isBlank || known.membership.founding == members { return }
    var replica = LedgerReplica(members, rules, recovered: recovered, desk: desk)
    replica.opened(recovered, desk: &desk)
    replicas[members.collaboration] = replica
  }
}
