import Model

/// Another node, as this one knows it.
struct Member: Sendable {
  var checked: CheckedMember
  let keys: Rings.Keys
  var state: MemberState
  var since: Moment
  /// How often it objected to accusations since its record.
  var refutation = 0
  /// Its last objection, to be passed on with new accusations.
  var objection: Rumour?
  /// By accuser, of its present version: why it is suspected, or failed.
  var accusations: [NodeID: Rumour] = [:]
  /// Where its accusers stand among those who may look, and this node: found once, since it takes all members.
  var ranks: [NodeID: Int] = [:]
  /// Of the newest answered probe.
  var roundTrip: Duration?
  /// Any authentic sign of life.
  var heardAt: Moment?
  /// Its newest answer to this node, uptime.
  var answeredAt: Duration?
  /// The datagram key before the present one, good until then (uptime).
  var earlierKey: (key: DatagramKeys.Peer, until: Duration)?
  /// Where its last authentic datagram came from.
  var source: String?
  /// When this node showed it its record last, uptime.
  var greetedAt: Duration?
  /// When people heard last that two processes have its key, uptime.
  var toldOfTwoAt: Duration?
  /// The newest epoch for which two working keys of it were met. What it signs by one is no good for who knows the
  /// other, so a signature of it that does not hold is nobody else's fault, then and later.
  var twoKeysEpoch: Int?
  /// Which of its processes was told why others failed.
  var explainedTo: Digest?

  var node: NodeID { checked.node }
  var version: MemberVersion { MemberVersion(incarnation: checked.record.incarnation, refutation: refutation) }
  var isPresent: Bool { state == .alive || state == .suspected }
  var key: DatagramKeys.Peer {
    DatagramKeys.Peer(key: checked.record.datagramKey, number: UInt64(clamping: checked.record.incarnation))
  }

  /// Where to send datagrams: where it was heard last, then where it says that it listens, in turn.
  func address(try number: Int) -> String? {
    let said = checked.record.addresses
    if number == 0, let source { return source }
    guard !said.isEmpty else { return source }
    return said[(number - (source == nil ? 0 : 1)) % said.count]
  }

  /// The key that a datagram with this number was sealed by.
  func key(numbered number: UInt64, at uptime: Duration) -> DatagramKeys.Peer? {
    if number == key.number { return key }
    guard let earlierKey, earlierKey.key.number == number, uptime < earlierKey.until else { return nil }
    return earlierKey.key
  }
}

/// All other nodes, with the orders that follow from who is present.
struct MemberTable: Sendable {
  private(set) var members: [NodeID: Member] = [:]
  private var byPrefix: [SenderPrefix: NodeID] = [:]
  /// Those that are neither failed nor left, and this node.
  private(set) var rings = Rings()
  private(set) var suspected: Set<NodeID> = []
  /// In no order that means anything.
  private(set) var failed: [NodeID] = []
  private(set) var left: [NodeID] = []
  /// The grants of the invitations by which members came.
  private var usedInvitations: Set<StatementID> = []

  subscript(node: NodeID) -> Member? { members[node] }
  var count: Int { members.count }

  func node(by prefix: SenderPrefix) -> NodeID? { byPrefix[prefix] }

  mutating func enter(own node: NodeID, _ keys: Rings.Keys) { rings.insert(node, keys) }

  mutating func add(_ member: Member) {
    precondition(members[member.node] == nil, "a member is added once")
    members[member.node] = member
    byPrefix[SenderPrefix(member.node)] = member.node
    if let invitation = member.checked.record.admission.invitation { usedInvitations.insert(invitation) }
    note(member.node, from: nil, to: member.state)
  }

  /// Whether an admission lets nobody in any more: somebody came by its invitation.
  ///
  /// - Parameter own: by what this node, which is not in the table, came in.
  func isUsedUp(_ admission: Admission, own: Admission?) -> Bool {
    guard let invitation = admission.invitation else { return false }
    return usedInvitations.contains(invitation) || own?.invitation == invitation
  }

  /// Changes what is known of a member; its state goes through `setState`.
  mutating func change(_ node: NodeID, _ body: (inout Member) -> Void) {
    guard let index = members.index(forKey: node) else { return }
    let before = members.values[index].state
    body(&members.values[index])
    precondition(members.values[index].state == before, "a member's state is changed by setState alone")
  }

  /// - Returns: whether it was another before.
  mutating func setState(of node: NodeID, _ state: MemberState, at now: Moment) -> Bool {
    guard let old = members[node]?.state, old != state else { return false }
    members[node]?.state = state
    members[node]?.since = now
    note(node, from: old, to: state)
    return true
  }

  private mutating func note(_ node: NodeID, from old: MemberState?, to state: MemberState) {
    guard let member = members[node] else { return }
    if old == .suspected { suspected.remove(node) }
    if old == .failed { failed.removeAll { $0 == node } }
    if old == .left { left.removeAll { $0 == node } }
    if state == .suspected { suspected.insert(node) }
    if state == .failed { failed.append(node) }
    if state == .left { left.append(node) }
    if member.isPresent { rings.insert(node, member.keys) } else { rings.remove(node, member.keys) }
  }
}
