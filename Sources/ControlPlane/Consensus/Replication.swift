public import Ledger
public import Model
internal import Sodium

/// Replication of ledgers between the members of their collaborations, one coordinator and one term each.
///
/// Plain values: what must be written, sent, signed and checked comes out as effects, and results come back in as
/// inputs, in any order.
public struct Replication: Sendable {
  private var desk: Desk
  private var replicas: [CollaborationID: Replica] = [:]

  /// - Parameters:
  ///   - own: this node, which signs under `epoch`.
  public init(own: NodeID, epoch: Int, network: NetworkID) {
    desk = Desk(own: own, epoch: epoch, network: network)
  }

  /// The collaborations that are open here, by id.
  public var collaborations: [CollaborationID] { replicas.keys.sorted() }

  public func set(of collaboration: CollaborationID) -> ReplicaSet? { replicas[collaboration]?.set }

  /// Whether a tick brings something on its way.
  public var needsTick: Bool {
    replicas.values.contains { replica in
      replica.isRequesting || replica.followers.values.contains { $0.wantsResuming }
    }
  }

  /// The head in memory: on the coordinator also what is not durable or proposed yet.
  public func head(of collaboration: CollaborationID) -> Chain? { replicas[collaboration]?.chain }

  /// An entry that this node has, durable or not.
  public func entry(_ number: Int, of collaboration: CollaborationID) -> Entry? {
    replicas[collaboration]?.entry(number)
  }

  /// Up to where this node holds the ledger durably.
  public func durableNumber(of collaboration: CollaborationID) -> Int {
    replicas[collaboration]?.durability.entries.number ?? 0
  }

  /// Up to where entries are signed by the coordinator, durably here.
  public func proposedNumber(of collaboration: CollaborationID) -> Int {
    replicas[collaboration]?.durability.proposed.number ?? 0
  }

  /// Up to where a member acknowledged; for this node itself, what is durable.
  public func heldNumber(of collaboration: CollaborationID, by node: NodeID) -> Int {
    guard let replica = replicas[collaboration] else { return 0 }
    return node == desk.own ? replica.durability.entries.number : replica.followers[node]?.acknowledged ?? 0
  }

  /// Adds an entry to a ledger that this node coordinates. The caller has put it to the contract before.
  ///
  /// - Returns: the entry at its place; `held` tells when it is durable here and with members.
  /// - Throws: `AppendError`; nothing is changed.
  public mutating func append(
    kind: String, body: JSON, to collaboration: CollaborationID, at moment: Moment, into effects: inout Effects
  ) throws(AppendError) -> Entry {
    guard replicas[collaboration] != nil else { throw .unknownCollaboration(collaboration) }
    let result = Result { () throws(AppendError) in
      try replicas[collaboration]?.append(kind: kind, body: body, at: moment, desk: &desk)
    }
    drain(into: &effects)
    guard let entry = try result.get() else { throw .unknownCollaboration(collaboration) }
    return entry
  }

  public mutating func step(_ input: Input, at moment: Moment, random: inout Random, into effects: inout Effects) {
    switch input {
    case .open(let set, let recovered): open(set, recovered)
    case .linkOpened(let node):
      desk.linked.insert(node)
      forEach { replica, desk in replica.linkOpened(node, desk: &desk) }
    case .linkClosed(let node):
      desk.linked.remove(node)
      forEach { replica, desk in replica.linkClosed(node, desk: &desk) }
    case .received(let message, let node): receive(message, from: node, at: moment)
    case .signed(let token, let signature): signed(token, signature)
    case .verified(let token, let holds): verified(token, holds, at: moment)
    case .judged(let token, let judgement):
      guard case .judge(let collaboration, let batch) = desk.finish(token) else { break }
      replicas[collaboration]?.judged(batch, judgement, desk: &desk)
    case .durable(let token):
      guard let collaboration = desk.finish(token) else { break }
      replicas[collaboration]?.durable(token, at: moment, desk: &desk)
    case .tick: forEach { replica, desk in replica.tick(at: moment, desk: &desk) }
    }
    drain(into: &effects)
  }

  private mutating func drain(into effects: inout Effects) {
    effects.append(contentsOf: desk.effects)
    desk.effects.removeAll(keepingCapacity: true)
  }

  private mutating func forEach(_ body: (inout Replica, inout Desk) -> Void) {
    for collaboration in replicas.keys.sorted() {
      guard var replica = replicas.removeValue(forKey: collaboration) else { continue }
      body(&replica, &desk)
      replicas[collaboration] = replica
    }
  }

  private mutating func open(_ set: ReplicaSet, _ recovered: RecoveredChain?) {
    if replicas[set.collaboration] != nil {
      replicas[set.collaboration]?.adopt(set, desk: &desk)
      return
    }
    var replica = Replica(set, recovered: recovered)
    replica.opened(desk: &desk)
    replicas[set.collaboration] = replica
  }

  private mutating func receive(_ message: ReplicationMessage, from node: NodeID, at moment: Moment) {
    let collaboration: CollaborationID
    switch message {
    case .head(let id, _, _), .request(let id, _, _), .entries(let id, _, _): collaboration = id
    case .acknowledgement(let signed):
      guard let id = signed.statement.collaboration else {
        return desk.drop(.malformed("an acknowledgement that names no collaboration"), from: node)
      }
      collaboration = id
    }
    guard let set = replicas[collaboration]?.set else { return desk.drop(.unknownCollaboration, from: node) }
    guard set.member(node) != nil else { return desk.drop(.notMember, from: node) }
    switch message {
    case .head(_, let number, let hash):
      replicas[collaboration]?.head(number, hash, from: node, at: moment, desk: &desk)
    case .request(_, let from, let limit):
      replicas[collaboration]?.serve(from: from, limit: limit, to: node, at: moment, desk: &desk)
    case .entries(_, let entries, let proposals):
      replicas[collaboration]?.receive(entries, proposals, from: node, desk: &desk)
    case .acknowledgement(let signed):
      replicas[collaboration]?.receive(signed, from: node, desk: &desk)
    }
  }

  private mutating func signed(_ token: JobToken, _ signature: Signature) {
    switch desk.finish(token) {
    case .signProposal(let collaboration, let proposal):
      replicas[collaboration]?.signed(proposal, signature, desk: &desk)
    case .signAcknowledgement(let collaboration, let acknowledgement):
      replicas[collaboration]?.signed(acknowledgement, signature, desk: &desk)
    default: break
    }
  }

  private mutating func verified(_ token: JobToken, _ holds: Bool, at moment: Moment) {
    switch desk.finish(token) {
    case .verifyProposal(let collaboration, let batch):
      replicas[collaboration]?.verified(batch, holds, desk: &desk)
    case .verifyAcknowledgement(let collaboration, let acknowledgement):
      replicas[collaboration]?.verified(acknowledgement, holds, at: moment, desk: &desk)
    default: break
    }
  }
}
