internal import Consensus
internal import Contract
internal import Coordination
internal import EventQueue
internal import Ledger
internal import Model
internal import Overlay

// A node becomes again what it was: ledgers are folded anew, queues and outbox taken up, negotiations called anew.
extension NodeEngine {
  mutating func begin(_ start: EngineStart, _ turn: inout Turn) {
    let recovered = start.recovered
    objects = Set(start.objects)
    beginLedgers(start, &turn)
    restoreDocuments(recovered.documents)
    restoreLedgers(recovered, &turn)
    beginCouncil(&turn)
    for id in recovered.handledEventIDs.reversed() { queues.remember(id) }
    restoreEvents(recovered.events)
    let (records, facts) = recovered.facts.reduce(into: ([SignedStatement](), [SignedStatement]())) { out, fact in
      if fact.signed.statement.purpose == MemberRecord.purpose {
        out.0.append(fact.signed)
      } else {
        out.1.append(fact.signed)
      }
    }
    restoreBulletins(facts, &turn)
    overlayStep(
      .start(
        OverlayStart(
          record: start.record, datagramSeed: start.datagramSeed, seeds: start.seeds, records: records, facts: facts)),
      &turn)
    restoreOutbox(recovered.outbox, &turn)
    // Only a content whose result was decided shortly before the end can have missed the store.
    let newest = Dictionary(
      recovered.chains.map { ($0.collaboration, $0.entries.suffix(Dispatcher.recordsLookedAt).map(\.record)) },
      uniquingKeysWith: { first, _ in first })
    coordinate(&turn) { engine, context, effects, _ in
      engine.negotiator.resume(context, into: &effects)
      engine.dispatcher.resume(newest, context, into: &effects)
    }
    // Nothing runs yet, whatever the ledgers assign; and what was reported may have been decided meanwhile.
    let reported = Set(executor.attempts.keys.map(\.task))
    for (id, book) in books {
      let tasks = book.openTaskIDs + reported.subtracting(book.openTaskIDs).sorted()
      changes[id] = tasks.map { TaskChange(task: $0, extent: .whole) }
    }
    changed.formUnion(books.keys)
    for (task, held) in submissions.sorted(by: { $0.key < $1.key }) where held.ended == nil {
      holdInputs(of: task, held.signed, &turn)
    }
  }

  private mutating func restoreLedgers(_ recovered: Recovered, _ turn: inout Turn) {
    for chain in recovered.chains {
      let id = chain.collaboration
      drafts[id] = takeUpState(of: chain, recovered.snapshots[id] ?? [:], &turn)
      let unkept = drafts[id] == nil ? Self.decidedDigests(of: chain).last?.number : nil
      do throws(Violation) {
        for entry in chain.entries.dropFirst(drafts[id]?.lastEntry ?? 0) {
          if entry.number == unkept { books[id] = drafts[id] }
          if entry.number == (chain.decision?.body.number ?? 0) + 1 { books[id] = drafts[id] }
          if drafts[id] == nil {
            drafts[id] = try CollaborationState(id: id, opening: entry.record)
          } else {
            try drafts[id]?.apply(entry.record)
          }
          // Only now it is known to be what the entry says.
          if entry.number == unkept { keepState(of: id, &turn) }
        }
        if chain.entries.count == chain.decision?.body.number { books[id] = drafts[id] }
      } catch {
        // It was judged before it was stored: another version of the rules, or a changed file.
        notice("control", "ledger.unreadable", collaboration: id, "\(error)", &turn)
        giveUp(id, "it could not be taken up again: \(error)", &turn)
        books[id] = nil
        drafts[id] = nil
        continue
      }
      let following = drafts[id].map {
        Following(
          founder: $0.charter.founder, contract: $0.contract, roster: $0.foundingRoster,
          contacts: restoredFollowings[id]?.contacts)
      }
      guard let following = following ?? restoredFollowings[id], let set = Self.memberSet(id, following)
      else { continue }
      restoredFollowings[id] = nil
      consensusStep(.open(set, Self.electionRules(of: following.contract), recovered: chain), &turn)
      rankCandidates(of: id, &turn)
    }
    for (id, successor) in restoredEndings.sorted(by: { $0.key < $1.key }) { endHere(id, by: successor, &turn) }
    restoredEndings = [:]
  }

