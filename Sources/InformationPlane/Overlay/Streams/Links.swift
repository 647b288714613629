public import Model

// Streams: opened to whom this node has something to say, or shares the tree with; closed when nobody wants them.
extension OverlayCore {
  /// Peers with a link, sorted by id.
  public var linkedPeers: [NodeID] { linkOfNode.keys.sorted() }

  mutating func open(_ id: LinkID, peer signed: SignedStatement, dialled: Bool, _ turn: inout Turn) {
    guard let peer = checkedMember(in: signed), peer.node != node else {
      drop(.malformed, from: nil, &turn)
      return turn.emit(.close(id, .misbehaved))
    }
    targets[peer.node]?.dialEnded()
    if let reason = refusal(of: peer, on: id, &turn) {
      // Otherwise it would be dialled again at once, and refused again.
      if dialled, wants(peer.node) { backOff(peer.node, &turn) }
      if let refusal = StreamRefusal(reason) { turn.emit(.transmit(id, OverlayFrame.refusal(refusal), lane: .control)) }
      return turn.emit(.close(id, reason))
    }
    if let oldID = linkOfNode[peer.node], let old = links[oldID] {
      guard let reason = replaces(old, with: peer, dialled: dialled, &turn) else {
        return turn.emit(.close(id, .duplicateLink))
      }
      release(oldID, old, &turn)
      turn.emit(.close(oldID, reason))
    }
    links[id] = Link(
      node: peer.node, dialled: dialled, instance: peer.record.instance, openedAt: turn.uptime, heardAt: turn.uptime,
      sentAt: turn.uptime, isEager: neighbours.contains(peer.node), wayOpenedAt: turn.uptime)
    linkOfNode[peer.node] = id
    // Who has just come counts on whom it came through, until it has neighbours.
    if take(peer, hops: 1, from: id, &turn) { links[id]?.peerCountsUntil = turn.uptime + limits.newcomerGrace }
    if dialled, refusals[peer.node]?.why.isOfAdmission == true {
      // It shook hands before, and let this node in no more for it.
      links[id]?.awaitsWelcome = true
    } else {
      metOnStream(peer.node, peer.record.instance, &turn)
    }
    turn.emit(.linked(peer.node))
    if dialled { sendSummary(on: id, &turn) }
    if table[peer.node]?.explainedTo != peer.record.instance {
      table.change(peer.node) { $0.explainedTo = peer.record.instance }
      explainFailures(on: id, &turn)
    }
    resendDirects(to: peer.node, &turn)
    agenda.plan(.tend, at: turn.uptime + limits.tendInterval)
  }

  /// The record of a peer that was checked in the handshake; mostly it is known already.
  private func checkedMember(in signed: SignedStatement) -> CheckedMember? {
    if let known = table[signed.statement.author]?.checked, known.signed == signed { return known }
    return try? CheckedMember(trusting: signed, network: network)
  }

  /// The peer lives, and is one with whom this node has to do: the handshake has just shown it, or what came after it.
  private mutating func metOnStream(_ peer: NodeID, _ instance: Digest, _ turn: inout Turn) {
    guard let member = table[peer] else { return }
    table.change(peer) { member in
      member.answeredAt = turn.uptime
      member.heardAt = turn.now
    }
    if let probe = probing.probe(of: peer), probe.triedOtherWays { answeredOnStream(probe.number, by: peer, &turn) }
    if member.state != .left, member.checked.record.instance == instance { setState(of: peer, .alive, &turn) }
  }

