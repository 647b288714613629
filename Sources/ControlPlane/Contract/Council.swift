public import Model

/// What the ledger of a network's own collaboration says of who belongs to the network (R20).
public struct Council: Codable, Hashable, Sendable {
  /// Proposals that may be open at one time, and of one member: what one proposes leaves room for the others.
  public static let openLimit = 160
  public static let openLimitPerProposer = 8
  /// Proposals that are remembered: those that are open, and the newest others.
  public static let motionsKept = 512
  /// Nodes that may be let in, and that may be revoked: as many as a network has members at most.
  public static let nodeLimit = 4_096

  public enum Outcome: Codable, Hashable, Sendable {
    case open
    /// It holds from this entry on.
    case holds(entry: Int)
    /// It cannot get enough votes any more, since this entry.
    case failed(entry: Int)
  }

  public struct Ballot: Codable, Hashable, Sendable {
    public let node: NodeID
    public let person: String
    public let yes: Bool
    public let entry: Int
  }

  public struct Record: Codable, Hashable, Sendable {
    public let id: StatementID
    public let motion: Motion
    public let proposer: NodeID
    public let entry: Int
    public let timeMilliseconds: Int64
    /// In the order of their entries, one of each voter.
    public internal(set) var ballots: [Ballot] = []
    public internal(set) var outcome = Outcome.open
    /// How many yes votes it takes, by the voters at its newest entry.
    public internal(set) var needed: Int
  }

  /// The newest last.
  public internal(set) var motions: [Record] = []
  /// The newest entry of a proposal that is not remembered any more: none is taken from whoever knew less.
  public internal(set) var forgottenEntry = 0
  /// By whom was let in by vote, the proposal that says so.
  public internal(set) var admitted: [NodeID: StatementID] = [:]
  /// By who is cut off, the proposal that says so.
  public internal(set) var revoked: [NodeID: StatementID] = [:]
  /// What was decided of a node last, kept as long as it holds, for people.
  public internal(set) var decisions: [StatementID: Record] = [:]

  public subscript(motion: StatementID) -> Record? { motions.first { $0.id == motion } ?? decisions[motion] }

  /// How many of these voters must say yes to what is about `subject`: a majority of all, and a quorum of the others,
  /// since nobody who is accused decides whether it is cut off.
  static func needed(of voters: [Configuration.Voter], subject: NodeID) -> Int {
    let others = voters.count { $0.node != subject }
    return max(Configuration.quorum(of: others), others == voters.count ? 0 : voters.count / 2 + 1)
  }
}

// Proposals and votes on the ledger of a network's own collaboration.
extension CollaborationState {
  mutating func motionProposed(_ record: LedgerRecord) throws(Violation) {
    let judge = Judge(entry: record.number)
    let body = try judge.body(MotionProposed.self, record)
    guard let council else { throw judge.violation(.kind, "only a network's own collaboration decides who is in it") }
    let motion = try judge.statement(Motion.self, in: body.proposal)
    let proposer = body.proposal.statement.author
    try judge.require(roster[proposer] != nil, .membership, "the proposer \(proposer.short) is no member")
    try judge.require(council.revoked[proposer] == nil, .membership, "the proposer \(proposer.short) was revoked")
    try judge.require(
      body.proposal.statement.network == charter.network && made(body.proposal), .signature,
      "of the proposal by \(proposer.short)")
    try judge.require(motion.disorder == nil, .limit, motion.disorder ?? "")
    let left = motion.expiresMilliseconds - record.timeMilliseconds
    try judge.require(left > 0, .expiry, "the proposal's time is over")
    try judge.require(left <= Motion.lifetimeLimitMilliseconds, .limit, "a proposal is voted on for a week at most")
    try judge.require(council[body.proposal.id] == nil, .duplicate, "the proposal is there already")
    try judge.require(
      !council.motions.contains { record in
        record.outcome == .open && record.motion.subject == motion.subject && record.motion.act == motion.act
          && record.motion.expiresMilliseconds > motion.expiresMilliseconds - left
      }, .duplicate, "the same is proposed of \(motion.subject.short) already")
    switch motion.act {
    case .admit:
      try judge.require(
        council.admitted[motion.subject] == nil, .motion, "\(motion.subject.short) was let in by vote already")
      try judge.require(council.admitted.count < Council.nodeLimit, .limit, "\(Council.nodeLimit) nodes were let in")
    case .revoke:
      try judge.require(council.revoked[motion.subject] == nil, .motion, "\(motion.subject.short) is revoked already")
      try judge.require(council.revoked.count < Council.nodeLimit, .limit, "\(Council.nodeLimit) nodes are revoked")
    }
    try judge.require(
      (council.forgottenEntry...lastEntry).contains(motion.after), .order,
      "the proposal is from before what was decided since: propose it again")
    let open = council.motions.filter {
      $0.outcome == .open && $0.motion.expiresMilliseconds > record.timeMilliseconds
    }
    try judge.require(open.count < Council.openLimit, .limit, "\(Council.openLimit) proposals are open")
    try judge.require(
      open.count { $0.proposer == proposer } < Council.openLimitPerProposer, .limit,
      "\(Council.openLimitPerProposer) proposals of \(proposer.short) are open")
    var changed = council
    changed.forget(at: record.timeMilliseconds)
    changed.motions.append(
      Council.Record(
        id: body.proposal.id, motion: motion, proposer: proposer, entry: record.number,
        timeMilliseconds: record.timeMilliseconds, needed: needed(for: motion.subject)))
    self.council = changed
    if mayDecide(proposer, on: motion.subject) {
      cast(
        Council.Ballot(node: proposer, person: motion.person, yes: true, entry: record.number),
        on: changed.motions.count - 1, record)
    }
  }

