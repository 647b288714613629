import Model

extension OverlayCore {
  // MARK: This node's own

  mutating func broadcast(_ signed: SignedStatement, _ turn: inout Turn) {
    func refuse(_ reason: DropReason, _ turn: inout Turn) { turn.emit(.refusedBroadcast(signed.id, reason)) }
    guard signed.statement.author == node, signed.statement.network == network else {
      return refuse(.notTheAuthor, &turn)
    }
    guard !facts.contains(signed.id) else { return }
    guard let expires = expiry(of: signed) else { return refuse(.noExpiry, &turn) }
    guard isTimely(expires, &turn) else { return refuse(.expired, &turn) }
    if let obstacle = facts.obstacle(to: signed.statement, limits) { return refuse(obstacle, &turn) }
    guard facts.quotas.admit(node, at: turn.uptime, perMinute: limits.factsPerAuthorMinute) else {
      return refuse(.authorQuota, &turn)
    }
    keep(signed, expires, hops: 0, cameAlongTree: true, &turn)
    turn.emit(.storeFact(signed, expiresMilliseconds: expires))
    spread(signed, hops: 0, detour: false, except: [], &turn)
  }

  mutating func recover(fact signed: SignedStatement, _ turn: inout Turn) {
    guard signed.statement.network == network, let expires = expiry(of: signed) else {
      return drop(.malformed, from: nil, &turn)
    }
    guard isTimely(expires, &turn) else { return turn.emit(.forgetFact(signed.id)) }
    let author = signed.statement.author
    guard !revoked.contains(author) else { return turn.emit(.forgetFact(signed.id)) }
    let certificate = (author == node ? ownRecord : table[author]?.checked)?.certificate
    // A fact that was changed on the disk would be relayed at this node's cost.
    guard let certificate, certificate.epoch == signed.statement.epoch, signed.verifies(with: certificate.signingKey)
    else {
      drop(.badSignature, from: nil, &turn)
      return turn.emit(.forgetFact(signed.id))
    }
    keep(signed, expires, hops: 1, cameAlongTree: false, &turn)
  }

  private mutating func keep(
    _ signed: SignedStatement, _ expiresMilliseconds: Int64, hops: Int, cameAlongTree: Bool, _ turn: inout Turn
  ) {
    let valid = Duration.milliseconds(max(0, expiresMilliseconds - turn.wallMilliseconds))
    let fact = FactShelf.Fact(
      signed: signed, expiresMilliseconds: expiresMilliseconds, hops: hops, cameAlongTree: cameAlongTree,
      rememberedUntil: turn.uptime + valid + limits.factMemory)
    if facts.insert(fact) { summary.insert(signed.id) }
  }

  private func expiry(of signed: SignedStatement) -> Int64? {
    signed.statement.body["expiresMilliseconds"]?.integerValue
  }

  private func isTimely(_ expiresMilliseconds: Int64, _ turn: inout Turn) -> Bool {
    // The author's clock may be a little ahead of this one.
    expiresMilliseconds > turn.wallMilliseconds
      && expiresMilliseconds <= turn.wallMilliseconds + (limits.factLifetime + limits.clockTolerance).milliseconds
  }

  // MARK: Others'

  mutating func receiveFact(
    _ raw: OverlayFrame.RawStatement, hops: Int, detour: Bool, on link: LinkID, _ turn: inout Turn
  ) {
    traffic.factBodiesReceived += 1
    let id = raw.id
    let wasAsked = arrived(id, on: link)
    defer { if links[link]?.asked.isEmpty == true { askForFacts(on: link, &turn) } }
    if wasAsked { links[link]?.answered(at: turn.uptime) }
    let isPushed = !wasAsked && !detour
    // A stranger may still hold this node for its neighbour.
    let alongTree = isPushed && !isCourtesy(on: link)
    if !wasAsked { peerCounts(on: link, &turn) }
    guard !isHeld(id) else {
      cameAgain(id, isPushed: isPushed, alongTree: alongTree, on: link, &turn)
      stopWantingUnlessInHand(id)
      return drop(.duplicate, from: link, &turn)
    }
    guard let peer = links[link]?.node, checks.hasRoom(.statements, for: peer, limits) else {
      // Of this one too much is under check; others may bring it.
      drop(.busy, from: link, &turn)
      return askAnyone(for: [id], last: nil, &turn)
    }
    guard let signed = raw.parsed() else {
      wanted.remove(id)
      return drop(.malformed, from: link, &turn)
    }
    guard signed.statement.purpose == MemberRecord.purpose || mayCheck(signed.statement.author, from: peer) else {
      drop(.unchecked, from: link, &turn)
      return askAnyone(for: [id], last: nil, &turn)
    }
    consider(signed, hops: hops, alongTree: alongTree, on: link, &turn)
    stopWantingUnlessInHand(id)
  }

  /// Who else has a fact is kept until a copy is found to be good.
  private mutating func stopWantingUnlessInHand(_ id: StatementID) {
    if !facts.isInHand(id) { wanted.remove(id) }
  }

