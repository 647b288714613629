internal import Ledger
internal import Model

// A member's way of an entry: check, judge, store; then `acknowledge`.
extension LedgerReplica {
  mutating func receive(_ bytes: SegmentBytes, from node: NodeID, desk: inout ReplicaDesk) {
    let ofSender = following.segments.count { $0.from == node }
    guard following.segments.count < ConsensusLimits.pendingSegments,
      node == coordinator || ofSender < ConsensusLimits.pendingSegmentsOfOthers
    else {
      following.missedSegment = true
      return drop(.overloaded, from: node, desk: &desk)
    }
    var segment: Segment
    let claims: [Claim]
    do throws(ConsensusDrop) {
      segment = try Segment(bytes, id: desk.number(), from: node, collaboration: collaboration)
      let isOwnLoss = tenure.isResumed && segment.lastTerm == officeTerm && segment.last > chain.number
      guard !isInOffice(desk) || segment.lastTerm > officeTerm || isOwnLoss else { throw .wrongAuthor }
      claims = try self.claims(in: &segment, desk)
    } catch {
      switch error {
      case .unknownTerm, .wrongConfiguration: following.missedSegment = true
      default: break
      }
      return drop(error, from: node, desk: &desk)
    }
    following.segments.append(segment)
    let token = desk.job(.segment(segment.id), of: collaboration)
    desk.effects.append(.verify(claims, token))
  }

  private func claims(in segment: inout Segment, _ desk: ReplicaDesk) throws(ConsensusDrop) -> [Claim] {
    var claims: [Claim] = []
    var coordinators = following.coordinators
    var membership = membership
    // One after another they come faster than they are taken. What is not checked yet speaks for its sender alone.
    for before in following.segments where before.from == segment.from && before.first <= segment.first {
      membership.replace(by: before)
      for opening in before.openings { coordinators[opening.election.body.term] = opening.coordinator }
    }
    membership.replace(by: segment)
    for opening in segment.openings {
      coordinators[opening.election.body.term] = opening.coordinator
      if opening.election != ballot.office {
        claims += try self.claims(in: opening.election, knowing: membership, desk)
      }
    }
    coordinators[officeTerm] = coordinator
    for case .changed(_, let decided) in segment.changes.values {
      claims += try self.claims(in: decided, knowing: membership, desk)
    }
    for signed in segment.proposals {
      let statement = signed.signed.statement
      guard statement.network == desk.network, signed.collaboration == collaboration else { throw .wrongAuthor }
      let term = signed.proposal.term
      guard let coordinator = term == 1 ? membership.founding.founder : coordinators[term] else {
        throw .unknownTerm(found: term)
      }
      guard signed.author == coordinator else { throw .wrongAuthor }
      guard membership.configuration(signed.proposal.configuration) != nil else { throw .wrongConfiguration }
      guard let key = membership.key(of: signed.author, epoch: statement.epoch) else { throw .wrongEpoch }
      claims.append(Claim(signed: signed.signed, key: key))
    }
    // A decision far ahead may be of voters whom this member has not heard of yet: then it is worth nothing here.
    if let decided = segment.decision, membership.configuration(decided.body.configuration) == nil {
      segment.decision = nil
    }
    if let decided = segment.decision, decided != decision {
      claims += try self.claims(in: decided, knowing: membership, desk)
    }
    return claims
  }

  mutating func verifiedSegment(_ id: UInt64, _ holds: Bool, desk: inout ReplicaDesk) {
    guard let index = following.segments.firstIndex(where: { $0.id == id }) else { return }
    if holds {
      following.segments[index].isChecked = true
      if let last = following.segments[index].entries.last {
        noteLoss(term: last.term, number: last.number, head: last.hash, desk: &desk)
      }
    } else {
      drop(.badSignature, from: following.segments.remove(at: index).from, desk: &desk)
    }
    judgeNext(desk: &desk)
  }

