public import Model

/// One open link.
struct Link: Sendable {
  let node: NodeID
  /// This node dialled.
  let dialled: Bool
  let instance: Digest
  let incarnation: Int
  var heardAt: Duration
  var nextPing: Duration
  var ping: (nonce: UInt64, sentAt: Duration)?
  var nextDigest: Duration
  var badFrames = 0
  /// Statements from this link that are being verified.
  var unverified = 0
  /// Facts that the peer holds and this node lacks: to be asked for, and asked for.
  var missing: ArraySlice<StatementID> = []
  var asked: Set<StatementID> = []
  var askedAt: Duration = .zero
}

extension OverlayCore {
  /// Peers with a link, sorted by id.
  public var linkedPeers: [NodeID] { linkOfNode.keys.sorted() }

  mutating func open(_ id: LinkID, peer signed: SignedStatement, dialled: Bool, _ turn: inout Turn) {
    guard let peer = try? CheckedMember(trusting: signed, network: network), peer.node != node else {
      drop(.malformed, from: nil, &turn)
      return turn.emit(.close(id, .misbehaved))
    }
    targets[peer.node]?.dialEnded()
    if let reason = refusal(of: peer, &turn) { return turn.emit(.close(id, reason)) }
    if let oldID = linkOfNode[peer.node], let old = links[oldID] {
      guard let reason = replaces(old, with: peer, dialled: dialled, &turn) else {
        return turn.emit(.close(id, .duplicateLink))
      }
      links[oldID] = nil
      turn.emit(.close(oldID, reason))
    }
    links[id] = Link(
      node: peer.node, dialled: dialled, instance: peer.record.instance, incarnation: peer.record.incarnation,
      heardAt: turn.uptime, nextPing: turn.uptime, nextDigest: turn.uptime + turn.jittered(limits.digestInterval))
    linkOfNode[peer.node] = id
    take(peer, from: id, &turn)
    setState(of: peer.node, .alive, &turn)
    targets[peer.node]?.linked()
    turn.emit(.linked(peer.node))
    sendDigest(on: id, &turn)
    resendDirects(to: peer.node, &turn)
  }

  /// Why no link with this peer is kept, if so.
  private mutating func refusal(of peer: CheckedMember, _ turn: inout Turn) -> CloseReason? {
    if leaving { return .leaving }
    if let until = shunned[peer.node] {
      if turn.uptime < until { return .misbehaved }
      shunned[peer.node] = nil
    }
    if linkOfNode[peer.node] == nil, links.count >= limits.links {
      drop(.tooManyConnections, from: nil, &turn)
      return .tooManyLinks
    }
    if memberTable[peer.node] == nil, memberTable.count >= limits.members {
      drop(.busy, from: nil, &turn)
      return .tooManyLinks
    }
    if let known = memberTable[peer.node]?.checked, known.supersedes(peer),
      known.record.instance != peer.record.instance
    {
      // The newer process has been met already, so the older one still runs.
      drop(.sameKeyElsewhere, from: nil, &turn)
      turn.emit(.notice(.memberRunsTwice(peer.node)))
      return .sameKeyElsewhere
    }
    return nil
  }

  /// Decides between two links to one peer, alike on both sides.
  ///
  /// - Returns: why the old one closes; nil when the new one does.
  private func replaces(_ old: Link, with peer: CheckedMember, dialled: Bool, _ turn: inout Turn) -> CloseReason? {
    if peer.record.instance != old.instance { return .superseded }
    let isQuiet = turn.uptime - old.heardAt > limits.pingInterval * 2
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
    guard let link = links.removeValue(forKey: id), linkOfNode[link.node] == id else { return }
    linkOfNode[link.node] = nil
    turn.emit(.unlinked(link.node, reason))
    if memberTable[link.node]?.state == .alive { setState(of: link.node, .suspected, &turn) }
    scheduleDial(to: link.node, &turn)
  }

  /// Pings, silence, and what was asked for in vain.
  mutating func tendLinks(_ turn: inout Turn) {
    for id in links.keys.sorted() {
      guard let link = links[id] else { continue }
      if turn.uptime - link.heardAt >= limits.silence {
        close(id, .silent, &turn)
        continue
      }
      // A little early rather than in another pulse.
      if turn.uptime + limits.pulse >= link.nextPing {
        let nonce = turn.random.next()
        links[id]?.ping = (nonce, turn.uptime)
        links[id]?.nextPing = turn.uptime + limits.pingInterval
        turn.emit(.transmit(id, OverlayFrame.ping(nonce), lane: .control))
      }
      if turn.uptime >= link.nextDigest {
        links[id]?.nextDigest = turn.uptime + turn.jittered(limits.digestInterval)
        sendDigest(on: id, &turn)
      }
      if !link.asked.isEmpty, turn.uptime - link.askedAt >= limits.factPatience {
        links[id]?.asked = []
        askForFacts(on: id, &turn)
      }
    }
  }

  mutating func receive(_ bytes: [UInt8], on id: LinkID, _ turn: inout Turn) {
    guard let link = links[id] else { return }
    links[id]?.heardAt = turn.uptime
    // Who has just been heard need not be asked; the jitter lets both ends ask in turn.
    links[id]?.nextPing = turn.uptime + turn.jittered(limits.pingInterval)
    memberTable[link.node]?.heardAt = turn.now
    let frame: OverlayFrame
    do {
      frame = try OverlayFrame(bytes: bytes, idLimit: limits.facts + limits.members + 1)
    } catch {
      return drop(.malformed, from: id, &turn)
    }
    switch frame {
    case .ping(let nonce): turn.emit(.transmit(id, OverlayFrame.pong(nonce), lane: .control))
    case .pong(let nonce): pong(nonce, on: id, &turn)
    case .fact(let raw): receiveFact(raw, on: id, &turn)
    case .factDigest(let ids): receiveDigest(ids, on: id, &turn)
    case .factRequest(let ids): receiveRequest(ids, on: id, &turn)
    case .direct(let raw, let within): receiveDirect(raw, within: within, on: id, &turn)
    case .directOutcome(let statement, let answer): receiveOutcome(statement, answer, from: link.node, on: id, &turn)
    case .message(let message): turn.emit(.deliverMessage(message, from: link.node))
    case .unknown: drop(.unexpected, from: id, &turn)
    }
  }

  private mutating func pong(_ nonce: UInt64, on id: LinkID, _ turn: inout Turn) {
    guard let link = links[id], let ping = link.ping, ping.nonce == nonce else {
      return drop(.unexpected, from: id, &turn)
    }
    links[id]?.ping = nil
    memberTable[link.node]?.roundTrip = turn.uptime - ping.sentAt
  }

  mutating func sendMessage(_ message: PeerMessage, to node: NodeID, _ turn: inout Turn) {
    guard let link = linkOfNode[node] else { return }
    let bytes = message.encoded
    guard bytes.count <= OverlayLimits.frameByteLimit else { return drop(.oversize, from: nil, &turn) }
    turn.emit(.transmit(link, bytes, lane: message.lane))
  }

  /// Sends one frame to every link, in order of link ids.
  mutating func transmitToAll(_ bytes: [UInt8], except source: LinkID?, _ turn: inout Turn) {
    for id in links.keys.sorted() where id != source {
      turn.emit(.transmit(id, bytes, lane: .control))
    }
  }

  mutating func leave(_ record: SignedStatement, _ turn: inout Turn) {
    guard !leaving else { return }
    announce(record, &turn)
    leaving = true
    for id in links.keys.sorted() { close(id, .leaving, &turn) }
  }
}
