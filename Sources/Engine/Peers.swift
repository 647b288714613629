internal import Consensus
internal import Contract
internal import Coordination
internal import EventQueue
public import Model
public import Overlay

// The overlay's side: links, facts, direct statements, members.
extension NodeEngine {
  mutating func tell(_ input: TransportInput, _ turn: inout Turn) {
    switch input {
    case .linkOpened(let link, let peer, let dialled):
      overlayStep(.linkOpened(link, peer: peer, dialled: dialled), &turn)
    case .linkClosed(let link, let reason): overlayStep(.linkClosed(link, reason), &turn)
    case .frame(let link, let bytes): overlayStep(.frame(link, bytes), &turn)
    case .datagram(let bytes, let address): overlayStep(.datagram(bytes, from: address), &turn)
    case .dialFailed(let node, let address, let reason):
      overlayStep(.dialFailed(node, address: address, reason: reason), &turn)
    case .dropped(let reason, let count): overlayStep(.dropped(reason, count: count), &turn)
    case .sameKeyMet(let address): overlayStep(.sameKeyMet(address: address), &turn)
    }
  }

  package mutating func overlayStep(_ input: OverlayInput, _ turn: inout Turn) {
    var effects: [OverlayEffect] = []
    overlay.step(input, at: turn.now, random: &turn.random, into: &effects)
    watchedEffects?.append(contentsOf: effects)
    for effect in effects { carryOut(effect, &turn) }
  }

  /// From now on what the overlay wants is kept until it is taken: for simulations that look on.
  package mutating func watchOverlay() { watchedEffects = [] }

  package mutating func takeWatchedEffects() -> [OverlayEffect] {
    guard let watched = watchedEffects else { return [] }
    watchedEffects = []
    return watched
  }

  private mutating func carryOut(_ effect: OverlayEffect, _ turn: inout Turn) {
    switch effect {
    case .dial(let address, let node): turn.act(.dial(address: address, expecting: node))
    case .transmit(let link, let bytes, let lane): turn.act(.transmit(link, bytes, lane: lane))
    case .close(let link, let reason): turn.act(.close(link, reason))
    case .sendDatagram(let bytes, let address): turn.act(.sendDatagram(bytes, to: address))
    case .present(let record): turn.act(.present(record))
    case .verify(let verification):
      let job = CheckingJob(number: job())
      checking[job] = .overlay(verification.id)
      turn.act(.check(job, .overlay(verification)))
    case .sign(let id, let statement): sign(statement, for: .overlay(id), &turn)
    case .renewRecord(let key, let above): renewRecord(datagramKey: key, above: above, &turn)
    case .pinged(let id, let outcome): pinged(id, outcome, &turn)
    case .setTimer(let after): turn.act(.setTimer(.overlay, after: after))
    case .storeRecord(let signed): turn.write(.fact(StoredFact(signed, expiresMilliseconds: nil)))
    case .storeFact(let signed, let expires): turn.write(.fact(StoredFact(signed, expiresMilliseconds: expires)))
    case .forgetFact(let id): turn.write(.removeFact(id))
    case .deliverFact(let signed, let node, let hops):
      notePassage(signed, via: node, links: hops, &turn)
      received(signed, from: node, isDirect: false, &turn)
    case .deliverDirect(let signed, _): received(signed, from: signed.statement.author, isDirect: true, &turn)
    case .deliverMessage(let message, let node): received(message, from: node, &turn)
    case .outcome(let id, let node, let outcome): delivered(id, to: node, outcome, &turn)
    case .refusedBroadcast(let id, let reason):
      notice("information", "broadcast.refused", "announcement \(id.short): \(reason)", &turn)
    case .memberChanged(let node, let state): memberChanged(node, state, &turn)
    case .memberUpdated(let node): turn.act(.admit(node))
    case .linked(let node):
      consensusStep(.linkOpened(node), &turn)
      exchangeFigures(&turn)
    case .unlinked(let node, _): consensusStep(.linkClosed(node), &turn)
    case .dropped: break
    case .notice(let told):
      let kind = told.isProblem ? NoticeView.overlayProblem : "overlay"
      notice("information", kind, node: told.node, "\(told)", &turn)
    }
  }

  /// A verified statement from another node becomes an event, durably, before anybody is told that it arrived.
  private mutating func received(
    _ signed: SignedStatement, from node: NodeID, isDirect: Bool, _ turn: inout Turn
  ) {
    if signed.statement.purpose == ProgressReport.purpose {
      // For people only: not worth a write.
      let context = context(turn.now)
      dispatcher.progressed(signed, context: context)
      if isDirect { turn.promise(.settle(signed.id, from: node)) }
      return
    }
    if signed.statement.purpose == RequestRelay.purpose, isDirect {
      // Said again while it waits: not worth a write either.
      relayed(signed, &turn)
      turn.promise(.settle(signed.id, from: node))
      return
    }
    if signed.statement.purpose == Announcement.purpose, !isDirect {
      return announced(signed, &turn)
    }
    guard let kind = EventKind(purpose: signed.statement.purpose) else {
      return refuse(signed, isDirect, "purpose \(signed.statement.purpose) is not known here", &turn)
    }
    guard isExpected(kind, of: signed, isDirect: isDirect) else {
      journal.count("business: unexpected \(kind.rawValue)")
      return refuse(signed, isDirect, "its author has no part in what it is about", &turn)
    }
    switch enqueue(kind.event(signed, at: turn.now, own: identity.node), &turn) {
    case .queued, .known:
      if isDirect { turn.promise(.settle(signed.id, from: node)) }
    case .full:
      if isDirect { overlayStep(.settle(signed.id, from: node, .busy), &turn) }
    }
  }

