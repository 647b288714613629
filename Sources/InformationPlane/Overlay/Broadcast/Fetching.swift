import Model

// What others have and this node lacks: known by its id, asked of one of those who have it, and asked of others where
// the answer stays away, is too slow, or leaves something out.
extension OverlayCore {
  mutating func receiveAnnouncement(
    _ ids: [StatementID], lazy: Bool, courtesy: Bool, on id: LinkID, _ turn: inout Turn
  ) {
    if !courtesy { peerCounts(on: id, &turn) }
    links[id]?.isServedOfCourtesy = courtesy
    var isAnyNew = false
    for fact in ids {
      guard !isHeld(fact) else {
        noteSource(of: fact, on: id)
        continue
      }
      isAnyNew = true
      let until = lazy ? turn.uptime + limits.lazyPatience : nil
      let isSource = wanted.announced(fact, on: id, lazyUntil: until, limits)
      if isSource, !lazy || wanted[fact]?.lazyUntil == nil { links[id]?.toAsk.append(fact) }
    }
    if lazy, isAnyNew { agenda.plan(.fetch, at: turn.uptime + limits.lazyPatience) }
    // What is known already is no reason to close this way: ids cost little, and come in the order of who was asked
    // first, not of who is near.
    askForFacts(on: id, &turn)
  }

  /// One more who has a fact of which a copy is under check, should that be bad.
  mutating func noteSource(of fact: StatementID, on id: LinkID) {
    if facts.pending[fact] != nil { _ = wanted.announced(fact, on: id, lazyUntil: nil, limits) }
  }

  /// Asks for what was announced beside the tree and did not come along it, and mends the tree: who is asked pushes from
  /// then on, if it is a neighbour.
  mutating func fetchOverdue(_ turn: inout Turn) {
    var graftsLeft = limits.graftsPerLook
    for fact in wanted.takeOverdue(at: turn.uptime) where !facts.isInHand(fact) {
      let sources = (wanted[fact]?.sources ?? []).filter { links[$0] != nil }
      guard !sources.isEmpty, !isHeld(fact) else {
        wanted.remove(fact)
        continue
      }
      guard graftsLeft > 0, let way = way(among: sources) else {
        askAnyone(for: [fact], last: nil, &turn)
        continue
      }
      graftsLeft -= 1
      links[way]?.toAsk.prepend(fact)
      askForFacts(on: way, &turn)
      // That it is open on this side shows nothing: the peer may have closed its own.
      openWay(on: way, &turn)
    }
    if let next = wanted.lazy.first?.until { agenda.plan(.fetch, at: next) }
  }

  /// By whom the tree may be mended: a neighbour that owes no answer, and of several the one that was to push longest
  /// ago, since who answers, or not even that, and pushes nothing is no way.
  private func way(among sources: [LinkID]) -> LinkID? {
    func isWay(_ id: LinkID) -> Bool {
      guard let link = links[id], neighbours.contains(link.node) else { return false }
      return link.asked.isEmpty && !link.isServedOfCourtesy
    }
    func openedAt(_ id: LinkID) -> Duration { links[id]?.wayOpenedAt ?? .zero }
    return sources.filter(isWay).min { openedAt($0) < openedAt($1) }
  }

  /// Asks a peer for the next of what it has and this node lacks.
  mutating func askForFacts(on id: LinkID, _ turn: inout Turn) {
    guard var link = links[id], link.asked.isEmpty else { return }
    var batch: [StatementID] = []
    while batch.count < limits.factBatch, let fact = link.toAsk.popFirst() {
      guard let known = wanted[fact], known.asked == nil, !facts.isInHand(fact) else { continue }
      guard !isHeld(fact) else {
        wanted.remove(fact)
        continue
      }
      wanted.ask(fact, on: id)
      batch.append(fact)
    }
    if !batch.isEmpty { link.ask(batch, at: turn.uptime) }
    links[id] = link
    guard !batch.isEmpty else { return }
    transmit(OverlayFrame.factRequest(batch), on: id, lane: .control, &turn)
  }