  /// Of two ways of the tree by which a fact came the later closes, once the first copy is found to be good. What was
  /// fetched, here or before, or came from a stranger, came by none: it may be ahead of the tree, and closes nothing but
  /// the stranger's. Records come by none either: they are too large to be pushed.
  private mutating func cameAgain(
    _ id: StatementID, isPushed: Bool, alongTree: Bool, on link: LinkID, _ turn: inout Turn
  ) {
    guard let check = facts.pending[id] else {
      // What is refused here says nothing of the ways by which it came.
      let isNeeded = alongTree && facts.noteAlongTree(id)
      return isPushed && !isNeeded && facts.facts[id] != nil ? prune(link, &turn) : ()
    }
    guard let peer = links[link]?.node, peer != check.peer, !check.otherwise.contains(link),
      !check.alongTree.contains(link), check.alongTree.count + check.otherwise.count < limits.linksRemembered
    else { return }
    if alongTree { facts.pending[id]?.alongTree.append(link) } else { facts.pending[id]?.otherwise.append(link) }
  }

  /// A copy was bad: what its sender altered, others have as it was.
  mutating func fetchAgain(_ id: StatementID, after check: FactShelf.Check?, from peer: NodeID, _ turn: inout Turn) {
    for other in (check?.otherwise ?? []) + (check?.alongTree ?? []) where links[other] != nil {
      _ = wanted.announced(id, on: other, lazyUntil: nil, limits)
    }
    if let forger = linkOfNode[peer] { wanted.came(id, on: forger) }
    guard wanted[id] == nil else { return askAnyone(for: [id], last: nil, &turn) }
    // Who else has it is found by comparing.
    compareWithAll(except: peer, &turn)
  }

  private mutating func compareWithAll(except peer: NodeID, _ turn: inout Turn) {
    // Many forgeries at once are no more to compare than one.
    if let comparedWithAllAt, turn.uptime - comparedWithAllAt < limits.compareSoon {
      return agenda.plan(.compare, at: turn.uptime + limits.compareSoon)
    }
    comparedWithAllAt = turn.uptime
    for other in links.keys.sorted() where links[other]?.node != peer { sendSummary(on: other, &turn) }
  }

  /// Judges a fact by everything but its signature, then has that checked.
  private mutating func consider(
    _ signed: SignedStatement, hops: Int, alongTree: Bool, on link: LinkID, _ turn: inout Turn
  ) {
    let statement = signed.statement
    guard statement.network == network else { return drop(.otherNetwork, from: link, &turn) }
    guard !revoked.contains(statement.author) else { return refuse(signed.id, .revoked, from: link, &turn) }
    if statement.purpose == MemberRecord.purpose { return receiveRecord(signed, hops: hops, on: link, &turn) }
    // Lost here, or never made: others have it until its time is over.
    guard statement.author != node else { return refuse(signed.id, .stale, from: link, &turn) }
    guard let expires = expiry(of: signed) else { return refuse(signed.id, .noExpiry, from: link, &turn) }
    guard isTimely(expires, &turn) else { return refuse(signed.id, .expired, from: link, &turn) }
    guard let certificate = table[statement.author]?.checked.certificate, certificate.epoch == statement.epoch
    else { return park(signed, hops: hops, on: link, &turn) }
    if let obstacle = facts.obstacle(to: statement, limits) { return refuse(signed.id, obstacle, from: link, &turn) }
    guard facts.quotas.allows(statement.author, at: turn.uptime, perMinute: limits.factsPerAuthorMinute) else {
      return refuse(signed.id, .authorQuota, from: link, &turn)
    }
    beginVerification(
      .statement(signed, certificate.signingKey),
      .fact(signed, by: certificate.signingKey, expiresMilliseconds: expires, hops: hops), on: link, &turn)
    facts.pending[signed.id]?.cameAlongTree = alongTree
  }

  /// Drops a statement for what it says, not for its signature, and does not fetch it again for a while.
  ///
  /// - Parameters:
  ///   - node: who brought it, where its stream may be closed by now.
  ///   - unknownAuthor: it may be taken as soon as this one's record comes.
  mutating func refuse(
    _ id: StatementID, _ reason: DropReason, from link: LinkID?, by node: NodeID? = nil,
    unknownAuthor: NodeID? = nil, _ turn: inout Turn
  ) {
    if let peer = node ?? link.flatMap({ links[$0]?.node }) {
      facts.refused.insert(
        id, from: peer, isPassing: reason.isPassing, unknownAuthor: unknownAuthor, at: turn.uptime, limits)
    }
    drop(reason, from: link, by: node, &turn)
  }

  mutating func beginVerification(
    _ check: Verification.Subject, _ subject: PendingVerification.Subject, on link: LinkID, _ turn: inout Turn
  ) {
    guard let open = links[link] else { return }
    guard checks.begin(.statements, by: open.node, limits) else { return drop(.busy, from: link, &turn) }
    switch subject {
    case .fact(let signed, _, _, _): facts.pending[signed.id] = FactShelf.Check(peer: open.node)
    case .record(let signed):
      facts.pending[signed.id] = FactShelf.Check(peer: open.node)
      facts.pendingRecords[signed.statement.author, default: 0] += 1
    case .direct, .rumour, .greeting: break
    }
    verify(check, for: PendingVerification(subject: subject, node: open.node, link: link), &turn)
  }

