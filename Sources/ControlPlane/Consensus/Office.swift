internal import Ledger
internal import Model

// What follows from an election certificate.
extension LedgerReplica {
  /// Acts upon the outcome of an election from here on; its signatures hold.
  ///
  /// A term below the promised one is adopted too: what it left may be the chain that the next coordinator has to continue.
  mutating func adopt(_ certificate: ElectionCertificate, desk: inout ReplicaDesk) {
    let vote = certificate.body
    guard vote.term > officeTerm, !isHalted else { return }
    // Voters of a configuration that decided entries have ended elect nobody any more.
    guard counting(vote.configuration) != nil,
      entry(vote.position.number).map({ $0.hash != vote.position.head || $0.configuration == vote.configuration })
        ?? true
    else { return drop(.wrongConfiguration, from: vote.candidate, desk: &desk) }
    // Its voters had confirmed nothing above its base, so nothing above can have been decided in an older term.
    guard vote.position.number >= decidedNumber || isDecidedLater(than: vote.term) else {
      return halt(at: vote.position.number + 1, desk: &desk)
    }
    let isNewest = vote.term >= ballot.promised
    if vote.term > ballot.promised {
      ballot = Ballot(promised: vote.term)
    }
    ballot.office = certificate
    storeBallot(desk: &desk)
    if hasBase, chain.number > base.number, base.number >= decidedNumber, chain.term < vote.term {
      dropEntries(after: base.number, desk: &desk)
    }
    guard isNewest else { return }
    tenure = Tenure()
    let cause = cause(desk)
    election.ends(at: desk.now)
    election.forget(through: vote.term)
    election.hears(at: desk.now, &desk.random, rules)
    following.forgetsOwn()
    desk.effects.append(.termChanged(collaboration, view))
    if vote.candidate == desk.own {
      takeOffice(cause: cause, desk: &desk)
    } else {
      sendStanding(to: vote.candidate, desk: &desk)
    }
  }

  /// Whether the newest decision was made in that term or after it.
  private func isDecidedLater(than term: Int) -> Bool { decision.map { $0.body.term >= term } ?? false }

  /// Goes on once a quorum has said where it stands, and none of it is ahead.
  mutating func confirmOffice(desk: inout ReplicaDesk) {
    guard isInOffice(desk), tenure.isResumed, waking == nil else { return }
    let told = following.standings.filter { $0.value.decided <= decidedNumber && $0.value.number <= chain.number }
    guard configuration.isQuorum(Set(told.keys).union([desk.own])) else { return }
    tenure.isResumed = false
    beginTerm(cause: cause(desk), desk: &desk)
  }

  /// Begins to coordinate, or goes on after a restart. All that this node proposed in the term is durable here, unless it
  /// was set back to an older copy of its data: so at a start others say first how far they are.
  mutating func takeOffice(cause: TermCause, desk: inout ReplicaDesk) {
    tenure = Tenure()
    tenure.isResumed = waking != nil
    if entries.isEmpty {
      // A ledger that is just founded is empty everywhere.
      for node in others(desk) {
        tenure.followers[node] = FollowerProgress()
        tenure.followers[node]?.isNew()
      }
    }
    if let prepared, prepared.body.term == officeTerm { tenure.prepared = prepared }
    for node in others(desk) { sendStanding(to: node, desk: &desk) }
    tenure.heartbeatAt = desk.now
    if !tenure.isResumed { beginTerm(cause: cause, desk: &desk) }
  }

  private mutating func beginTerm(cause: TermCause, desk: inout ReplicaDesk) {
    if chain.term < officeTerm, hasBase, let election = ballot.office {
      desk.effects.append(
        .elected(
          collaboration,
          TermOpened(cause: cause, coordinator: desk.own, election: election, grounds: ballot.grounds)))
    }
    propose(desk: &desk)
  }

  /// Why the term before ended, as far as this node knows: where the first vote came to nothing, what it was held for.
  func cause(_ desk: ReplicaDesk) -> TermCause {
    ballot.grounds.flatMap(TermCause.init(asked:)) ?? election.cause
      ?? TermCause(kind: .lost, by: desk.own, detail: "others had lost it")
  }
}

extension TermCause {
  /// What a person asked for; nil for grounds that nobody asked for.
  init?(asked grounds: Grounds) {
    switch grounds {
    case .calls(let calls):
      guard let first = calls.first, let body = try? first.statement.decode(ElectionCall.self) else { return nil }
      self.init(kind: .called, by: first.statement.author, detail: body.reason, person: body.person)
    case .transfer(let signed):
      guard let body = try? signed.statement.decode(ElectionTransfer.self) else { return nil }
      // Nobody, where the node does so by itself.
      self.init(
        kind: .transferred, by: signed.statement.author, detail: "", person: body.person.isEmpty ? nil : body.person)
    case .preVotes: return nil
    }
  }
}