  /// Why no link with this peer is kept, if so.
  private mutating func refusal(of peer: CheckedMember, on id: LinkID, _ turn: inout Turn) -> CloseReason? {
    if leaving { return .leaving }
    if let until = shunned[peer.node] {
      if turn.uptime < until { return .misbehaved }
      shunned[peer.node] = nil
    }
    noteKey(of: peer, &turn)
    if let obstacle = obstacle(to: peer) {
      keptOut(peer, by: obstacle, from: nil, &turn)
      return obstacle
    }
    if let known = table[peer.node]?.checked, known.supersedes(peer), known.record.instance != peer.record.instance {
      // The newer process has been met already, so the older one still runs.
      drop(.sameKeyElsewhere, from: nil, &turn)
      // It is shown the newer one's record, so that each of the two learns of the other.
      turn.emit(.transmit(id, OverlayFrame.fact(known.signed, hops: 1, detour: true), lane: .control))
      tellOfTwo(peer.node, &turn)
      return .sameKeyElsewhere
    }
    // Those whom this node needs are few, and find room.
    if linkOfNode[peer.node] == nil, links.count >= limits.links, !makeRoom(&turn), !needs(peer.node) {
      drop(.tooManyConnections, from: nil, &turn)
      // It is here all the same: others hear of it, and its neighbours among them take it in.
      take(peer, hops: 1, from: nil, &turn)
      return .tooManyLinks
    }
    return nil
  }

  /// People need not hear of it with each dial.
  private mutating func tellOfTwo(_ peer: NodeID, _ turn: inout Turn) {
    if let told = table[peer]?.toldOfTwoAt, turn.uptime - told < limits.noticePause { return }
    table.change(peer) { $0.toldOfTwoAt = turn.uptime }
    turn.emit(.notice(.memberRunsTwice(peer)))
  }

  /// Closes the link that was quiet longest among those that this node does not want.
  private mutating func makeRoom(_ turn: inout Turn) -> Bool {
    let spare = links.filter { !wants($0.value.node) && $0.value.peerCountsUntil <= turn.uptime }
    guard let idlest = spare.min(by: { ($0.value.heardAt, $0.key) < ($1.value.heardAt, $1.key) }) else { return false }
    close(idlest.key, .idle, &turn)
    return true
  }

  /// Decides between two links to one peer, alike on both sides.
  ///
  /// - Returns: why the old one closes; nil when the new one does.
  private func replaces(_ old: Link, with peer: CheckedMember, dialled: Bool, _ turn: inout Turn) -> CloseReason? {
    if peer.record.instance != old.instance { return .superseded }
    let isQuiet = old.unheardSince.map { turn.uptime - $0 >= limits.pingAfter } ?? false
    if isQuiet || dialled == old.dialled { return .duplicateLink }
    let dialledByLower = dialled == (node < peer.node)
    return dialledByLower ? .duplicateLink : nil
  }

  /// Closes a link on this side.
  mutating func close(_ id: LinkID, _ reason: CloseReason, _ turn: inout Turn) {
    guard links[id] != nil else { return }
    turn.emit(.close(id, reason))
    forget(id, reason, &turn)
  }

  mutating func forget(_ id: LinkID, _ reason: CloseReason, _ turn: inout Turn) {
    guard let link = links[id] else { return }
    release(id, link, &turn)
    guard linkOfNode[link.node] == id else { return }
    linkOfNode[link.node] = nil
    turn.emit(.unlinked(link.node, reason))
    guard !leaving else { return }
    switch reason {
    case .peerClosed, .broken, .silent:
      // A process that ends takes its streams with it: the earliest sign of it.
      if link.refusal == nil, table[link.node]?.state == .alive { startProbe(of: link.node, .turn, &turn) }
    default: break
    }
    if link.refusal != nil || isShort(link, reason, &turn) {
      // Who knocks again at once, and many do, keeps the peer from everything else.
      if !links.isEmpty { comparing[link.node] = nil }
      if wants(link.node) { backOff(link.node, &turn) }
      return
    }
    if turn.uptime - link.openedAt >= limits.refusalPatience { targets[link.node] = nil }
    if wants(link.node) { scheduleDial(to: link.node, &turn) }
  }

