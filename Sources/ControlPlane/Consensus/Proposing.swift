internal import Ledger
internal import Model
internal import Sodium

// The coordinator's part: append, sign in batches, send, keep its members up with it.
extension LedgerReplica {
  /// Whether entries can be added now.
  func mayAppend(_ desk: ReplicaDesk) -> Bool { mayOpenTerm(desk) && chain.term == officeTerm }

  /// Whether the entry that opens the term can be added, if it is not there yet.
  func mayOpenTerm(_ desk: ReplicaDesk) -> Bool {
    isInOffice(desk) && hasBase && tenure.transferringUntil == nil && !tenure.isResumed
  }

  mutating func append(kind: String, body: JSON, desk: inout ReplicaDesk) throws(NotInOffice) -> Entry {
    guard !isElecting else { throw .electing(term: ballot.promised) }
    guard isInOffice(desk), hasBase else { throw .coordinatedBy(coordinator, term: officeTerm) }
    guard tenure.transferringUntil == nil, !tenure.isResumed else { throw .electing(term: officeTerm + 1) }
    // A term begins with the entry that says so; nothing else could be checked by who comes later.
    precondition(
      chain.term == officeTerm || kind == TermOpened.kind, "term \(officeTerm) begins with an entry of kind \(kind)")
    let entry: Entry
    do {
      let change = try MembershipChange(kind: kind, body: body)
      let configuration = try change?.configuration(after: configuration) ?? configuration
      entry = try Entry(
        LedgerRecord(
          number: chain.number + 1, term: officeTerm, timeMilliseconds: desk.now.wallMilliseconds, kind: kind,
          body: body), collaboration: collaboration, configuration: configuration.hash, previous: chain.head)
    } catch {
      throw .entry(error)
    }
    add(entry)
    let token = desk.store([.entry(entry)], of: collaboration)
    durability.started(token, .entries(through: entry.number))
    propose(desk: &desk)
    return entry
  }

  /// Batches of this term that are not decided; what older terms left waits for the first of these.
  private var proposalsInFlight: Int {
    let settled = max(decidedNumber, base.number)
    return proposals.reversed().prefix { $0.proposal.last > settled }.count
  }

  /// Signs what waits as one batch. One signature is on its way at a time, so that what comes meanwhile batches by itself.
  mutating func propose(desk: inout ReplicaDesk) {
    guard isInOffice(desk), !tenure.isResumed, !tenure.isSigningProposal, tenure.transferringUntil == nil,
      proposed < chain.number, proposalsInFlight < ConsensusLimits.proposalsInFlight, let first = entry(proposed + 1),
      first.term == officeTerm
    else { return }
    var last = first
    var byteCount = first.bytes.count
    var proofCount = first.bearsProof ? 1 : 0
    while let next = entry(last.number + 1), next.number - first.number < Proposal.countLimit,
      !next.bearsProof || proofCount < ConsensusLimits.proofsPerSegment,
      byteCount + next.bytes.count <= ConsensusLimits.batchByteCount, next.configuration == first.configuration,
      last.kind != MembershipChange.leftKind
    {
      byteCount += next.bytes.count
      proofCount += next.bearsProof ? 1 : 0
      last = next
    }
    let proposal = Proposal(
      term: officeTerm, configuration: first.configuration, first: first.number, last: last.number, head: last.hash)
    tenure.isSigningProposal = true
    desk.sign(proposal, .proposal(proposal), of: collaboration)
  }

  mutating func signed(_ proposal: Proposal, _ signature: Signature, desk: inout ReplicaDesk) {
    // Of a term that ended while it was signed.
    guard isInOffice(desk), proposal.term == officeTerm else { return }
    tenure.isSigningProposal = false
    let statement = desk.statement(proposal, in: collaboration)
    guard proposal.first == proposed + 1,
      let made = try? SignedProposal(SignedStatement(statement, signature: signature))
    else { preconditionFailure("proposal \(proposal.first) to \(proposal.last) was signed out of order") }
    proposals.append(made)
    let token = desk.store([.proposal(made)], of: collaboration)
    durability.started(token, .proposal(made))
    propose(desk: &desk)
  }

  /// Sends on to a member, as far as its window allows.
  mutating func push(to node: NodeID, desk: inout ReplicaDesk) {
    guard isInOffice(desk), desk.linked.contains(node), var follower = tenure.followers[node], follower.isReady
    else { return }
    // Who left needs what its leaving is decided by, and nothing after.
    let end = min(durability.proposed, membership.departure(of: node).map { max($0, decidedNumber) } ?? .max)
    while follower.sent < end, follower.hasRoom,
      let (message, last) = segment(from: follower.sent + 1, limit: ConsensusLimits.messageEntryCount)
    {
      desk.effects.append(.send(collaboration, .entries(message), to: node))
      follower.sends(through: last, at: desk.now)
    }
    tenure.followers[node] = follower
  }

  /// A member told where it stands: go on from there.
  mutating func resume(_ node: NodeID, _ standing: Standing, desk: inout ReplicaDesk) {
    let isOnChain = standing.number <= durability.proposed && hash(at: standing.number) == standing.hash
    // What a member holds beyond what is decided may be of another branch; what is decided is not.
    let number = isOnChain ? standing.number : min(standing.decided, durability.proposed)
    guard number >= 0 else { return drop(.malformed("a negative standing"), from: node, desk: &desk) }
    if standing.decided > decidedNumber { askCredentials(of: node, desk: &desk) }
    tenure.followers[node, default: FollowerProgress()].resume(from: number, at: desk.now)
    push(to: node, desk: &desk)
    if let certificate = tenure.prepared ?? prepared, certificate.body.number > standing.decided, isOnChain {
      deliver(.prepared(certificate), to: node, desk: &desk)
    }
    if let decision, decision.body.number > standing.decided { deliver(.decided(decision), to: node, desk: &desk) }
  }

  mutating func tickInOffice(desk: inout ReplicaDesk) {
    if let until = tenure.transferringUntil, desk.now.uptime >= until.uptime {
      // The successor does not stand; the office goes on.
      (tenure.transferringUntil, tenure.successor) = (nil, nil)
      propose(desk: &desk)
    }
    for node in others(desk) {
      tenure.followers[node]?.resendIfStalled(at: desk.now)
      push(to: node, desk: &desk)
    }
    let interval = isQuiet ? rules.heartbeat * ConsensusLimits.quietFactor : rules.heartbeat
    if let last = tenure.heartbeatAt, desk.now.uptime - last.uptime < interval, tenure.wasQuiet == isQuiet { return }
    tenure.heartbeatAt = desk.now
    tenure.wasQuiet = isQuiet
    for node in others(desk) { sendStanding(to: node, desk: &desk) }
  }
}
