public import Model

/// A change of the roster, for people (R7).
public struct RosterChange: Codable, Hashable, Sendable {
  public enum Kind: String, Codable, Hashable, Sendable {
    case joined, leaving, left
  }

  public let kind: Kind
  public let node: NodeID
  public let name: String
  public let entry: Int
  public let timeMilliseconds: Int64
  /// Of the roster after it.
  public let version: Int
  public let reason: String
}

// Members that come and go while a round is open, and whose votes count (design 5, Membership; R7, R13).
extension CollaborationState {
  /// Changes that are kept for people.
  static let rosterChangesKept = 64

  mutating func memberJoined(_ record: LedgerRecord) throws(Violation) {
    let judge = Judge(entry: record.number)
    let body = try judge.body(MemberJoined.self, record)
    let request = try judge.statement(JoinRequest.self, in: body.request)
    let node = body.member.node
    try judge.require(request.member == body.member, .agreement, "\(node.short) asked to join as another member")
    try judge.require(request.contract == contractHash, .agreement, "\(node.short) asked to join another contract")
    let key: EpochCertificate
    do {
      key = try EpochCertificate(checking: body.member.certificate)
    } catch {
      throw judge.violation(.signature, "\(body.member.name)'s certificate: \(error)")
    }
    try judge.require(key.node == node, .membership, "\(body.member.name)'s certificate is another node's")
    try judge.require(
      key.made(body.request) && body.request.statement.collaboration == id, .signature,
      "of the request by \(node.short)")
    try judge.require(roster[node] == nil, .duplicate, "\(node.short) is a member already")
    try judge.require(council?.revoked[node] == nil, .membership, "\(node.short) was revoked")
    try judge.requireFresh(request.after, of: node, in: self)
    let problem = body.member.disorder ?? contract.refusal(of: body.member)
    try judge.require(problem == nil, .membership, "\(body.member.name): \(problem ?? "")")
    try judge.require(
      roster.members.count < contract.admission.membersAtMost, .limit, "\(roster.members.count) members already")
    try judge.require(body.version == roster.version + 1, .order, "roster \(body.version) after \(roster.version)")
    roster = Roster(version: body.version, members: roster.members + [body.member])
    keys[node] = key
    departed.remove(node)
    // Who comes back has the weight that it left with.
    if weights[node] == nil { weights[node] = Weight(ppm: contract.weights.initialPPM) }
    note(.joined, node, body.member.name, "", record)
  }

  mutating func memberLeaving(_ record: LedgerRecord) throws(Violation) {
    let judge = Judge(entry: record.number)
    let body = try judge.body(MemberLeaving.self, record)
    let request = try judge.statement(LeaveRequest.self, in: body.request)
    guard let member = roster[body.node] else {
      throw judge.violation(.membership, "\(body.node.short) is no member")
    }
    try judge.require(
      body.request.statement.author == body.node && made(body.request), .signature,
      "of the request by \(body.node.short)")
    try judge.require(!leaving.contains(body.node), .duplicate, "\(member.name) is leaving already")
    try judge.requireFresh(request.after, of: body.node, in: self)
    try judge.require(
      body.node != coordinator, .membership, "\(member.name) coordinates, and hands over before it leaves")
    try judge.require(request.reason.utf8.count <= LeaveRequest.reasonLimit * 4, .limit, "the reason's length")
    leaving.insert(body.node)
    note(.leaving, body.node, member.name, request.reason, record)
  }

  mutating func memberLeft(_ record: LedgerRecord) throws(Violation) {
    let judge = Judge(entry: record.number)
    let body = try judge.body(MemberLeft.self, record)
    guard let member = roster[body.node] else {
      throw judge.violation(.membership, "\(body.node.short) is no member")
    }
    let obstacle = obstacle(toLeavingOf: body.node)
    try judge.require(obstacle == nil, .membership, "\(member.name) \(obstacle ?? "")")
    try judge.require(body.version == roster.version + 1, .order, "roster \(body.version) after \(roster.version)")
    roster = Roster(version: body.version, members: roster.members.filter { $0.node != body.node })
    leaving.remove(body.node)
    departed.insert(body.node)
    keys[body.node] = nil
    endDelegations(of: body.node)
    note(.left, body.node, member.name, "", record)
  }