  /// The peer ended it as soon as it was open.
  private func isShort(_ link: Link, _ reason: CloseReason, _ turn: inout Turn) -> Bool {
    switch reason {
    case .peerClosed, .broken: link.dialled && turn.uptime - link.openedAt < limits.refusalPatience
    default: false
    }
  }

  /// What was asked for on a link that is no more is asked for elsewhere.
  private mutating func release(_ id: LinkID, _ link: Link, _ turn: inout Turn) {
    links[id] = nil
    askElsewhere(insteadOfClosed: id, &turn)
  }

  // MARK: Looking after them

  mutating func tend(_ turn: inout Turn) {
    for id in links.keys.sorted() { tend(id, &turn) }
    dialWhatIsDue(&turn)
    tendDirects(&turn)
    let isBusy =
      !outgoing.isEmpty || links.values.contains { $0.unheardSince != nil || !$0.asked.isEmpty || !$0.lazy.isEmpty }
    var next = turn.uptime + (isBusy ? limits.tendInterval : limits.quietTendInterval)
    if let dial = nextDial { next = min(next, max(dial, turn.uptime + limits.tendLeast)) }
    agenda.plan(.tend, at: next)
  }

  private mutating func tend(_ id: LinkID, _ turn: inout Turn) {
    guard let link = links[id] else { return }
    flushLazy(on: id, &turn)
    if let since = link.unheardSince {
      if turn.uptime - since >= limits.silence { return close(id, .silent, &turn) }
      if turn.uptime - since >= limits.pingAfter, link.ping == nil { ping(on: id, &turn) }
    } else if turn.uptime - link.heardAt >= limits.quietPing {
      ping(on: id, &turn)
    }
    giveUpLateAnswer(on: id, &turn)
    if turn.uptime - link.openedAt >= limits.refusalPatience {
      // Who refuses it was to close it.
      if link.refusal != nil { return close(id, .idle, &turn) }
      if !link.awaitsWelcome { letIn(by: link.node, at: turn.uptime) }
    }
    let quiet = turn.uptime - max(link.heardAt, link.sentAt)
    if quiet >= limits.idleLink, !wants(link.node), link.peerCountsUntil <= turn.uptime { close(id, .idle, &turn) }
  }

  private mutating func ping(on id: LinkID, _ turn: inout Turn) {
    let nonce = turn.random.next()
    links[id]?.ping = nonce
    transmit(OverlayFrame.ping(nonce), on: id, lane: .control, &turn)
  }

  // MARK: Frames

  mutating func transmit(_ bytes: [UInt8], on id: LinkID, lane: Lane, _ turn: inout Turn) {
    guard let link = links[id] else { return }
    traffic.framesSent += 1
    traffic.frameBytesSent += bytes.count
    links[id]?.sentAt = turn.uptime
    if link.unheardSince == nil {
      links[id]?.unheardSince = turn.uptime
      agenda.plan(.tend, at: turn.uptime + limits.pingAfter)
    }
    turn.emit(.transmit(id, bytes, lane: lane))
  }

