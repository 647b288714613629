internal import Consensus
internal import Contract
internal import Coordination
internal import EventQueue
internal import Ledger
internal import Model
internal import Overlay

// Consensus takes its steps here, and the engine carries out what it asks for.
extension NodeEngine {
  mutating func consensusStep(_ input: LedgerConsensus.Input, _ turn: inout Turn) {
    if case .open = input { linksChanged = true }
    var effects: LedgerConsensus.Effects = []
    consensus.step(input, at: turn.now, random: &turn.random, into: &effects)
    carryOut(effects, &turn)
  }

  mutating func carryOut(_ effects: LedgerConsensus.Effects, _ turn: inout Turn) {
    for effect in effects {
      switch effect {
      case .store(_, let writes, let token):
        for write in writes { turn.write(.ledger(write)) }
        turn.promise(.ledgerWritten(token))
      case .send(let id, let message, let node):
        overlayStep(.sendMessage(.consensus(Self.peerMessage(message, of: id)), to: node), &turn)
      case .sign(let statement, let token): sign(statement, for: .ledger(token), &turn)
      case .verify(let claims, let token):
        let job = CheckingJob(number: job())
        checking[job] = .ledger(token)
        turn.act(.check(job, .ledger(claims.map { ($0.signed, $0.key) })))
      case .judge(let id, let records, let number, let token): judge(id, records, after: number, token, &turn)
      case .dropped(let id, _):
        drafts[id] = nil
        draftChanges[id] = nil
      case .decided(let id, let last): decided(id, through: last, &turn)
      case .elected(let id, let opening):
        guard consensus.mayOpen(opening.election.body.term, of: id) else { continue }
        append(TermOpened.kind, Self.json(opening), to: id, &turn)
      case .termChanged(let id, let view): termChanged(id, view, &turn)
      case .conflict(let conflict):
        notice(
          "control", "ledger.conflict", collaboration: conflict.collaboration, node: conflict.held.author,
          "the coordinator signed two different entries \(conflict.number)", &turn)
      case .refused(let id, let number, let reason, let node):
        notice(
          "control", "entry.refused", collaboration: id, node: node,
          "the contract refused entry \(number) of \(name(of: node)): \(reason)", &turn)
      case .setBack(let id, let number):
        notice(
          "control", "ledger.setBack", collaboration: id,
          "others hold what this node signed and does not remember, up to entry \(number): its data was put back to an "
            + "older copy. It signs nothing in the terms up to now, fetches what it lacks, and counts from the next term on",
          &turn)
      case .contradicted(let id, let number):
        notice("control", "ledger.halted", collaboration: id, "certificates contradict at entry \(number)", &turn)
        giveUp(
          id, "certificates contradict each other at entry \(number): more voters lie than its quorums bear", &turn)
      case .dropping(.duplicate, _, _): break
      case .dropping(let reason, _, _): journal.count("ledger: \(reason.code)")
      }
    }
  }

  private mutating func termChanged(_ id: CollaborationID, _ view: OfficeView, _ turn: inout Turn) {
    if view.promised > view.term {
      electingSince[id] = electingSince[id] ?? turn.now
      notice(
        "control", "election.began", collaboration: id,
        "term \(view.promised) begins without \(name(of: view.coordinator))", &turn)
    } else {
      electingSince[id] = nil
      notice(
        "control", "election.ended", collaboration: id, node: view.coordinator,
        "\(name(of: view.coordinator)) coordinates term \(view.term)", &turn)
    }
    changed.insert(id)
  }

  private static func peerMessage(_ message: ConsensusMessage, of id: CollaborationID) -> PeerMessage.Consensus {
    let parts = message.parts
    return PeerMessage.Consensus(
      collaboration: id, kind: parts.kind, statements: parts.statements, entries: parts.entries,
      document: parts.document)
  }

  mutating func received(_ message: PeerMessage.Consensus, from node: NodeID, _ turn: inout Turn) {
    let parts = ConsensusMessageParts(
      kind: message.kind, statements: message.statements, entries: message.entries, document: message.document)
    findCouncil(in: message, &turn)
    do throws(ConsensusDrop) {
      consensusStep(.received(message.collaboration, try ConsensusMessage(parts), from: node), &turn)
    } catch {
      journal.count("ledger: \(error.code)")
    }
  }

  /// Tells consensus what there is to do, then lets time pass there.
  mutating func tickConsensus(_ turn: inout Turn) {
    relaysLeft = Self.relaysPerTick
    serveRequests(&turn)
    for id in consensus.collaborations {
      let waiting = submissions.values.filter { $0.collaboration == id && $0.ended == nil }
      let isBusy = !waiting.isEmpty || (books[id]?.openTasks ?? 0) > 0
      consensusStep(.busy(id, isBusy), &turn)
      // What waits for room waits for tasks to end, and for no decision.
      let own = waiting.filter { held in
        guard let submission = try? held.signed.statement.decode(Submission.self) else { return false }
        return books[id]?.hasRoom(for: submission) ?? false
      }.map(\.submittedMilliseconds).min().map { moment(ofWall: $0, turn.now) }
      let asked = pendingRequests.values.filter { $0.collaboration == id }.map(\.since).min()
      let since = [own, asked.map { Moment(uptime: $0, wallMilliseconds: 0) }].compactMap { $0 }
        .min { $0.uptime < $1.uptime }
      consensusStep(.waiting(id, since: books[id] == nil ? nil : since), &turn)
    }
    for id in consensus.collaborations where awaitsMembershipStep(id) { changed.insert(id) }
    for id in consensus.collaborations { followAgency(of: id, &turn) }
    consensusStep(.tick, &turn)
  }

  private func moment(ofWall milliseconds: Int64, _ now: Moment) -> Moment {
    let age = max(0, now.wallMilliseconds - milliseconds)
    return Moment(uptime: now.uptime - .milliseconds(age), wallMilliseconds: milliseconds)
  }
}
