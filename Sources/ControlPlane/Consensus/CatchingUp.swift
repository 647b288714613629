internal import Ledger
internal import Model

// Handing out what is durable and proposed, in whole batches, and getting what is missing.
extension LedgerReplica {
  /// The next message from an entry on, and the last entry in it; nil when there is nothing durable to send.
  ///
  /// - Parameter end: no entry beyond it is sent.
  func segment(from first: Int, limit: Int, through end: Int = .max) -> (SegmentBytes, last: Int)? {
    guard var index = proposalIndex(covering: first) else { return nil }
    var chosen: [SignedProposal] = []
    var bytes: [[UInt8]] = []
    var byteCount = 0
    var proofCount = 0
    while index < proposals.count, proposals[index].proposal.last <= min(durability.proposed, end) {
      let batch = proposals[index].numbers
      let size = batch.reduce(0) { $0 + (entry($1)?.bytes.count ?? 0) }
      let proofs = batch.count { entry($0)?.bearsProof ?? false }
      let fits =
        byteCount + size <= ConsensusLimits.batchByteCount && bytes.count + batch.count <= limit
        && proofCount + proofs <= ConsensusLimits.proofsPerSegment
      // The first batch always goes: a batch is within a message's bounds by itself.
      guard fits || chosen.isEmpty else { break }
      chosen.append(proposals[index])
      bytes.append(contentsOf: batch.compactMap { entry($0)?.bytes })
      byteCount += size
      proofCount += proofs
      index += 1
    }
    guard let last = chosen.last?.proposal.last else { return nil }
    let decided = decision.flatMap { $0.body.number >= first ? $0 : nil }
    return (SegmentBytes(entries: bytes, proposals: chosen.map(\.signed), decision: decided), last)
  }

  private func proposalIndex(covering number: Int) -> Int? {
    var low = 0
    var high = proposals.count
    while low < high {
      let middle = (low + high) / 2
      if proposals[middle].proposal.last < number { low = middle + 1 } else { high = middle }
    }
    guard low < proposals.count, proposals[low].numbers.contains(number) else { return nil }
    return low
  }

  /// Answers a member that asks, whatever this node's role: proposals and certificates prove themselves.
  mutating func serve(from first: Int, limit: Int, to node: NodeID, desk: inout ReplicaDesk) {
    guard first >= 1, limit >= 1 else {
      return drop(.malformed("request from \(first), limit \(limit)"), from: node, desk: &desk)
    }
    // Who left hears up to there, and no more.
    let isStranger = isPublic && members.member(node) == nil
    if !isStranger, let departure = membership.departure(of: node), !isDeparting(node, departure) { return }
    var served = following.served[node] ?? (desk.now, 0)
    if desk.now.uptime - served.since.uptime >= .seconds(1) { served = (desk.now, 0) }
    served.count += 1
    following.served[node] = served
    // A request is small and its answer is not. Who catches up asks again when nothing comes.
    guard served.count <= ConsensusLimits.requestsPerSecond else {
      return drop(.overloaded, from: node, desk: &desk)
    }
    let most = min(limit, ConsensusLimits.messageEntryCount)
    // Who has no part in the ledger is shown what is decided alone.
    guard let (message, _) = segment(from: first, limit: most, through: isStranger ? decidedNumber : .max) else {
      return
    }
    deliver(.entries(message), to: node, desk: &desk)
  }

  /// Asks the coordinator again for what was passed over, or another member while there is no coordinator in reach, or
  /// none that brings what others have decided.
  mutating func catchUp(desk: inout ReplicaDesk) {
    if isObserver(desk) { return pull(desk: &desk) }
    guard !isInOffice(desk), following.segments.isEmpty else { return }
    if !isElecting, desk.linked.contains(coordinator), !isLeftBehind(desk) {
      // Only once all that was taken is durable: a standing that lags would bring it all again.
      guard following.missedSegment, durability.proposed == proposed else { return }
      following.missedSegment = false
      return sendStanding(to: coordinator, desk: &desk)
    }
    guard !following.isRequesting else { return }
    let wanted = max(election.goal?.number ?? 0, waitingDecision?.body.number ?? 0)
    let lacksGoal = election.goal.map { hash(at: $0.number) != $0.head } ?? false
    let ahead = following.standings.filter {
      desk.linked.contains($0.key)
        && ($0.value.number > chain.number || $0.value.decided > decidedNumber
          || (lacksGoal && $0.value.number >= wanted))
    }.keys.sorted()
    // In turn: a standing is no promise, and one who says much and sends nothing must not keep the others from their turn.
    let next = ahead.first(where: { node in following.lastAsked.map { $0 < node } ?? true }) ?? ahead.first
    let holder = election.goalHolder.flatMap { desk.linked.contains($0) && $0 != following.lastAsked ? $0 : nil }
    guard let peer = lacksGoal ? holder ?? next : next else { return }
    following.lastAsked = peer
    following.isRequesting = true
    if let standing = following.standings[peer], standing.decided > decidedNumber, wanted <= chain.number,
      hash(at: standing.number) == standing.hash
    {
      // All that it has is here but the proof.
      return askCredentials(of: peer, desk: &desk)
    }
    // What is not decided here may be of another branch than theirs: so where the last answer did not join.
    let isOnChain =
      following.standings[peer].map { hash(at: $0.number) == $0.hash || $0.number > chain.number } ?? false
    let isAhead = isOnChain || wanted > chain.number
    let from = isAhead && !following.missedSegment ? chain.number + 1 : decidedNumber + 1
    following.missedSegment = false
    deliver(.request(from: from, limit: ConsensusLimits.messageEntryCount), to: peer, desk: &desk)
  }

