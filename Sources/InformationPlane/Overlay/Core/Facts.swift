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
    guard facts.hasRoom(for: node, limits) else { return refuse(.busy, &turn) }
    guard facts.admit(node, now: turn.uptime, perMinute: limits.factsPerAuthorMinute) else {
      return refuse(.authorQuota, &turn)
    }
    facts.insert(signed, expiresMilliseconds: expires)
    turn.emit(.storeFact(signed, expiresMilliseconds: expires))
    transmitToAll(OverlayFrame.fact(signed), except: nil, &turn)
  }

  mutating func recover(fact signed: SignedStatement, _ turn: inout Turn) {
    guard signed.statement.network == network, let expires = expiry(of: signed) else {
      return drop(.malformed, from: nil, &turn)
    }
    guard isTimely(expires, &turn) else { return turn.emit(.forgetFact(signed.id)) }
    let author = signed.statement.author
    let certificate = (author == node ? ownRecord : memberTable[author]?.checked)?.certificate
    // A fact that was changed on the disk would be relayed at this node's cost.
    guard let certificate, certificate.epoch == signed.statement.epoch, signed.verifies(with: certificate.signingKey)
    else {
      drop(.badSignature, from: nil, &turn)
      return turn.emit(.forgetFact(signed.id))
    }
    facts.insert(signed, expiresMilliseconds: expires)
  }

  private func expiry(of signed: SignedStatement) -> Int64? {
    signed.statement.body["expiresMilliseconds"]?.integerValue
  }

  private func isTimely(_ expiresMilliseconds: Int64, _ turn: inout Turn) -> Bool {
    expiresMilliseconds > turn.wallMilliseconds
      && expiresMilliseconds <= turn.wallMilliseconds + limits.factLifetime.milliseconds
  }

  // MARK: Others'

  mutating func receiveFact(_ raw: OverlayFrame.RawStatement, on link: LinkID, _ turn: inout Turn) {
    let id = raw.id
    let wasAsked = links[link]?.asked.remove(id) != nil
    defer { if wasAsked, links[link]?.asked.isEmpty == true { askForFacts(on: link, &turn) } }
    guard !facts.contains(id), !recordIDs.contains(id) else { return drop(.duplicate, from: link, &turn) }
    guard let signed = raw.parsed() else { return drop(.malformed, from: link, &turn) }
    consider(signed, on: link, &turn)
  }

  /// Judges a fact by everything but its signature, then has that checked.
  private mutating func consider(_ signed: SignedStatement, on link: LinkID, _ turn: inout Turn) {
    let statement = signed.statement
    guard statement.network == network else { return drop(.otherNetwork, from: link, &turn) }
    if statement.purpose == MemberRecord.purpose { return receiveRecord(signed, on: link, &turn) }
    guard statement.author != node else { return drop(.stale, from: link, &turn) }
    guard let expires = expiry(of: signed) else { return drop(.noExpiry, from: link, &turn) }
    guard isTimely(expires, &turn) else { return drop(.expired, from: link, &turn) }
    guard let certificate = memberTable[statement.author]?.checked.certificate, certificate.epoch == statement.epoch
    else { return park(signed, on: link, &turn) }
    guard facts.hasRoom(for: statement.author, limits) else { return drop(.busy, from: link, &turn) }
    guard facts.allows(statement.author, now: turn.uptime, perMinute: limits.factsPerAuthorMinute) else {
      return drop(.authorQuota, from: link, &turn)
    }
    beginVerification(
      .statement(signed, certificate.signingKey), .fact(signed, expiresMilliseconds: expires), on: link, &turn)
  }

  mutating func beginVerification(
    _ check: Verification.Subject, _ subject: PendingVerification.Subject, on link: LinkID, _ turn: inout Turn
  ) {
    guard let open = links[link] else { return }
    guard open.unverified < limits.verificationsPerPeer else { return drop(.busy, from: link, &turn) }
    switch subject {
    case .fact(let signed, _): facts.pending.insert(signed.id)
    case .record(let signed):
      facts.pending.insert(signed.id)
      facts.pendingRecords[signed.statement.author, default: 0] += 1
    case .direct: break
    }
    links[link]?.unverified += 1
    verify(check, for: PendingVerification(subject: subject, node: open.node, link: link), &turn)
  }

  /// Keeps a fact for the moment that its author's record takes to be verified; otherwise the author is unknown.
  private mutating func park(_ signed: SignedStatement, on link: LinkID, _ turn: inout Turn) {
    let author = signed.statement.author
    guard facts.pendingRecords[author] != nil, facts.parkedCount < limits.verificationsPerPeer else {
      return drop(.unknownAuthor, from: link, &turn)
    }
    facts.parked[author, default: []].append((signed, link))
    facts.parkedCount += 1
  }

  mutating func releaseParked(by author: NodeID, _ turn: inout Turn) {
    guard facts.pendingRecords[author] == nil, let parked = facts.parked.removeValue(forKey: author) else { return }
    facts.parkedCount -= parked.count
    for (signed, link) in parked where !facts.contains(signed.id) {
      consider(signed, on: link, &turn)
    }
  }

  mutating func factVerified(
    _ signed: SignedStatement, _ expiresMilliseconds: Int64, via pending: PendingVerification, _ holds: Bool,
    _ turn: inout Turn
  ) {
    facts.pending.remove(signed.id)
    guard holds else { return drop(.badSignature, from: pending.link, &turn) }
    // Counted only now: what somebody else forged in its name costs an author nothing.
    let author = signed.statement.author
    guard facts.hasRoom(for: author, limits) else { return drop(.busy, from: pending.link, &turn) }
    guard facts.admit(author, now: turn.uptime, perMinute: limits.factsPerAuthorMinute) else {
      return drop(.authorQuota, from: pending.link, &turn)
    }
    facts.insert(signed, expiresMilliseconds: expiresMilliseconds)
    turn.emit(.storeFact(signed, expiresMilliseconds: expiresMilliseconds))
    turn.emit(.deliverFact(signed, via: pending.node, hops: 1))
    transmitToAll(OverlayFrame.fact(signed), except: pending.link, &turn)
  }

  // MARK: Anti-entropy

  /// Lists what this node holds: records first, since they are needed to check the rest.
  mutating func sendDigest(on link: LinkID, _ turn: inout Turn) {
    let ids = recordIDs.sorted() + facts.ids
    turn.emit(.transmit(link, OverlayFrame.factDigest(ids), lane: .control))
  }

  mutating func receiveDigest(_ ids: [StatementID], on link: LinkID, _ turn: inout Turn) {
    links[link]?.missing = ids.filter { !facts.contains($0) && !recordIDs.contains($0) }[...]
    if links[link]?.asked.isEmpty == true { askForFacts(on: link, &turn) }
  }

  mutating func askForFacts(on link: LinkID, _ turn: inout Turn) {
    guard var missing = links[link]?.missing else { return }
    var batch: [StatementID] = []
    while batch.count < limits.factBatch, let id = missing.popFirst() {
      if !facts.contains(id), !recordIDs.contains(id) { batch.append(id) }
    }
    links[link]?.missing = missing
    guard !batch.isEmpty else { return }
    links[link]?.asked = Set(batch)
    links[link]?.askedAt = turn.uptime
    turn.emit(.transmit(link, OverlayFrame.factRequest(batch), lane: .control))
  }

  mutating func receiveRequest(_ ids: [StatementID], on link: LinkID, _ turn: inout Turn) {
    guard ids.count <= limits.factBatch else { return drop(.malformed, from: link, &turn) }
    var records: [StatementID: SignedStatement] = [:]
    for checked in memberTable.values.map(\.checked) + [ownRecord].compactMap({ $0 }) {
      records[checked.signed.id] = checked.signed
    }
    var byteCount = 0
    for id in ids {
      guard let signed = records[id] ?? facts.facts[id]?.signed else { continue }
      let bytes = OverlayFrame.fact(signed)
      byteCount += bytes.count
      guard byteCount <= limits.factBatchBytes else { return }
      turn.emit(.transmit(link, bytes, lane: .control))
    }
  }

  mutating func expireFacts(_ turn: inout Turn) {
    guard turn.uptime >= facts.nextExpiry else { return }
    facts.nextExpiry = turn.uptime + .seconds(1)
    let expired = facts.expire(
      nowMilliseconds: turn.wallMilliseconds, memory: limits.factMemory, limit: limits.rememberedFacts)
    for id in expired { turn.emit(.forgetFact(id)) }
    if facts.quotas.count > limits.members { facts.quotas = [:] }
  }
}
