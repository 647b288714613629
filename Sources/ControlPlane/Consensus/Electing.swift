internal import Ledger
internal import Model

// From suspicion to votes (design 5, Election). Adopting the outcome is in Office.swift.
extension LedgerReplica {
  mutating func tickElection(desk: inout ReplicaDesk) {
    if chain.number > decidedNumber { election.holdsUndecided(since: desk.now) }
    election.notes(isQuiet: isQuiet && !coordinatorIsBusy, at: desk.now)
    // A round that has not opened needs its founder: without the first entry there is nothing to continue.
    guard electorate.hasVote(desk.own), lock.number >= 1, waking == nil else { return }
    if isElecting {
      stand(desk: &desk)
      considerVoting(desk: &desk)
      guard isElecting, election.isOverdue(at: desk.now) else { return }
      want(ballot.promised + 1, desk: &desk)
    } else if let (kind, detail) = election.suspicion(
      at: desk.now, requestSince: requestSince, isQuiet: isQuiet && !coordinatorIsBusy, rules)
    {
      election.cause = TermCause(kind: kind, by: desk.own, detail: detail)
      want(ballot.promised + 1, desk: &desk)
    }
  }

  /// The overlay's word that a node is gone comes sooner than the timeout while little is said.
  mutating func loses(_ node: NodeID, desk: inout ReplicaDesk) {
    if node == coordinator, node != desk.own { election.losesCoordinator(at: desk.now) }
  }

  // MARK: Leaving a term

  /// Says, and repeats, that this node wants to leave for a term.
  private mutating func want(_ term: Int, desk: inout ReplicaDesk) {
    guard let known = election.preVote, known.term == term, known.configuration == electorate.hash else {
      election.preVote = (term, electorate.hash, nil, desk.now)
      let body = PreVote(term: term, configuration: electorate.hash)
      return desk.sign(body, .preVote(body), of: collaboration)
    }
    guard let signed = known.signed, desk.now.uptime - known.sentAt.uptime >= rules.heartbeat else { return }
    election.preVote?.sentAt = desk.now
    broadcast(.preVote(signed, credentials), desk: &desk)
    // What was counted is forgotten when the coordinator is heard.
    count(preVote: signed, desk: &desk)
  }

  mutating func signedPreVote(_ body: PreVote, _ signed: SignedStatement, desk: inout ReplicaDesk) {
    guard election.preVote?.term == body.term, election.preVote?.configuration == body.configuration,
      body.term > ballot.promised
    else { return }
    election.preVote = (body.term, body.configuration, signed, desk.now)
    broadcast(.preVote(signed, credentials), desk: &desk)
    count(preVote: signed, desk: &desk)
  }

  mutating func count(preVote signed: SignedStatement, desk: inout ReplicaDesk) {
    guard let body = try? signed.statement.decode(PreVote.self), isAhead(body.term),
      hasVote(signed.statement.author, in: body.configuration)
    else { return }
    election.preVotes[body.term, default: [:]][signed.statement.author] = signed
    // Who lacks the newest change of voters still speaks under the one before.
    let alike = (election.preVotes[body.term] ?? [:]).filter {
      (try? $0.value.statement.decode(PreVote.self)) == body
    }
    guard let grounds = certificate(body, alike) else { return }
    enter(body.term, .preVotes(grounds), from: desk.own, desk: &desk)
  }

  /// A term that may be entered next, or soon: others are not remembered, whatever is said for them.
  private func isAhead(_ term: Int) -> Bool {
    term > ballot.promised && term <= ballot.promised + ConsensusLimits.termsAhead
  }

  mutating func call(person: String, reason: String, desk: inout ReplicaDesk) {
    let body = ElectionCall(
      term: officeTerm + 1, configuration: configuration.hash,
      person: String(person.prefix(ElectionCall.textLimit / 4)),
      reason: String(reason.prefix(ElectionCall.textLimit / 4)))
    desk.sign(body, .call(body), of: collaboration)
  }

