import DequeModule
import Model

/// Statements for one peer that await their outcome.
struct OutgoingDirects: Sendable {
  struct Direct: Sendable {
    let signed: SignedStatement
    /// Uptime.
    let deadline: Duration
    var sentAt: Duration?
  }

  var directs: [StatementID: Direct] = [:]
  /// In order of sending; ids of ended ones may linger and are skipped.
  var waiting: Deque<StatementID> = []
  var underWay: [StatementID] = []
  var bytesUnderWay = 0
  var earliestDeadline: Duration?

  mutating func remove(_ id: StatementID) -> Direct? {
    guard let direct = directs.removeValue(forKey: id) else { return nil }
    if let index = underWay.firstIndex(of: id) {
      underWay.remove(at: index)
      bytesUnderWay -= direct.signed.statement.bytes.count
    }
    return direct
  }
}

/// Statements from peers: in verification, with the engine, and answered.
struct IncomingDirects: Sendable {
  struct Direct: Sendable {
    let signed: SignedStatement
    let link: LinkID
    /// Uptime.
    let deadline: Duration
    var holds: Bool?
  }

  /// For each peer in order of arrival, so that delivery keeps the order of sending.
  var inVerification: [NodeID: Deque<Direct>] = [:]
  var unsettled: [NodeID: Set<StatementID>] = [:]
  private(set) var answers: [StatementID: (node: NodeID, answer: DirectAnswer)] = [:]
  /// For each peer, oldest first.
  private var answerOrder: [NodeID: Deque<StatementID>] = [:]

  /// Keeps an answer for when its statement comes again. Over the limit the oldest goes of who has most, so that nobody
  /// pushes out the answers to others.
  mutating func remember(_ id: StatementID, from node: NodeID, _ answer: DirectAnswer, limit: Int) {
    guard answers.updateValue((node, answer), forKey: id) == nil else { return }
    answerOrder[node, default: []].append(id)
    guard answers.count > limit,
      let most = answerOrder.max(by: { ($0.value.count, $0.key) < ($1.value.count, $1.key) })?.key,
      let oldest = answerOrder[most]?.popFirst()
    else { return }
    answers[oldest] = nil
    if answerOrder[most]?.isEmpty == true { answerOrder[most] = nil }
  }
}

extension OverlayCore {
  // MARK: Sending

  mutating func send(_ signed: SignedStatement, to peer: NodeID, within: Duration, _ turn: inout Turn) {
    func refuse(_ reason: String, _ turn: inout Turn) {
      turn.emit(.outcome(signed.id, to: peer, .refused(reason: reason)))
    }
    guard signed.statement.author == node, signed.statement.network == network else {
      return refuse("the statement is not this node's own", &turn)
    }
    guard peer != node else { return refuse("a node sends nothing to itself", &turn) }
    guard table[peer] != nil else { return refuse("node \(peer.short) is not known here", &turn) }
    var queue = outgoing[peer] ?? OutgoingDirects()
    guard queue.directs[signed.id] == nil else { return }
    guard queue.directs.count < limits.directsPerPeer else {
      return turn.emit(.outcome(signed.id, to: peer, .busy))
    }
    let deadline = turn.uptime + min(within, limits.directLifetime)
    queue.directs[signed.id] = OutgoingDirects.Direct(signed: signed, deadline: deadline)
    queue.waiting.append(signed.id)
    queue.earliestDeadline = min(queue.earliestDeadline ?? deadline, deadline)
    outgoing[peer] = queue
    agenda.plan(.tend, at: turn.uptime + limits.tendInterval)
    if linkOfNode[peer] == nil { return dialNow(peer, &turn) }
    pump(peer, &turn)
  }

  /// Sends what may be under way.
  private mutating func pump(_ peer: NodeID, _ turn: inout Turn) {
    guard let link = linkOfNode[peer], var queue = outgoing[peer] else { return }
    while queue.underWay.count < limits.directsInFlight, queue.bytesUnderWay < limits.directBytesInFlight,
      let id = queue.waiting.popFirst()
    {
      guard let direct = queue.directs[id] else { continue }
      queue.underWay.append(id)
      queue.bytesUnderWay += direct.signed.statement.bytes.count
      queue.directs[id]?.sentAt = turn.uptime
      transmit(direct, on: link, &turn)
    }
    outgoing[peer] = queue
  }

  private mutating func transmit(_ direct: OutgoingDirects.Direct, on link: LinkID, _ turn: inout Turn) {
    let frame = OverlayFrame.direct(direct.signed, within: direct.deadline - turn.uptime)
    self.transmit(frame, on: link, lane: .control, &turn)
  }

  /// What was under way on a lost link goes again on the new one.
  mutating func resendDirects(to peer: NodeID, _ turn: inout Turn) {
    guard let link = linkOfNode[peer], var queue = outgoing[peer] else { return }
    for id in queue.underWay {
      guard let direct = queue.directs[id] else { continue }
      queue.directs[id]?.sentAt = turn.uptime
      transmit(direct, on: link, &turn)
    }
    outgoing[peer] = queue
    pump(peer, &turn)
  }