  /// Keeps a fact for the moment that its author's record takes to be verified; otherwise the author is unknown.
  private mutating func park(_ signed: SignedStatement, hops: Int, on link: LinkID, _ turn: inout Turn) {
    let author = signed.statement.author
    guard facts.pendingRecords[author] != nil else {
      // Where views of who is a member differ, others hold it as long as it is valid.
      return refuse(signed.id, .unknownAuthor, from: link, unknownAuthor: author, &turn)
    }
    guard let peer = links[link]?.node,
      facts.park(
        FactShelf.Parked(signed: signed, hops: hops, link: link, peer: peer), limit: limits.verificationsPerPeer)
    else { return drop(.unknownAuthor, from: link, &turn) }
  }

  mutating func releaseParked(by author: NodeID, _ turn: inout Turn) {
    guard facts.pendingRecords[author] == nil else { return }
    for fact in facts.takeParked(by: author) {
      let id = fact.signed.id
      if facts.contains(id) {
        // Of several copies the first is checked; should it be bad, the others are asked for again.
        if facts.pending[id] != nil { cameAgain(id, isPushed: false, alongTree: false, on: fact.link, &turn) }
      } else if let peer = links[fact.link]?.node, checks.hasRoom(.statements, for: peer, limits) {
        consider(fact.signed, hops: fact.hops, alongTree: false, on: fact.link, &turn)
        stopWantingUnlessInHand(id)
      } else {
        askAnyone(for: [id], last: nil, &turn)
      }
    }
  }

  /// Its author's key changed while it was under check.
  mutating func judgeAnew(
    _ signed: SignedStatement, hops: Int, via pending: PendingVerification, _ turn: inout Turn
  ) {
    let check = facts.pending.removeValue(forKey: signed.id)
    guard let link = pending.link, links[link] != nil else {
      // Nothing is known against who brought it.
      return fetchAgain(signed.id, after: check, from: node, &turn)
    }
    consider(signed, hops: hops, alongTree: false, on: link, &turn)
    stopWantingUnlessInHand(signed.id)
  }

  mutating func factVerified(
    _ signed: SignedStatement, _ expiresMilliseconds: Int64, hops: Int, via pending: PendingVerification,
    _ holds: Bool, _ turn: inout Turn
  ) {
    let check = facts.pending.removeValue(forKey: signed.id)
    // It may have been cut off meanwhile.
    guard !revoked.contains(signed.statement.author) else { return wanted.remove(signed.id) }
    guard holds else {
      dropForgery(by: signed.statement.author, from: pending.node, &turn)
      guard table[signed.statement.author]?.twoKeysEpoch == signed.statement.epoch else {
        return fetchAgain(signed.id, after: check, from: pending.node, &turn)
      }
      // By the other key it may be good where it came from; who shows two at once is owed no second try.
      wanted.remove(signed.id)
      return facts.refused.insert(signed.id, from: pending.node, isPassing: false, at: turn.uptime, limits)
    }
    wanted.remove(signed.id)
    let ways = (check?.cameAlongTree == true ? [pending.link] : []) + (check?.alongTree ?? [])
    for way in ways.dropFirst() { if let way { prune(way, &turn) } }
    if let obstacle = facts.obstacle(to: signed.statement, limits) {
      return refuse(signed.id, obstacle, from: pending.link, by: pending.node, &turn)
    }
    // Counted only now: what somebody else forged in its name costs an author nothing.
    guard facts.quotas.admit(signed.statement.author, at: turn.uptime, perMinute: limits.factsPerAuthorMinute) else {
      return refuse(signed.id, .authorQuota, from: pending.link, by: pending.node, &turn)
    }
    keep(signed, expiresMilliseconds, hops: hops, cameAlongTree: !ways.isEmpty, &turn)
    traffic.factsTaken += 1
    traffic.factHops += hops
    traffic.factHopsMost = max(traffic.factHopsMost, hops)
    turn.emit(.storeFact(signed, expiresMilliseconds: expiresMilliseconds))
    turn.emit(.deliverFact(signed, via: pending.node, hops: hops))
    let sources = [pending.link].compactMap(\.self) + (check?.alongTree ?? []) + (check?.otherwise ?? [])
    spread(signed, hops: hops, detour: ways.isEmpty, except: sources, &turn)
    noteBurst(&turn)
  }

  /// An author has a new key: nobody who knows that one could check what it signed before.
  mutating func endFacts(by author: NodeID, _ turn: inout Turn) {
    for id in facts.takeAll(by: author, memory: limits.factMemory) {
      summary.remove(id)
      turn.emit(.forgetFact(id))
    }
  }

  mutating func expireFacts(_ turn: inout Turn) {
    let expired = facts.expire(at: turn.now, memory: limits.factMemory, limit: limits.rememberedFacts)
    for id in expired {
      summary.remove(id)
      turn.emit(.forgetFact(id))
    }
    facts.expireQuotasAndRefusals(now: turn.uptime)
  }
}