  private mutating func refuse(_ signed: SignedStatement, _ isDirect: Bool, _ reason: String, _ turn: inout Turn) {
    guard isDirect else { return }
    overlayStep(.settle(signed.id, from: signed.statement.author, .refused(reason: reason)), &turn)
  }

  /// Whether a statement is worth a row: any member may call, everything else is said to one node by who has a part in it.
  private func isExpected(_ kind: EventKind, of signed: SignedStatement, isDirect: Bool) -> Bool {
    guard let id = signed.statement.collaboration else { return false }
    let isMember = consensus.members(of: id)?.member(signed.statement.author) != nil
    switch kind {
    case .call: return true
    case .answer, .signature: return isDirect && (isMember || negotiator.negotiations[id] != nil)
    case .roster: return isDirect && (isMember || assessor.hasJoined(id))
    case .offer, .offerAnswer, .report: return isDirect && isMember
    // A person's at this node comes another way.
    case .submit, .cancel, .leave, .motion, .motionVote, .delegation: return isDirect && isMember
    case .invitation: return isDirect
    // Who joins is no member yet.
    case .join, .decline: return isDirect && drafts[id] != nil
    }
  }

  mutating func enqueue(_ event: Event, _ turn: inout Turn) -> EventQueues.Admission {
    let admission = queues.enqueue(event)
    switch admission {
    case .queued: turn.write(.event(StoredEvent(event)))
    case .full: journal.count("business: queue full")
    case .known: break
    }
    return admission
  }

  private mutating func received(_ message: PeerMessage, from node: NodeID, _ turn: inout Turn) {
    switch message {
    case .consensus(let message): received(message, from: node, &turn)
    case .logRequest(let request):
      guard mayRead(logsOf: request.attempt.task, node) else {
        let refusal = PeerMessage.LogChunk(
          attempt: request.attempt, stream: request.stream, offset: request.offset, bytes: [], end: false,
          problem: "only its submitter and the members of its collaboration may read it")
        return overlayStep(.sendMessage(.logChunk(refusal), to: node), &turn)
      }
      turn.act(.logRequested(request, by: node))
    case .logChunk(let chunk): turn.act(.logChunk(chunk, from: node))
    case .traceRequest(let request): traceRequested(request, by: node, &turn)
    case .traceReply(let reply): turn.act(.traceReply(reply, from: node))
    case .reportRequest: reportRequested(by: node, &turn)
    case .report(let report): reported(report, by: node, &turn)
    }
  }

  /// What work writes is for those who agreed to share it, not for the whole network.
  private func mayRead(logsOf task: TaskID, _ node: NodeID) -> Bool {
    guard let book = book(of: task) else { return false }
    return book.coordinator == node || book.roster[node] != nil || book.tasks[task]?.submitter == node
  }

  /// Asks another node for a piece of an attempt's log or about a trace, or answers one that asked.
  public mutating func message(_ message: PeerMessage, to node: NodeID, at now: Moment, random: inout Random)
    -> EngineEffects
  {
    var turn = Turn(now: now, random: random)
    overlayStep(.sendMessage(message, to: node), &turn)
    random = turn.random
    var effects = EngineEffects()
    effects.actions = turn.actions
    precondition(turn.writes.isEmpty && turn.promises.isEmpty, "a message between peers promises nothing")
    return effects
  }

  private static func words(for state: MemberState) -> String {
    switch state {
    case .alive: "is alive"
    case .suspected: "is suspected"
    case .failed: "has failed"
    case .left: "has left"
    }
  }

  private mutating func memberChanged(_ node: NodeID, _ state: MemberState, _ turn: inout Turn) {
    let name = overlay.member(node)?.name ?? node.short
    notice("information", "member.\(state.rawValue)", node: node, "\(name) \(Self.words(for: state))", &turn)
    if state == .failed || state == .left { consensusStep(.unreachable(node), &turn) }
    for (id, book) in books where book.openTasks > 0 && book.roster[node] != nil { changed.insert(id) }
    // In a large network members change all the time, and a context takes a look at each of them.
    guard !negotiator.negotiations.isEmpty else { return }
    coordinate(&turn) { engine, context, effects, _ in engine.negotiator.tick(context, into: &effects) }
  }
}