  /// An answer that stays away or comes too slowly is not waited for.
  mutating func giveUpLateAnswer(on id: LinkID, _ turn: inout Turn) {
    guard let link = links[id], let asked = link.asked.isEmpty ? nil : link.asked.sorted() else { return }
    let silence = turn.uptime - link.heardAnswerAt
    guard silence >= limits.factPatience || turn.uptime - link.askedAt >= limits.answerPatience else { return }
    // Where nobody else has it, more patience costs nothing, and asking twice would fill a slow stream.
    let late = silence >= limits.answerPatience ? asked : asked.filter { wanted.hasOther($0, than: id) }
    links[id]?.stopWaiting(for: late)
    let rest = late.filter { fact in
      link.isAnswering ? wanted.putBack(fact, on: id) : wanted.giveUp(fact, on: id)
    }
    askAnyone(for: rest, last: id, &turn)
  }

  /// What did not fit into an answer is asked for again, of others first; what the peer has no more, of others alone.
  /// Who sent nothing at all is given up in its time.
  mutating func leftOut(_ rest: [StatementID], gone: [StatementID], on id: LinkID, _ turn: inout Turn) {
    guard let link = links[id] else { return }
    // Nobody was asked for more at a time.
    guard rest.count + gone.count <= limits.factBatch else { return drop(.malformed, from: id, &turn) }
    let again = link.isAnswering ? rest.filter(link.asked.contains) : []
    let gone = gone.filter { link.asked.contains($0) && !again.contains($0) }
    links[id]?.asked.subtract(again + gone)
    let others = gone.filter { wanted.giveUp($0, on: id) } + again.filter { wanted.putBack($0, on: id) }
    askAnyone(for: others, last: id, &turn)
  }

  /// What was to come on a stream that is no more is asked for elsewhere.
  mutating func askElsewhere(insteadOfClosed link: LinkID, _ turn: inout Turn) {
    askAnyone(for: wanted.closed(link), last: nil, &turn)
  }

  /// Has facts asked for that are asked of nobody: of the first who has them and whom nothing else is asked at the
  /// moment, so that they do not wait behind what one peer made up.
  ///
  /// - Parameter last: whom it was asked of in vain; only this one may have time.
  mutating func askAnyone(for facts: [StatementID], last: LinkID?, _ turn: inout Turn) {
    var sources: Set<LinkID> = []
    for fact in facts.reversed() {
      for source in wanted[fact]?.sources ?? [] where links[source] != nil {
        // They have waited already.
        links[source]?.toAsk.prepend(fact)
        sources.insert(source)
      }
    }
    for source in sources.sorted() where source != last { askForFacts(on: source, &turn) }
    if let last { askForFacts(on: last, &turn) }
  }

  /// A fact's bytes came, whatever becomes of them.
  ///
  /// - Returns: whether they had been asked for on this link.
  mutating func arrived(_ fact: StatementID, on id: LinkID) -> Bool {
    wanted.came(fact, on: id)
    return links[id]?.arrived(fact) ?? false
  }

  mutating func receiveRequest(_ ids: [StatementID], on link: LinkID, _ turn: inout Turn) {
    guard let peer = links[link]?.node else { return }
    guard ids.count <= limits.factBatch else { return drop(.malformed, from: link, &turn) }
    var byteCount = 0
    var rest: [StatementID] = []
    var gone: [StatementID] = []
    for id in ids {
      guard let (signed, hops) = held(id) else {
        gone.append(id)
        continue
      }
      let size = signed.statement.bytes.count
      guard rest.isEmpty, byteCount == 0 || byteCount + size <= limits.factBatchBytes else {
        rest.append(id)
        continue
      }
      guard mayFetch(size, peer, &turn) else {
        drop(.tooFast, from: link, &turn)
        rest.append(id)
        continue
      }
      byteCount += size
      transmit(
        OverlayFrame.fact(signed, hops: hops + 1, detour: true), on: link, lane: .bulk, &turn)
    }
    // Behind the answer, or the peer would wait for it.
    guard !rest.isEmpty || !gone.isEmpty else { return }
    transmit(OverlayFrame.factsLeftOut(rest, gone: gone), on: link, lane: .bulk, &turn)
  }

  /// Whether a peer may be sent so many bytes for the few by which it asks.
  private mutating func mayFetch(_ byteCount: Int, _ peer: NodeID, _ turn: inout Turn) -> Bool {
    fetchAllowances[
      peer, default: PeerAllowance(burst: limits.fetchBurstKiB, pause: limits.fetchPausePerKiB, at: turn.uptime)
    ].takes((byteCount + 1_023) / 1_024, at: turn.uptime)
  }
}