  /// Deadlines, and answers that are long in coming.
  mutating func tendDirects(_ turn: inout Turn) {
    for peer in outgoing.keys.sorted() {
      expireDirects(to: peer, &turn)
      guard let link = linkOfNode[peer], let queue = outgoing[peer] else { continue }
      for id in queue.underWay {
        guard let direct = queue.directs[id], let sentAt = direct.sentAt,
          turn.uptime - sentAt >= limits.directRetry
        else { continue }
        outgoing[peer]?.directs[id]?.sentAt = turn.uptime
        transmit(direct, on: link, &turn)
      }
      pump(peer, &turn)
    }
  }

  private mutating func expireDirects(to peer: NodeID, _ turn: inout Turn) {
    guard var queue = outgoing[peer], let earliest = queue.earliestDeadline, turn.uptime >= earliest else { return }
    let ended = queue.directs.filter { $0.value.deadline <= turn.uptime }
    for (id, _) in ended.sorted(by: { ($0.value.deadline, $0.key) < ($1.value.deadline, $1.key) }) {
      _ = queue.remove(id)
      turn.emit(.outcome(id, to: peer, .expired))
    }
    queue.earliestDeadline = queue.directs.values.map(\.deadline).min()
    queue.waiting.removeAll { queue.directs[$0] == nil }
    outgoing[peer] = queue.directs.isEmpty ? nil : queue
  }

  mutating func receiveOutcome(
    _ id: StatementID, _ answer: DirectAnswer, from peer: NodeID, on link: LinkID, _ turn: inout Turn
  ) {
    guard outgoing[peer]?.remove(id) != nil else { return drop(.duplicate, from: link, &turn) }
    if outgoing[peer]?.directs.isEmpty == true { outgoing[peer] = nil }
    switch answer {
    case .accepted: turn.emit(.outcome(id, to: peer, .accepted))
    case .refused(let reason): turn.emit(.outcome(id, to: peer, .refused(reason: reason)))
    case .busy: turn.emit(.outcome(id, to: peer, .busy))
    }
    pump(peer, &turn)
  }

  // MARK: Receiving

  mutating func receiveDirect(
    _ raw: OverlayFrame.RawStatement, within: Duration, on link: LinkID, _ turn: inout Turn
  ) {
    guard let open = links[link] else { return }
    let id = raw.id
    let peer = open.node
    if let known = incoming.answers[id], known.node == peer {
      drop(.duplicate, from: link, &turn)
      return transmit(OverlayFrame.directOutcome(id, known.answer), on: link, lane: .control, &turn)
    }
    let isUnderWay =
      incoming.unsettled[peer]?.contains(id) == true
      || incoming.inVerification[peer]?.contains { $0.signed.id == id } == true
    guard !isUnderWay else { return drop(.duplicate, from: link, &turn) }
    guard let signed = raw.parsed() else { return drop(.malformed, from: link, &turn) }
    guard signed.statement.network == network else { return drop(.otherNetwork, from: link, &turn) }
    guard signed.statement.author == peer else { return drop(.notTheAuthor, from: link, &turn) }
    guard let certificate = table[peer]?.checked.certificate, certificate.epoch == signed.statement.epoch else {
      return drop(.unknownAuthor, from: link, &turn)
    }
    guard checks.hasRoom(.statements, for: peer, limits),
      (incoming.unsettled[peer]?.count ?? 0) + (incoming.inVerification[peer]?.count ?? 0) < limits.unsettledPerPeer
    else { return drop(.busy, from: link, &turn) }
    let deadline = turn.uptime + min(within, limits.directLifetime)
    incoming.inVerification[peer, default: []].append(
      IncomingDirects.Direct(signed: signed, link: link, deadline: deadline))
    beginVerification(.statement(signed, certificate.signingKey), .direct(id), on: link, &turn)
  }

  mutating func directVerified(
    _ id: StatementID, via pending: PendingVerification, _ holds: Bool, _ turn: inout Turn
  ) {
    let peer = pending.node
    guard var queue = incoming.inVerification[peer], let index = queue.firstIndex(where: { $0.signed.id == id })
    else { return }
    queue[index].holds = holds
    var ready: [IncomingDirects.Direct] = []
    while let holds = queue.first?.holds, let direct = queue.popFirst() {
      if revoked.contains(peer) { continue }
      if holds { ready.append(direct) } else { drop(.badSignature, from: direct.link, by: peer, &turn) }
    }
    incoming.inVerification[peer] = queue.isEmpty ? nil : queue
    for direct in ready {
      incoming.unsettled[peer, default: []].insert(direct.signed.id)
      turn.emit(.deliverDirect(direct.signed, within: max(.zero, direct.deadline - turn.uptime)))
    }
  }

  mutating func settle(_ id: StatementID, from peer: NodeID, _ answer: DirectAnswer, _ turn: inout Turn) {
    incoming.unsettled[peer]?.remove(id)
    if incoming.unsettled[peer]?.isEmpty == true { incoming.unsettled[peer] = nil }
    // When it comes again there may be room.
    if answer != .busy { incoming.remember(id, from: peer, answer, limit: limits.rememberedOutcomes) }
    guard let link = linkOfNode[peer] else { return }
    transmit(OverlayFrame.directOutcome(id, answer), on: link, lane: .control, &turn)
  }
}