  mutating func motionVoted(_ record: LedgerRecord) throws(Violation) {
    let judge = Judge(entry: record.number)
    let body = try judge.body(MotionVoted.self, record)
    guard let council else { throw judge.violation(.kind, "only a network's own collaboration decides who is in it") }
    let vote = try judge.statement(MotionVote.self, in: body.vote)
    let voter = body.vote.statement.author
    guard let index = council.motions.firstIndex(where: { $0.id == vote.motion }) else {
      throw judge.violation(.motion, "no proposal \(vote.motion.short) is open")
    }
    let motion = council.motions[index]
    try judge.require(
      body.vote.statement.network == charter.network && made(body.vote), .signature, "of the vote by \(voter.short)")
    try judge.require(
      (1...Motion.personLimit).contains(vote.person.utf8.count), .limit, "the person's name has 1 to 64 bytes")
    try judge.require(
      motion.outcome == .open, .motion, "proposal \(vote.motion.short) is decided")
    try judge.require(
      record.timeMilliseconds < motion.motion.expiresMilliseconds, .expiry,
      "the time of proposal \(vote.motion.short) is over")
    try judge.require(
      mayDecide(voter, on: motion.motion.subject), .membership, "\(voter.short) has no vote on this proposal")
    try judge.require(
      !motion.ballots.contains { $0.node == voter }, .duplicate, "\(voter.short) has voted on this proposal")
    cast(Council.Ballot(node: voter, person: vote.person, yes: vote.yes, entry: record.number), on: index, record)
  }

  /// Whether a node's vote counts: it has one in the configuration in force, was not revoked, and is not accused itself.
  public func mayDecide(_ node: NodeID, on subject: NodeID) -> Bool {
    roster[node] != nil && configuration.hasVote(node) && council?.revoked[node] == nil && node != subject
  }

  private func needed(for subject: NodeID) -> Int {
    max(
      Council.needed(of: configuration.voters, subject: subject),
      configuration.next.map { Council.needed(of: $0, subject: subject) } ?? 0)
  }

  private mutating func cast(_ ballot: Council.Ballot, on index: Int, _ record: LedgerRecord) {
    guard var motion = council?.motions[index] else { return }
    motion.ballots.append(ballot)
    let subject = motion.motion.subject
    motion.needed = needed(for: subject)
    let yes = Set(motion.ballots.filter { $0.yes && mayDecide($0.node, on: subject) }.map(\.node))
    let no = Set(motion.ballots.filter { !$0.yes }.map(\.node))
    let sides = [configuration.voters] + [configuration.next].compactMap(\.self)
    func count(_ nodes: Set<NodeID>, on side: [Configuration.Voter]) -> Int {
      side.count { nodes.contains($0.node) }
    }
    if sides.allSatisfy({ count(yes, on: $0) >= Council.needed(of: $0, subject: subject) }) {
      motion.outcome = .holds(entry: record.number)
    } else if sides.contains(where: { side in
      side.count { mayDecide($0.node, on: subject) } - count(no, on: side) < Council.needed(of: side, subject: subject)
    }) {
      // So many said no that the rest are too few.
      motion.outcome = .failed(entry: record.number)
    }
    council?.motions[index] = motion
    if case .holds = motion.outcome { carryOut(motion) }
  }

  private mutating func carryOut(_ motion: Council.Record) {
    let subject = motion.motion.subject
    let before = [council?.admitted[subject], council?.revoked[subject]].compactMap(\.self)
    for id in before { council?.decisions[id] = nil }
    council?.decisions[motion.id] = motion
    switch motion.motion.act {
    case .admit:
      council?.admitted[subject] = motion.id
      council?.revoked[subject] = nil
    case .revoke:
      council?.admitted[subject] = nil
      council?.revoked[subject] = motion.id
      // It gives up its vote as one who leaves does, and is asked by nobody.
      if roster[subject] != nil { leaving.insert(subject) }
    }
  }
}

extension Council {
  /// Forgets the oldest that is not open any more.
  fileprivate mutating func forget(at milliseconds: Int64) {
    while motions.count >= Self.motionsKept,
      let oldest = motions.firstIndex(where: { $0.outcome != .open || $0.motion.expiresMilliseconds <= milliseconds })
    {
      forgottenEntry = max(forgottenEntry, motions.remove(at: oldest).entry)
    }
  }
}