  mutating func receive(_ bytes: [UInt8], on id: LinkID, _ turn: inout Turn) {
    guard let link = links[id] else { return }
    traffic.framesReceived += 1
    traffic.frameBytesReceived += bytes.count
    links[id]?.heardAt = turn.uptime
    links[id]?.unheardSince = nil
    links[id]?.ping = nil
    lastHeardAt = turn.uptime
    table.change(link.node) { $0.heardAt = turn.now }
    let frame: OverlayFrame
    do {
      frame = try OverlayFrame(bytes: bytes, idLimit: limits.facts + limits.members + 1)
    } catch {
      return drop(.malformed, from: id, &turn)
    }
    if link.awaitsWelcome, !frame.isRefusal {
      links[id]?.awaitsWelcome = false
      metOnStream(link.node, link.instance, &turn)
    }
    switch frame {
    case .ping(let nonce): answer(nonce, on: id, &turn)
    case .pong(let nonce): pong(nonce, of: link, on: id, &turn)
    case .fact(let raw, let hops, let detour): receiveFact(raw, hops: hops, detour: detour, on: id, &turn)
    case .factAnnouncement(let ids, let lazy, let courtesy):
      receiveAnnouncement(ids, lazy: lazy, courtesy: courtesy, on: id, &turn)
    case .factSummary(let other): receiveSummary(other, on: id, &turn)
    case .factDigest(let ids, let buckets): receiveDigest(ids, buckets: buckets, on: id, &turn)
    case .factRequest(let ids): receiveRequest(ids, on: id, &turn)
    case .factsLeftOut(let rest, let gone): leftOut(rest, gone: gone, on: id, &turn)
    case .prune: links[id]?.isEager = false
    case .graft: graft(id, &turn)
    case .gossip(let updates): for update in updates { receive(update, from: link.node, on: id, &turn) }
    case .direct(let raw, let within): receiveDirect(raw, within: within, on: id, &turn)
    case .directOutcome(let statement, let answer): receiveOutcome(statement, answer, from: link.node, on: id, &turn)
    case .message(let message): turn.emit(.deliverMessage(message, from: link.node))
    case .refusal(let refusal): refused(refusal, on: id, &turn)
    case .unknown: drop(.unexpected, from: id, &turn)
    }
  }

  /// The pong is no beginning of a conversation: nothing is awaited for it.
  private mutating func answer(_ nonce: UInt64, on id: LinkID, _ turn: inout Turn) {
    let wasHeard = links[id]?.unheardSince == nil
    transmit(OverlayFrame.pong(nonce), on: id, lane: .control, &turn)
    if wasHeard { links[id]?.unheardSince = nil }
  }

  private mutating func pong(_ nonce: UInt64, of link: Link, on id: LinkID, _ turn: inout Turn) {
    if link.probe == nonce {
      links[id]?.probe = nil
      table.change(link.node) { $0.answeredAt = turn.uptime }
      return answeredOnStream(nonce, by: link.node, &turn)
    }
    // The answer to a ping that anything else had answered before is no fault.
  }

  /// The peer is about to close this stream.
  private mutating func refused(_ refusal: StreamRefusal, on id: LinkID, _ turn: inout Turn) {
    guard let link = links[id], link.refusal == nil else { return drop(.unexpected, from: id, &turn) }
    links[id]?.refusal = refusal
    // That there is no room now passes, and shows that it takes this node for a member; the rest is for people to mend.
    guard refusal != .full else { return letIn(by: link.node, at: turn.uptime) }
    // In case that it does not.
    agenda.plan(.tend, at: max(turn.uptime, link.openedAt + limits.refusalPatience))
    if table[link.node] != nil {
      let since = refusals[link.node]?.since ?? (refusal.isOfAdmission ? turn.uptime : nil)
      refusals[link.node] = Refused(by: link.node, why: refusal, at: turn.uptime, since: since)
    }
    let what = Refusing(node: link.node, why: refusal)
    guard refusalNotices.admits(what, at: turn.uptime, limits) else { return }
    turn.emit(.notice(.refused(by: link.node, refusal)))
  }

  mutating func sendMessage(_ message: PeerMessage, to node: NodeID, _ turn: inout Turn) {
    guard let link = linkOfNode[node] else { return }
    let bytes = message.encoded
    guard bytes.count <= OverlayLimits.frameByteLimit else { return drop(.oversize, from: nil, &turn) }
    transmit(bytes, on: link, lane: message.lane, &turn)
  }

  mutating func leave(_ record: SignedStatement, _ turn: inout Turn) {
    guard !leaving else { return }
    announce(record, &turn)
    // The tree may take a while: who is linked is told now, whatever its place.
    for id in links.keys.sorted() {
      transmit(OverlayFrame.fact(record, hops: 1, detour: true), on: id, lane: .control, &turn)
    }
    leaving = true
    for id in links.keys.sorted() { close(id, .leaving, &turn) }
  }
}
