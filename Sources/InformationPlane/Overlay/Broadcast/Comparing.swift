import Model

// Anti-entropy: two nodes compare summaries, and where these differ, ids. What one lacks it fetches.
extension OverlayCore {
  mutating func sendSummary(on id: LinkID, _ turn: inout Turn) {
    transmit(OverlayFrame.factSummary(summary), on: id, lane: .control, &turn)
  }

  /// Asks one present member by chance, in a datagram, whether it holds the same.
  mutating func compareWithSomebody(_ turn: inout Turn) {
    agenda.plan(.compare, at: turn.uptime + turn.jittered(limits.compareInterval))
    guard let peer = others(1, except: nil, &turn).first else { return }
    var packet = Packet()
    packet.summary = summary
    send(packet, to: peer, &turn)
  }

  /// After much that is new, others may have missed some of it.
  mutating func noteBurst(_ turn: inout Turn) {
    facts.newLately += 1
    guard facts.newLately >= limits.burst else { return }
    facts.newLately = 0
    agenda.plan(.compare, at: turn.uptime + turn.jittered(limits.compareSoon))
  }

  /// A summary that came in a datagram: the stream is for what differs.
  mutating func compare(_ other: FactSummary, with peer: NodeID, _ turn: inout Turn) {
    guard summary.difference(from: other) != 0 else { return }
    // Without a stream it brings about a handshake.
    guard mayCompare(with: peer, &turn) else { return drop(.tooFast, from: nil, &turn) }
    if let link = linkOfNode[peer] { return sendSummary(on: link, &turn) }
    comparing[peer] = turn.uptime + limits.idleLink
    dialNow(peer, &turn)
  }

  mutating func receiveSummary(_ other: FactSummary, on id: LinkID, _ turn: inout Turn) {
    guard let peer = links[id]?.node else { return }
    comparing[peer] = nil
    let buckets = summary.difference(from: other)
    guard buckets != 0 else { return }
    guard mayCompare(with: peer, &turn) else { return drop(.tooFast, from: id, &turn) }
    transmit(OverlayFrame.factDigest(heldIDs(in: buckets), buckets: buckets), on: id, lane: .control, &turn)
  }

  mutating func receiveDigest(_ ids: [StatementID], buckets: UInt64, on id: LinkID, _ turn: inout Turn) {
    guard let peer = links[id]?.node else { return }
    comparing[peer] = nil
    guard mayCompare(with: peer, &turn) else { return drop(.tooFast, from: id, &turn) }
    for fact in ids {
      guard !isHeld(fact) else {
        noteSource(of: fact, on: id)
        continue
      }
      if wanted.announced(fact, on: id, lazyUntil: nil, limits) { links[id]?.toAsk.append(fact) }
    }
    askForFacts(on: id, &turn)
    let theirs = Set(ids)
    let lacking = heldIDs(in: buckets).filter { !theirs.contains($0) }
    guard !lacking.isEmpty else { return }
    transmit(
      OverlayFrame.factAnnouncement(lacking, lazy: false, courtesy: isCourtesy(on: id)), on: id, lane: .control, &turn)
  }

  /// Whether a peer may bring about another comparison now, on whichever stream.
  private mutating func mayCompare(with peer: NodeID, _ turn: inout Turn) -> Bool {
    compareAllowances[
      peer, default: PeerAllowance(burst: limits.compareBurst, pause: limits.comparePause, at: turn.uptime)
    ].takes(at: turn.uptime)
  }

  /// The ids of what this node can hand over: records first, since they are needed to check the rest.
  private func heldIDs(in buckets: UInt64) -> [StatementID] {
    func isIn(_ id: StatementID) -> Bool { buckets & (1 << UInt64(FactSummary.bucket(of: id))) != 0 }
    return recordAuthors.keys.filter(isIn).sorted() + facts.ids.filter(isIn)
  }

  /// Whether a fact need not be fetched: it is here, was here, or is being checked.
  func isHeld(_ id: StatementID) -> Bool { facts.contains(id) || recordAuthors[id] != nil }

  /// A fact that this node can hand over, and how many links it passed on its way here.
  func held(_ id: StatementID) -> (SignedStatement, hops: Int)? {
    if let fact = facts.facts[id] { return (fact.signed, fact.hops) }
    if let ownRecord, ownRecord.signed.id == id { return (ownRecord.signed, 0) }
    guard let author = recordAuthors[id], let checked = table[author]?.checked else { return nil }
    return (checked.signed, 1)
  }
}