  /// Puts the oldest segment to the contract once its signatures have been checked.
  mutating func judgeNext(desk: inout ReplicaDesk) {
    while let segment = following.segments.first, segment.isChecked, !segment.isJudging, !isHalted {
      // The voters of a term may be named by the entries before it: those are taken first.
      if let opening = segment.openings.first(where: { opening in
        opening.election.body.term > officeTerm && counting(opening.election.body.configuration) == nil
      }), opening.election.body.position.number >= segment.first {
        let (first, rest) = segment.split(after: opening.election.body.position.number, id: desk.number())
        following.segments.replaceSubrange(0...0, with: [first, rest])
        continue
      }
      for opening in segment.openings { adopt(opening.election, desk: &desk) }
      do throws(ConsensusDrop) {
        let fresh = try fresh(of: segment, desk: &desk)
        following.segments[0].isJudging = true
        let token = desk.job(.judge(segment.id), of: collaboration)
        desk.effects.append(.judge(collaboration, fresh.map(\.record), after: fresh[0].number - 1, token))
        return
      } catch {
        if following.segments.first?.id == segment.id { following.segments.removeFirst() }
        drop(error, from: segment.from, desk: &desk)
        if let decided = segment.decision { learn(decided, desk: &desk) }
      }
    }
  }

  /// What of a segment this node does not hold yet, when it may take it; never empty.
  private mutating func fresh(of segment: Segment, desk: inout ReplicaDesk) throws(ConsensusDrop) -> [Entry] {
    guard segment.first <= chain.number + 1, hash(at: segment.first - 1) == segment.entries[0].previous else {
      following.missedSegment = true
      lookInto(segment, desk: &desk)
      throw .gap(expected: chain.number + 1, found: segment.first)
    }
    if let before = entry(segment.first - 1), segment.entries[0].term < before.term {
      throw .malformed("entry \(segment.first) is of an older term than the entry before it")
    }
    let fresh = Array(segment.entries.drop { entry($0.number) == $0 })
    guard let first = fresh.first?.number else {
      // The sender may have missed what was said.
      resendOwn(to: segment.from, desk: &desk)
      throw .duplicate
    }
    guard first > decidedNumber, !(hasBase && first <= base.number) else {
      lookInto(segment, desk: &desk)
      throw .contradiction(number: first)
    }
    if base.number >= first, let theirs = segment.entry(base.number), theirs.hash != base.head {
      throw .contradiction(number: base.number)
    }
    if first <= chain.number { try checkReplacing(first, by: segment, desk: &desk) }
    // Above what the election of this term rests on there is nothing but of this term.
    for entry in fresh where entry.number > base.number && entry.term < officeTerm {
      throw .staleTerm(current: officeTerm, found: entry.term)
    }
    for entry in fresh where entry.term > officeTerm { throw .unknownTerm(found: entry.term) }
    try checkMembership(fresh, of: segment)
    try checkAuthors(fresh, of: segment)
    return fresh
  }

  /// Each entry stands under the configuration that the chain before it and its own change make; terms begin by votes
  /// under the one before; voters end a joint configuration only with the proof that an entry under it is decided.
  private func checkMembership(_ fresh: [Entry], of segment: Segment) throws(ConsensusDrop) {
    var membership = membership
    membership.goBack(to: fresh[0].number - 1)
    for entry in fresh {
      if entry.kind == TermOpened.kind, let opened = try? TermOpened(entry),
        opened.election.body.configuration != membership.newest.configuration.hash
      {
        throw .wrongConfiguration
      }
      let change = segment.changes[entry.number]
      if case .changed(_, let decided) = change {
        let number = decided.body.number
        let known = segment.entry(number)?.hash ?? hash(at: number)
        guard let from = membership.jointFrom, number >= from, number < entry.number, known == decided.body.head,
          decided.body.configuration == membership.newest.configuration.hash
        else { throw .flawed("a change of voters that nothing decided proves") }
      }
      do throws(LedgerError) {
        guard try membership.take(change, at: entry.number).hash == entry.configuration else {
          throw .statement("entry \(entry.number) stands under another configuration")
        }
      } catch {
        throw .malformed("\(error)")
      }
    }
  }

  /// Batches are of whoever coordinated their term: when they came they were held to what their sender had said before,
  /// and now to what has been checked.
  private func checkAuthors(_ fresh: [Entry], of segment: Segment) throws(ConsensusDrop) {
    var coordinators = following.coordinators
    for entry in fresh where entry.kind == TermOpened.kind {
      if let opened = try? TermOpened(entry) { coordinators[entry.term] = opened.coordinator }
    }
    coordinators[1] = membership.founding.founder
    coordinators[officeTerm] = coordinator
    for signed in segment.proposals where signed.proposal.last >= fresh[0].number {
      guard coordinators[signed.proposal.term] == signed.author else { throw .wrongAuthor }
    }
  }

