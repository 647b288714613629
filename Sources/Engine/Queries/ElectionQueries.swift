internal import Consensus
internal import Contract
internal import Coordination
internal import Ledger
public import Model
internal import Overlay

// What people ask about terms and votes. Reads change nothing.
extension NodeEngine {
  /// By the collaborations' age, newest last.
  public func electionViews() -> [ElectionView] {
    books.values.filter { $0.council == nil }
      .sorted { ($0.openedMilliseconds, $0.id) < ($1.openedMilliseconds, $1.id) }.map(electionView)
  }

  /// nil for a collaboration that is not open here.
  public func electionView(_ id: CollaborationID) -> ElectionView? { books[id].map(electionView) }

  private func electionView(_ book: CollaborationState) -> ElectionView {
    let id = book.id
    let look = quorum(of: book)
    let office = consensus.office(of: id)
    let isElecting = office.map { $0.promised > $0.term } ?? false
    let reason = standstill(of: book)
    let span = unanswered[id].flatMap { $0.isOverdue ? $0 : nil }
    let decidesNothing = look.missing > 0 || span != nil
    let since = look.missing > 0 ? noQuorumSince[id] : span?.since ?? (isElecting ? electingSince[id] : nil)
    let waiting = submissions.values.count { $0.collaboration == id && $0.ended == nil }
    let voters = book.configuration.allVoters
    return ElectionView(
      collaboration: id, name: book.charter.name, term: book.term, coordinator: book.coordinator,
      coordinatorName: name(of: book.coordinator), promised: office?.promised ?? book.term,
      state: broken[id] != nil ? "halted" : decidesNothing ? "noQuorum" : reason.isEmpty ? "inOffice" : "electing",
      reason: reason, sinceMilliseconds: since?.wallMilliseconds,
      quorum: Configuration.quorum(of: voters.count), inReach: look.alive.count, missing: look.missing,
      bearsLies: Configuration.faultsTolerated(of: voters.count) > 0, callsNeeded: book.contract.election.callsNeeded,
      callIntervalMilliseconds: book.contract.election.callIntervalMilliseconds, waitingSubmissions: waiting,
      undecidedEntries: max(0, (consensus.head(of: id)?.number ?? 0) - book.lastEntry),
      preferred: preferences[id] ?? [], voters: voterViews(book),
      agent: book.agency?.agent, agentName: book.agency?.agent.map(name),
      agentAwaited: book.agency?.isMet == false, delegationWaits: delegations[id] != nil,
      delegations: delegationViews(book),
      terms: termViews(book),
      next: nextStep(id, reason, look))
  }

  /// By the collaborations' ids.
  public func standstillViews() -> [StandstillView] {
    books.values.sorted { $0.id < $1.id }.compactMap { book in
      let reason = standstill(of: book)
      return reason.isEmpty ? nil : StandstillView(collaboration: book.id, name: book.charter.name, reason: reason)
    }
  }

  /// What to type where nothing moves; empty for no reason.
  func nextStep(_ id: CollaborationID, _ reason: String, _ look: QuorumLook) -> String {
    guard !reason.isEmpty else {
      // An operator that was lost comes back into office by an election only.
      guard let book = books[id], let agency = book.agency, agency.isMet, let agent = agency.agent,
        agent != book.coordinator, state(of: agent) == MemberState.alive.rawValue
      else { return "" }
      return "jointcloud election call \(id.short) --reason TEXT brings \(name(of: agent)) back into office"
    }
    if let successor = successor(of: id), broken[id] != nil {
      return "submit again what was not over: jointcloud submit FILE --collaboration \(successor.short)"
    }
    if broken[id] != nil { return "compare the copies of its members: jointcloud ledger verify" }
    if look.missing == 0, unanswered[id]?.isOverdue == true { return "jointcloud member list" }
    return look.missing > 0
      ? "start again \(look.missing) or more of \(look.away.map(name).joined(separator: ", ")): jointcloud member list, "
        + "or, if they never come back, jointcloud collaboration reconstitute \(id.short) --reason TEXT"
      : "jointcloud election show \(id.short) --watch"
  }

  private func voterViews(_ book: CollaborationState) -> [VoterView] {
    let voters = book.configuration.allVoters.map(\.node)
    // As consensus votes: who is ranked, then the others.
    let ranked = (rankings[book.id] ?? []).filter(voters.contains)
    let voted = Set(votes(of: book.terms.last, in: book.id))
    return (ranked + voters.filter { !ranked.contains($0) }).enumerated().map { place, node in
      VoterView(
        node: node, name: name(of: node), state: state(of: node), rank: place + 1,
        weightPPM: book.weights[node]?.ppm ?? 0, holds: consensus.heldNumber(of: book.id, by: node),
        voted: voted.contains(node))
    }
  }

  private func delegationViews(_ book: CollaborationState) -> [DelegationView] {
    book.delegations.sorted { $0.value.entry < $1.value.entry }.compactMap { node, record in
      record.agent.map { agent in
        DelegationView(
          node: node, name: name(of: node), agent: agent, agentName: name(of: agent), person: record.person,
          reason: record.reason, entry: record.entry, timeMilliseconds: record.timeMilliseconds,
          counts: book.configuration.hasVote(node), needed: book.delegationsNeeded(for: agent))
      }
    }
  }

  private func termViews(_ book: CollaborationState) -> [TermView] {
    let founded = TermView(
      term: 1, coordinator: book.charter.founder, coordinatorName: name(of: book.charter.founder), cause: "founded",
      by: nil, byName: nil, person: nil, detail: "", delegated: false,
      entry: 1, timeMilliseconds: book.openedMilliseconds, votes: [])
    return [founded]
      + book.terms.map { term in
        TermView(
          term: term.term, coordinator: term.coordinator, coordinatorName: name(of: term.coordinator),
          cause: term.cause, by: term.by, byName: term.by.map(name), person: term.person, detail: term.detail,
          delegated: term.isDelegated,
          entry: term.entry, timeMilliseconds: term.timeMilliseconds,
          votes: votes(of: term, in: book.id).map(name).sorted())
      }
  }

  /// Who signed the election that a term's first entry holds.
  private func votes(of term: TermRecord?, in id: CollaborationID) -> [NodeID] {
    guard let term, let entry = consensus.entry(term.entry, of: id), let opened = try? TermOpened(entry) else {
      return []
    }
    return opened.election.endorsements.map(\.author)
  }
}
