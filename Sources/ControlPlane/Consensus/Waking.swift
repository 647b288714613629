internal import Ledger
internal import Model

/// A start at which this node has not heard enough yet to sign anything.
///
/// Its data may have been put back to an older copy: then it has forgotten votes, acknowledgements and locks, and would
/// contradict them (design 5, Evidence). What of them counted anywhere, members of a quorum know.
struct Waking: Sendable {
  let since: Moment
  /// What was found on the disk of this node's own word.
  let found: Ballot
  let proposed: Int
  /// Who has shown its credentials since.
  var heard: Set<NodeID> = []
  /// The highest position that they proved, and its voters.
  var goal: (position: Position, configuration: Digest?)?
  /// Others hold what this node signed and does not remember.
  var isSetBack = false

  init(since: Moment, _ recovered: RecoveredChain) {
    self.since = since
    found = recovered.ballot
    proposed = min(recovered.proposals.last?.proposal.last ?? 0, recovered.entries.count)
  }

  /// Whether a statement in a term, about the entries up to a number, is one that this node has lost.
  func lacks(term: Int, number: Int) -> Bool {
    if term != found.promised { return term > found.promised }
    return number > proposed && found.silenced != term
  }

  func lacks(_ vote: Vote) -> Bool {
    if vote.term != found.promised { return vote.term > found.promised }
    return found.vote == nil && found.office?.body.term != vote.term
  }
}

extension LedgerReplica {
  mutating func beginWaking(_ recovered: RecoveredChain, desk: inout ReplicaDesk) {
    // Before its founder opens a ledger there is nothing of it anywhere, and one voter alone has nobody to ask; but an
    // older copy may be from before there were others.
    let isUnopened = isBlank && members.founder == desk.own && desk.isNewestCopy
    let isAlone = desk.isNewestCopy && configuration.isQuorum([desk.own])
    guard !isUnopened, !isAlone else { return }
    waking = Waking(since: desk.now, recovered)
    tickWaking(desk: &desk)
  }

  func wakingView(_ desk: ReplicaDesk) -> WakingView? {
    guard let waking, hasVote(desk) else { return nil }
    return WakingView(
      isOverdue: desk.now.uptime - waking.since.uptime > rules.timeout * ConsensusLimits.wakingTimeouts,
      awaited: (configuration.isQuorum([desk.own]) ? others(desk) : configuration.allVoters.map(\.node))
        .filter { $0 != desk.own && !waking.heard.contains($0) },
      isCatchingUp: hasHeardEnough(waking, desk))
  }

  mutating func tickWaking(desk: inout ReplicaDesk) {
    // Who has no vote signs nothing, and asks once it gets one.
    guard let waking, hasVote(desk) else { return }
    for node in others(desk) where !waking.heard.contains(node) { askCredentials(of: node, desk: &desk) }
    considerWaking(desk: &desk)
  }

  /// Another member showed where it stands.
  mutating func hears(_ credentials: Credentials, of node: NodeID, desk: inout ReplicaDesk) {
    guard waking != nil else { return }
    noteOwnWord(in: credentials, desk: &desk)
    waking?.heard.insert(node)
    let position = credentials.position(in: collaboration)
    // What voters say who have been replaced binds nobody; those not known yet are known once it is caught up.
    if let configuration = credentials.configuration, membership.configuration(configuration) != nil,
      counting(configuration) == nil
    {
      return considerWaking(desk: &desk)
    }
    if waking?.goal.map({ position > $0.position }) ?? true { waking?.goal = (position, credentials.configuration) }
    considerWaking(desk: &desk)
  }

  /// Looks for this node's own signatures in what others prove. Each has been checked, so nobody else made them.
  private mutating func noteOwnWord(in credentials: Credentials, desk: inout ReplicaDesk) {
    guard let waking, !waking.isSetBack else { return }
    let own = desk.own
    func isOwn<Body>(_ certificate: Certificate<Body>) -> Bool {
      certificate.endorsements.contains { $0.author == own }
    }
    let proved = [
      credentials.prepared.map { ($0.body.term, $0.body.number, isOwn($0)) },
      credentials.decision.map { ($0.body.term, $0.body.number, isOwn($0)) },
    ].compactMap { $0 }
    let isVoteLost = credentials.office.map { isOwn($0) && waking.lacks($0.body) } ?? false
    guard isVoteLost || proved.contains(where: { $0.2 && waking.lacks(term: $0.0, number: $0.1) }) else { return }
    findSetBack(at: credentials.position(in: collaboration).number, desk: &desk)
  }

  private mutating func findSetBack(at number: Int, desk: inout ReplicaDesk) {
    guard waking?.isSetBack != true, !tenure.isSetBack else { return }
    waking?.isSetBack = true
    if isInOffice(desk) {
      tenure.isSetBack = true
      election.hasMisbehaved = true
      ballot.silenced = officeTerm
      storeBallot(desk: &desk)
    }
    desk.effects.append(.setBack(collaboration, number: number))
  }

  /// In the office that it takes up again: proofs, or its own proposals, say that it holds less than it proposed.
  mutating func noteLoss(term: Int, number: Int, head: Digest, desk: inout ReplicaDesk) {
    guard isInOffice(desk), term == officeTerm, hash(at: number) != head else { return }
    findSetBack(at: number, desk: &desk)
  }

  /// Whether enough others have been heard: nobody can have counted this node's word without one of them.
  private func hasHeardEnough(_ waking: Waking, _ desk: ReplicaDesk) -> Bool {
    // Where the copy names one voter, whoever holds the ledger may know of more.
    if configuration.isQuorum([desk.own]) { return others(desk).allSatisfy(waking.heard.contains) }
    return [configuration, electorate].allSatisfy { configuration in
      let voters = Set(configuration.allVoters.map(\.node))
      if !configuration.isQuorum(voters.subtracting(waking.heard).union([desk.own])) { return true }
      // Among three voters that takes both others, and one of them may be gone for good.
      return desk.isNewestCopy && configuration.isQuorum(waking.heard.union([desk.own]))
        && desk.now.uptime - waking.since.uptime >= rules.timeout * ConsensusLimits.wakingTimeouts
    }
  }

  mutating func considerWaking(desk: inout ReplicaDesk) {
    guard !isHalted, let waking, hasVote(desk), hasHeardEnough(waking, desk) else { return }
    // What they proved binds this node as if it had never forgotten it, unless voters proved it who have been replaced.
    if let (position, configuration) = waking.goal, position > lock,
      configuration.flatMap({ membership.configuration($0) }) == nil || configuration.flatMap(counting) != nil
    {
      return catchUp(desk: &desk)
    }
    self.waking = nil
    // In a term that it cannot know to be untouched by its own word it says nothing more.
    let mayHaveVoted = !desk.isNewestCopy && isElecting && ballot.vote == nil
    if waking.isSetBack || mayHaveVoted {
      ballot.silenced = ballot.promised
      storeBallot(desk: &desk)
    }
    acknowledge(durability.held(proposals), desk: &desk)
    if let held = durability.prepared { confirm(held, desk: &desk) }
    castVote(durability.ballot, desk: &desk)
    confirmOffice(desk: &desk)
  }
}