  /// What keeps a member from being gone; nil when nothing does.
  public func obstacle(toLeavingOf node: NodeID) -> String? {
    if !leaving.contains(node) { return "has not asked to leave" }
    if node == coordinator { return "coordinates" }
    if configuration.hasVote(node) { return "still has a vote" }
    if !(committed[node] ?? .zero).isZero { return "still has work" }
    if openTaskIDs.contains(where: { tasks[$0]?.submitter == node }) { return "has open tasks of its own" }
    return nil
  }

  mutating func votersChanging(_ record: LedgerRecord) throws(Violation) {
    let judge = Judge(entry: record.number)
    let joint = try judge.body(VotersChanging.self, record).configuration
    guard configuration.next == nil, joint.voters == configuration.voters, let next = joint.next else {
      throw judge.violation(.order, "voters change one joint step at a time")
    }
    for voter in next {
      try judge.require(
        roster[voter.node] != nil && keys[voter.node]?.epoch == voter.epoch, .membership,
        "\(voter.node.short) is no member under epoch \(voter.epoch)")
    }
    let nodes = Set(next.map(\.node))
    for voter in configuration.voters where mayVote(voter.node) {
      try judge.require(nodes.contains(voter.node), .membership, "\(voter.node.short) would lose its vote")
    }
    try judge.require(next.allSatisfy { mayVote($0.node) }, .membership, "one who leaves gets no vote")
    try judge.require(next.count <= contract.election.votersAtMost, .limit, "\(next.count) voters")
    configuration = joint
  }

  mutating func votersChanged(_ record: LedgerRecord) throws(Violation) {
    let judge = Judge(entry: record.number)
    let ended = try judge.body(VotersChanged.self, record).configuration
    try judge.require(
      ended.next == nil && ended.voters == configuration.next, .order, "not the end of the joint configuration in force"
    )
    configuration = ended
  }

  /// Whether a member keeps or gets its vote: who leaves gives it up, unless it coordinates meanwhile.
  private func mayVote(_ node: NodeID) -> Bool {
    roster[node] != nil && (!leaving.contains(node) || node == coordinator)
  }

  /// Who should vote next: those who do and stay, and another member, by node id, where there is room.
  ///
  /// - Parameter isUpToDate: whether a member holds all that is decided. Nobody waits for one that does not.
  public func nextVoters(isUpToDate: (NodeID) -> Bool) -> [Configuration.Voter] {
    let staying = configuration.voters.filter { mayVote($0.node) }
    let room = max(0, contract.election.votersAtMost - staying.count)
    let others = roster.members.map(\.node).filter { node in
      !configuration.hasVote(node) && mayVote(node) && isUpToDate(node)
    }
    // One at a time: each makes a quorum that must be in reach.
    let voters = staying.map(\.node) + others.prefix(min(room, 1))
    return voters.sorted().compactMap { node in
      keys[node].map { Configuration.Voter(node: node, epoch: $0.epoch) }
    }
  }

  private mutating func note(
    _ kind: RosterChange.Kind, _ node: NodeID, _ name: String, _ reason: String, _ record: LedgerRecord
  ) {
    membershipEntries[node] = record.number
    rosterChanges.append(
      RosterChange(
        kind: kind, node: node, name: name, entry: record.number, timeMilliseconds: record.timeMilliseconds,
        version: roster.version, reason: reason))
    if rosterChanges.count > Self.rosterChangesKept { rosterChanges.removeFirst() }
  }
}

extension CollaborationState {
  /// Whether a request made after an entry is about the membership that a node has now.
  public func isFresh(_ after: Int, of node: NodeID) -> Bool {
    after >= (membershipEntries[node] ?? 0) && after <= lastEntry
  }
}

extension Judge {
  /// Requests are for what was there when they were made: an old one asks for nothing any more.
  fileprivate func requireFresh(_ after: Int, of node: NodeID, in state: CollaborationState) throws(Violation) {
    try require(
      state.isFresh(after, of: node), .order,
      "\(node.short) asked after entry \(after), and its membership changed since")
  }
}