  private mutating func restoreDocuments(_ documents: [String: [UInt8]]) {
    for (key, bytes) in documents.sorted(by: { $0.key < $1.key }) {
      let parts = key.split(separator: "/", maxSplits: 1).map(String.init)
      guard parts.count == 2, let digest = Digest(hexadecimal: parts[1]) else { continue }
      let id = CollaborationID(digest)
      switch parts[0] {
      case "negotiation":
        if let value = Self.read(Negotiation.self, bytes) { negotiator.restore(id, value) }
      case "joined":
        if let value = Self.read(ContractDocument.self, bytes) { assessor.restore(joined: id, value) }
      case "submission":
        if let value = Self.read(HeldSubmission.self, bytes) { submissions[TaskID(digest)] = value }
      case "offer":
        guard let value = Self.read(Assessor.ReceivedOffer.self, bytes) else { continue }
        restoredOffers.append(value)
      case "ended":
        if let value = Self.read(CollaborationID.self, bytes) { restoredEndings[id] = value }
      case "prefer":
        if let value = Self.read([NodeID].self, bytes) { preferences[id] = value }
      case "delegate":
        if let statement = try? Statement(bytes: bytes) { delegations[id] = statement }
      case "leave":
        if let value = Self.read(LeaveRequest.self, bytes) { departures[id] = value.reason }
      case "motion":
        if let statement = try? Statement(bytes: bytes) { council?.waiting[statement.id] = .init(restored: statement) }
      case "follow":
        if let value = Self.read(Following.self, bytes) { restoredFollowings[id] = value }
      default: continue
      }
    }
  }

  private static func read<Value: Codable>(_ type: Value.Type, _ bytes: [UInt8]) -> Value? {
    try? CanonicalJSON.decode(type, from: bytes, limit: .max)
  }

  private mutating func restoreEvents(_ events: [StoredEvent]) {
    journal.deadCount = events.count { $0.state == .dead }
    for stored in events where stored.state == .queued {
      guard let lane = Event.Lane(rawValue: stored.lane) else { continue }
      let author = SignedStatementBytes.decode(stored.payload)?.statement.author
      _ = queues.enqueue(
        Event(
          id: stored.id, lane: lane, kind: stored.kind, priority: stored.priority,
          deadlineMilliseconds: stored.deadlineMilliseconds, arrivalMilliseconds: stored.arrivalMilliseconds,
          trace: stored.trace, author: author == identity.node ? nil : author, payload: stored.payload))
    }
  }

  private mutating func restoreOutbox(_ messages: [StoredMessage], _ turn: inout Turn) {
    for (id, following) in restoredFollowings.sorted(by: { $0.key < $1.key }) where broken[id] == nil {
      guard let set = Self.memberSet(id, following) else { continue }
      consensusStep(
        .open(
          set, Self.electionRules(of: following.contract),
          recovered: RecoveredChain(collaboration: id, entries: [], proposals: [])),
        &turn)
    }
    restoredFollowings = [:]
    for message in messages where message.statement.purpose == ResultReport.purpose {
      guard let id = message.statement.collaboration, broken[id] == nil else { continue }
      executor.restore(reported: message.statement)
    }
    let reported = Set(executor.attempts.keys)
    for offer in restoredOffers { assessor.restore(offer, reported: reported, context: context(turn.now)) }
    restoredOffers = []
    for message in messages {
      let isNew = outbox.add(message)
      if message.signature == nil {
        if isNew { sign(message.statement, for: .outbox, &turn) }
      } else if let signature = message.signature, message.destination != identity.node {
        turn.promise(
          .send(
            SignedStatement(message.statement, signature: signature), to: message.destination,
            deadlineMilliseconds: message.deadlineMilliseconds))
      }
    }
  }
}