  mutating func called(_ signed: SignedStatement, desk: inout ReplicaDesk) {
    guard let body = try? signed.statement.decode(ElectionCall.self), isAhead(body.term),
      members.member(signed.statement.author) != nil
    else { return }
    election.calls[body.term, default: [:]][signed.statement.author] = signed
    let calls = (election.calls[body.term] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
    guard calls.count >= rules.callsNeeded else { return }
    enter(body.term, .calls(calls), from: signed.statement.author, desk: &desk)
  }

  mutating func transfer(to node: NodeID, person: String, desk: inout ReplicaDesk) {
    guard isInOffice(desk), node != desk.own, configuration.hasVote(node) else { return }
    // Long enough for an election; what waits is not lost when the successor does not stand.
    tenure.transferringUntil = Moment(
      uptime: desk.now.uptime + rules.timeout * 2, wallMilliseconds: desk.now.wallMilliseconds)
    tenure.successor = (node, person)
    handOver(desk: &desk)
  }

  /// Signs the transfer once everything that was proposed is decided, so that the successor lacks nothing.
  mutating func handOver(desk: inout ReplicaDesk) {
    guard isInOffice(desk), let (node, person) = tenure.successor, decidedNumber == proposed else { return }
    tenure.successor = nil
    let body = ElectionTransfer(
      term: officeTerm + 1, configuration: configuration.hash, successor: node,
      person: String(person.prefix(ElectionCall.textLimit / 4)))
    desk.sign(body, .transfer(body), of: collaboration)
  }

  /// The coordinator hands over to this node, which consents by standing.
  mutating func transferred(_ signed: SignedStatement, desk: inout ReplicaDesk) {
    guard let body = try? signed.statement.decode(ElectionTransfer.self), body.successor == desk.own else { return }
    enter(body.term, .transfer(signed), from: signed.statement.author, desk: &desk)
  }

  /// Enters a term on grounds whose signatures hold.
  mutating func enter(_ term: Int, _ grounds: Grounds, from node: NodeID, desk: inout ReplicaDesk) {
    guard term > ballot.promised, electorate.hasVote(desk.own), !isHalted, lock.number >= 1 else { return }
    guard term <= ConsensusLimits.highestTerm else {
      return drop(.flawed("a term above \(ConsensusLimits.highestTerm)"), from: node, desk: &desk)
    }
    do throws(ConsensusDrop) {
      try accept(grounds, for: term, desk)
    } catch {
      return drop(error, from: node, desk: &desk)
    }
    ballot = Ballot(promised: term, grounds: grounds, office: ballot.office, vote: nil)
    tenure = Tenure()
    if election.cause == nil { election.cause = TermCause(asked: grounds) }
    election.enter(at: desk.now)
    election.forget(through: term)
    storeBallot(desk: &desk)
    desk.effects.append(.termChanged(collaboration, view))
    stand(desk: &desk)
  }

  /// What depends on this node's own view of the term before.
  private mutating func accept(_ grounds: Grounds, for term: Int, _ desk: ReplicaDesk) throws(ConsensusDrop) {
    switch grounds {
    case .preVotes: break
    case .calls(let calls):
      // A call ends a term that has a coordinator, and leads to the next one: one member's word takes nobody further.
      guard officeTerm == term - 1, !isElecting else { throw .unknownTerm(found: term) }
      let authors = calls.map(\.statement.author)
      guard authors.allSatisfy({ members.member($0) != nil }) else { throw .notMember }
      let counted = authors.filter { author in
        election.countedCalls[author].map { desk.now.uptime - $0.uptime >= rules.callInterval } ?? true
      }
      guard counted.count >= rules.callsNeeded else { throw .tooOften }
      for author in counted { election.countedCalls[author] = desk.now }
    case .transfer(let signed):
      guard signed.statement.author == coordinator, officeTerm == term - 1, !isElecting else {
        throw .unknownTerm(found: term)
      }
    }
  }

  mutating func storeBallot(desk: inout ReplicaDesk) {
    let token = desk.store([.ballot(collaboration, ballot)], of: collaboration)
    durability.started(token, .ballot(ballot))
  }

  // MARK: Standing

  /// Stands for the promised term, once this node has what the best-proven chain has.
  mutating func stand(desk: inout ReplicaDesk) {
    guard isElecting, electorate.hasVote(desk.own), !isHalted, waking == nil else { return }
    let position = lock
    guard hash(at: position.number) == position.head, position.number <= durability.proposed else {
      return catchUp(desk: &desk)
    }
    guard election.goal.map({ $0 <= position }) ?? true || election.isHalfOver(at: desk.now) else {
      return catchUp(desk: &desk)
    }
    if let stood = election.stood, stood.position == position,
      desk.now.uptime - stood.at.uptime < rules.heartbeat
    {
      return
    }
    election.stood = (position, desk.now)
    election.stoodAt[position] = electorate.hash
    broadcast(.candidacy(credentials), desk: &desk)
    stands(credentials, candidate: desk.own, desk: &desk)
  }

  mutating func stands(_ credentials: Credentials, candidate: NodeID, desk: inout ReplicaDesk) {
    let position = credentials.position(in: collaboration)
    guard isElecting, credentials.promised == ballot.promised, let proven = credentials.configuration,
      hasVote(candidate, in: proven)
    else { return }
    guard position.term < ballot.promised else {
      return drop(.flawed("a candidate at a term that is not over"), from: candidate, desk: &desk)
    }
    if election.candidacies[candidate].map({ position > $0.position }) ?? true {
      election.candidacies[candidate] = Candidacy(position: position, configuration: proven)
    }
    // It may have missed the vote.
    if let (vote, signed) = election.newestVote, vote.candidate == candidate, vote.position == position {
      deliver(.vote(signed), to: candidate, desk: &desk)
    }
    considerVoting(desk: &desk)
  }

  // MARK: Voting

  /// Candidates in the order in which this node votes: who was handed the office, then by preference while votes do not
  /// split; who was lost comes last.
  private var order: [NodeID] {
    let voters = electorate.allVoters.map(\.node)
    var order = ranking.filter { voters.contains($0) }
    order += voters.filter { !order.contains($0) }
    // Whom each prefers has split the votes: from now on all take the same order, another one in each term.
    if election.attempts > 1 {
      let first = ballot.promised % max(1, voters.count)
      order = Array(voters[first...] + voters[..<first])
    }
    switch ballot.grounds {
    case .transfer(let signed):
      if let body = try? signed.statement.decode(ElectionTransfer.self) {
        order.removeAll { $0 == body.successor }
        order.insert(body.successor, at: 0)
      }
    case .preVotes:
      order.removeAll { $0 == coordinator }
      order.append(coordinator)
    case .calls, nil: break
    }
    return order
  }

  mutating func considerVoting(desk: inout ReplicaDesk) {
    guard isElecting, let entered = election.enteredAt, waking == nil else { return }
    // Once a term, for one candidate at one position: so a term has one election certificate, with one base, at most.
    guard ballot.vote == nil, ballot.silenced != ballot.promised else { return }
    // Until a quorum has shown how far it is, or had its time to: a vote for who lacks what others hold is lost.
    let waited = desk.now.uptime - entered.uptime
    let stagger = election.stagger(rules)
    guard electorate.isQuorum(Set(election.candidacies.keys)) || waited >= stagger * 3 else { return }
    let wanted = election.isHalfOver(at: desk.now) ? lock : max(lock, election.goal ?? lock)
    for (rank, candidate) in order.enumerated() {
      guard waited >= stagger * rank else { return }
      guard let candidacy = election.candidacies[candidate], hasVote(in: candidacy.configuration, desk) else {
        continue
      }
      guard candidacy.position >= wanted else {
        tellCredentials(to: candidate, desk: &desk)
        continue
      }
      return vote(for: candidate, in: candidacy, desk: &desk)
    }
  }

  private mutating func vote(for candidate: NodeID, in candidacy: Candidacy, desk: inout ReplicaDesk) {
    ballot.vote = Vote(
      term: ballot.promised, candidate: candidate, position: candidacy.position,
      configuration: candidacy.configuration)
    storeBallot(desk: &desk)
  }

  /// Signs a vote that is on the disk, while its term is still open.
  mutating func castVote(_ held: Durable<Ballot>, desk: inout ReplicaDesk) {
    guard let vote = held.value.vote, vote == ballot.vote, vote.term == ballot.promised, isElecting, !isHalted,
      waking == nil
    else { return }
    desk.sign(vote, .vote(vote), of: collaboration)
  }

  mutating func count(vote signed: SignedStatement, desk: inout ReplicaDesk) {
    guard let vote = try? signed.statement.decode(Vote.self) else { return }
    guard isElecting, vote.candidate == desk.own, vote.term == ballot.promised,
      election.stoodAt[vote.position] == vote.configuration,
      hasVote(signed.statement.author, in: vote.configuration)
    else {
      return drop(.staleTerm(current: ballot.promised, found: vote.term), from: signed.statement.author, desk: &desk)
    }
    election.votes[vote.position, default: [:]][signed.statement.author] = signed
    guard let certificate = certificate(vote, election.votes[vote.position] ?? [:]) else { return }
    adopt(certificate, desk: &desk)
  }

  /// Whoever won says so once that is on the disk: a restart must know the office that others follow.
  mutating func announceOffice(_ held: Durable<Ballot>, desk: inout ReplicaDesk) {
    guard isInOffice(desk), !tenure.isAnnounced, let office = held.value.office, office == ballot.office else { return }
    tenure.isAnnounced = true
    broadcast(.credentials(credentials), desk: &desk)
  }
}