  /// Who speaks under voters that are not known here has entries that say who they are.
  mutating func askForEntries(of node: NodeID, desk: inout ReplicaDesk) {
    // Also in office: others may have elected another under voters whom this node has not heard of.
    guard !following.isRequesting else { return }
    following.isRequesting = true
    deliver(.request(from: decidedNumber + 1, limit: ConsensusLimits.messageEntryCount), to: node, desk: &desk)
  }

  /// Whether others have decided more for a while and nothing of it came.
  private func isLeftBehind(_ desk: ReplicaDesk) -> Bool {
    guard desk.now.uptime - following.progressAt > rules.timeout * 2 else { return false }
    return following.standings.contains { $0.value.decided > decidedNumber && desk.linked.contains($0.key) }
  }

  /// Members tell each other now and then where they stand: a coordinator may keep it from some of them.
  mutating func tellOthers(desk: inout ReplicaDesk) {
    guard desk.now.uptime - following.toldAt > rules.timeout * 2 else { return }
    following.toldAt = desk.now.uptime
    for node in others(desk) where node != coordinator { sendStanding(to: node, desk: &desk) }
  }

  // MARK: Standings and credentials

  func sendStanding(to node: NodeID, desk: inout ReplicaDesk) {
    guard desk.linked.contains(node) else { return }
    let number = durability.proposed
    let standing = Standing(
      promised: ballot.promised, office: officeTerm, number: number, hash: hash(at: number) ?? collaboration.digest,
      decided: decidedNumber, isQuiet: isQuiet)
    desk.effects.append(.send(collaboration, .standing(standing), to: node))
  }

  mutating func stands(_ standing: Standing, _ node: NodeID, desk: inout ReplicaDesk) {
    guard standing.number >= 0, standing.decided >= 0, standing.decided <= standing.number else {
      return drop(.malformed("a standing at \(standing.number)"), from: node, desk: &desk)
    }
    following.standings[node] = standing
    if standing.promised > ballot.promised || standing.office > officeTerm {
      askCredentials(of: node, desk: &desk)
    } else if standing.promised < ballot.promised || standing.office < officeTerm {
      tellCredentials(to: node, desk: &desk)
    }
    if isInOffice(desk) {
      // What this node proposed before it began anew, and has lost if that is true.
      if tenure.isResumed, standing.office == officeTerm, standing.number > chain.number {
        askForEntries(of: node, desk: &desk)
      }
      confirmOffice(desk: &desk)
      return resume(node, standing, desk: &desk)
    }
    guard node == coordinator, !isElecting, standing.office == officeTerm, standing.promised == officeTerm else {
      // The coordinator may keep from it what is decided, and who has nothing to do tells nobody unasked.
      if node != coordinator, standing.decided < decidedNumber { sendStanding(to: node, desk: &desk) }
      return catchUp(desk: &desk)
    }
    election.hears(at: desk.now, &desk.random, rules)
    // The coordinator goes on from where this node says that it stands.
    if standing.number != durability.proposed || standing.hash != hash(at: standing.number)
      || standing.decided != decidedNumber
    {
      sendStanding(to: node, desk: &desk)
    }
  }

  mutating func askCredentials(of node: NodeID, desk: inout ReplicaDesk) {
    if let asked = following.askedCredentials[node], desk.now.uptime - asked.uptime < rules.heartbeat { return }
    following.askedCredentials[node] = desk.now
    deliver(.credentialsRequest, to: node, desk: &desk)
  }

  /// At most once a heartbeat: they are signatures of whole quorums.
  mutating func tellCredentials(to node: NodeID, desk: inout ReplicaDesk) {
    if let told = following.toldCredentials[node], desk.now.uptime - told.uptime < rules.heartbeat { return }
    following.toldCredentials[node] = desk.now
    deliver(.credentials(credentials), to: node, desk: &desk)
  }

  /// What this node said last in the term, to a coordinator that may have missed it.
  mutating func resendOwn(to node: NodeID, desk: inout ReplicaDesk) {
    guard node == coordinator, node != desk.own, !isElecting else { return }
    if let newest = following.newestAcknowledgement { deliver(.acknowledgement(newest), to: node, desk: &desk) }
    if let newest = following.newestConfirmation { deliver(.confirmation(newest), to: node, desk: &desk) }
  }

  mutating func learn(_ credentials: Credentials, from node: NodeID, desk: inout ReplicaDesk) {
    if let office = credentials.office { adopt(office, desk: &desk) }
    if let certificate = credentials.prepared { learn(certificate, from: node, desk: &desk) }
    if let decided = credentials.decision { learn(decided, desk: &desk) }
    if credentials.promised > ballot.promised, let grounds = credentials.grounds {
      enter(credentials.promised, grounds, from: node, desk: &desk)
    }
    election.aims(at: credentials.position(in: collaboration), shownBy: node)
    hears(credentials, of: node, desk: &desk)
    if credentials.promised < ballot.promised || (credentials.office?.body.term ?? 1) < officeTerm {
      tellCredentials(to: node, desk: &desk)
    }
    catchUp(desk: &desk)
  }
}