  /// Whether undecided entries from `first` on may give way to those of a segment: to decided ones always.
  private mutating func checkReplacing(
    _ first: Int, by segment: Segment, desk: inout ReplicaDesk
  ) throws(ConsensusDrop) {
    if let held = proposals.first(where: { $0.numbers.contains(first) }),
      let other = segment.proposals.first(where: { $0.numbers.contains(first) }),
      held.proposal.term == other.proposal.term
    {
      // One coordinator, one term, one place, two entries: proof of its misbehaviour. Neither is followed further.
      if !election.hasMisbehaved {
        election.hasMisbehaved = true
        desk.effects.append(
          .conflict(Conflict(collaboration: collaboration, number: first, held: held, other: other)))
      }
      guard segment.isDecided(first) else { throw .contradiction(number: first) }
    }
    guard !segment.isDecided(first) else { return }
    // Of others, only who is in office says which branch is the one.
    guard segment.from == coordinator || segment.lastTerm == officeTerm, !isElecting else {
      throw .contradiction(number: first)
    }
  }

  mutating func judged(_ id: UInt64, _ judgement: LedgerConsensus.Judgement, desk: inout ReplicaDesk) {
    guard let segment = following.segments.first, segment.id == id else { return }
    following.segments.removeFirst()
    switch judgement {
    case .refused(let number, let reason):
      // Nothing of it is kept: a member never acknowledges what the contract forbids.
      following.segments.removeAll()
      let author = segment.proposals.first { $0.numbers.contains(number) }?.author ?? segment.from
      desk.effects.append(.refused(collaboration, number: number, reason: reason, coordinator: author))
      // A quorum that decided what this node's rules refuse judges by others: nothing can be followed here.
      if segment.isDecided(number) { return halt(at: number, desk: &desk) }
      if author == coordinator { election.hasMisbehaved = true }
    case .accepted:
      // Another term may have been entered while it was judged.
      do throws(ConsensusDrop) {
        try take(segment, fresh(of: segment, desk: &desk), desk: &desk)
      } catch {
        drop(error, from: segment.from, desk: &desk)
      }
      judgeNext(desk: &desk)
    }
  }

  private mutating func take(_ segment: Segment, _ fresh: [Entry], desk: inout ReplicaDesk) throws(ConsensusDrop) {
    let first = fresh[0].number
    let kept = proposals.last { $0.proposal.last < first }?.proposal.last ?? 0
    let covering = segment.proposals.filter { $0.proposal.last > kept }
    guard covering.first?.proposal.first == kept + 1 else { throw .uncovered }
    if first <= chain.number || proposed > kept { dropEntries(after: first - 1, desk: &desk) }
    var writes: [LedgerWrite] = []
    for entry in fresh {
      add(entry)
      writes.append(.entry(entry))
    }
    for proposal in covering {
      proposals.append(proposal)
      writes.append(.proposal(proposal))
    }
    // Nobody acknowledges anything under new voters without this proof on its own disk (docs/consensus.md).
    for entry in fresh {
      guard case .changed(_, let decided) = segment.changes[entry.number], decided.body.number > decidedNumber else {
        continue
      }
      writes.append(.decision(decided))
      if decided.body.number > waitingDecision?.body.number ?? 0 { waitingDecision = decided }
    }
    let token = desk.store(writes, of: collaboration)
    durability.started(token, .segment(through: segment.last, covering))
    election.holdsUndecided(since: desk.now)
    following.progressAt = desk.now.uptime
    if let decided = segment.decision { learn(decided, desk: &desk) }
  }

  /// Gives up what was never decided.
  mutating func dropEntries(after number: Int, desk: inout ReplicaDesk) {
    precondition(number >= decidedNumber, "decided entries up to \(decidedNumber) cannot be dropped after \(number)")
    if entry(number + 1)?.term == officeTerm, !isElecting {
      ballot.silenced = officeTerm
      storeBallot(desk: &desk)
    }
    entries.removeSubrange(number...)
    chain.goBack(to: entries.last)
    membership.goBack(to: number)
    proposals.removeAll { $0.proposal.last > number }
    following.coordinators = following.coordinators.filter { $0.key <= chain.term }
    following.forgetsOwn()
    durability.drop(after: number)
    let token = desk.store([.dropped(collaboration, after: number)], of: collaboration)
    durability.started(token, .other)
    desk.effects.append(.dropped(collaboration, after: number))
  }
}
