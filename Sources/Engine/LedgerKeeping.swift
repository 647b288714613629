internal import Consensus
internal import Contract
internal import Coordination
internal import EventQueue
internal import Ledger
internal import Model
internal import Overlay

// Ledgers: founding, following, appending, judging what the coordinator proposes.
extension NodeEngine {
  /// Leaves room in an entry for what stands around its body.
  static let bodyByteLimit = Entry.byteLimit - 1_024

  static func followKey(_ id: CollaborationID) -> String { "follow/\(id.hexadecimal)" }

  /// What is kept of a roster that was signed, until entry 1 is here.
  struct Following: Codable {
    var coordinator: NodeID
    var roster: Roster
  }

  /// Founds a ledger with entry 1.
  mutating func open(_ body: RoundOpened, _ turn: inout Turn) {
    guard let id = try? body.charter.id(), books[id] == nil, broken[id] == nil,
      let set = Self.replicaSet(id, coordinator: body.coordinator, roster: body.roster)
    else { return }
    replicationStep(.open(set, recovered: nil), &turn)
    append(RoundOpened.kind, Self.json(body), to: id, &turn)
    guard books[id] == nil else { return }
    coordinate(&turn) { engine, _, effects, _ in
      engine.negotiator.openingRefused(id, "the contract refused entry 1", into: &effects)
    }
  }

  /// Accepts entries of a ledger from its coordinator.
  mutating func follow(_ id: CollaborationID, coordinator: NodeID, _ roster: Roster, _ turn: inout Turn) {
    // What lies on the disk of a ledger that could not be taken up again is not to be written over.
    guard broken[id] == nil, let set = Self.replicaSet(id, coordinator: coordinator, roster: roster)
    else { return }
    turn.write(
      .document(
        key: Self.followKey(id),
        value: CanonicalJSON.encode(Self.json(Following(coordinator: coordinator, roster: roster)))))
    // A new roster of a round that never opened replaces the one before.
    if books[id] == nil { replicationStep(.open(set, recovered: nil), &turn) }
  }

  static func replicaSet(_ id: CollaborationID, coordinator: NodeID, roster: Roster) -> ReplicaSet? {
    guard let configuration = try? roster.configurationHash() else { return nil }
    var members: [ReplicaSet.Member] = []
    for member in roster.members {
      guard let keys = try? EpochCertificate(checking: member.certificate) else { return nil }
      members.append(.init(node: keys.node, epoch: keys.epoch, signingKey: keys.signingKey))
    }
    return ReplicaSet(collaboration: id, coordinator: coordinator, configuration: configuration, members: members)
  }

  /// Extends a ledger that this node coordinates: by the contract first, then in the chain. What the contract
  /// refuses changes nothing.
  mutating func append(_ kind: String, _ body: JSON, to id: CollaborationID, _ turn: inout Turn) {
    guard let head = replication.head(of: id) else { return }
    guard CanonicalJSON.encode(body).count <= Self.bodyByteLimit else {
      return notice("control", "entry.refused", collaboration: id, "an entry of kind \(kind) is over 63 KiB", &turn)
    }
    let record = LedgerRecord(
      number: head.number + 1, term: head.term, timeMilliseconds: turn.now.wallMilliseconds, kind: kind, body: body)
    do throws(Violation) {
      try changes[id, default: []].append(contentsOf: fold(record, of: id))
    } catch {
      return notice("control", "entry.refused", collaboration: id, "\(error)", &turn)
    }
    var effects: Replication.Effects = []
    do {
      _ = try replication.append(kind: kind, body: body, to: id, at: turn.now, into: &effects)
    } catch {
      // The contract has taken it, its size was looked at, and its number and time are this node's own.
      preconditionFailure("an entry of kind \(kind) that the contract allows cannot be appended: \(error)")
    }
    carryOut(effects, &turn)
    changed.insert(id)
  }

  /// - Returns: what the record changed.
  mutating func fold(_ record: LedgerRecord, of id: CollaborationID) throws(Violation) -> [TaskChange] {
    guard let change = try books[id]?.apply(record) else {
      books[id] = try CollaborationState(id: id, opening: record)
      return []
    }
    return [change]
  }

  /// Judges what a coordinator proposes, all of it or nothing.
  mutating func judge(_ id: CollaborationID, _ records: [LedgerRecord], _ token: JobToken, _ turn: inout Turn) {
    // One record is taken whole or not at all by itself; a second reference would have every subtask copied.
    let before = records.count > 1 ? books[id] : nil
    var folded: [TaskChange] = []
    for record in records {
      do throws(Violation) {
        try folded.append(contentsOf: fold(record, of: id))
      } catch {
        if records.count > 1 { books[id] = before }
        notice("control", "entry.refused", collaboration: id, "\(error)", &turn)
        return replicationStep(.judged(token, .refused(number: error.entry, reason: "\(error)")), &turn)
      }
    }
    replicationStep(.judged(token, .accepted), &turn)
    changes[id, default: []].append(contentsOf: folded)
    changed.insert(id)
    // Offers come beside the entries that they refer to, and may overtake them.
    queues.hasten()
    for record in records { told(record, of: id, &turn) }
  }

  /// What people on a participant follow.
  private mutating func told(_ record: LedgerRecord, of id: CollaborationID, _ turn: inout Turn) {
    notice("control", "entry.held", collaboration: id, "entry \(record.number): \(record.kind)", &turn)
  }

  /// Both roles take up what a ledger says now.
  mutating func ledgerChanged(_ id: CollaborationID, _ turn: inout Turn) {
    releaseParked(id, &turn)
    let changes = changes.removeValue(forKey: id) ?? []
    for change in changes { keepObjects(of: change, in: id, &turn) }
    coordinate(&turn) { engine, context, effects, turn in
      engine.dispatcher.folded(id, changes, context: context)
      engine.dispatcher.proceed(id, context, random: &turn.random, into: &effects)
      engine.executor.folded(id, changes, context: context, assessor: &engine.assessor, into: &effects)
      engine.executor.stop(engine.assessor.sweep(context: context, into: &effects), context, into: &effects)
    }
    readSpecifications(&turn)
  }

  /// Inputs of a task that was submitted here, and its results, stay while it is open.
  private func keepObjects(of change: TaskChange, in id: CollaborationID, _ turn: inout Turn) {
    guard let task = books[id]?.tasks[change.task], task.submitter == identity.node else { return }
    var results: [ObjectReference] = []
    switch change.extent {
    case .whole:
      if task.isOver { return turn.act(.letGo(task.id)) }
      turn.act(.hold(task.id, [task.submission.specification], inputs: true))
      results = task.subtasks.compactMap(\.result).flatMap(\.files).map(\.content)
    case .attempts(let attempts):
      results = attempts.compactMap { task.subtasks[$0.subtask].result }.flatMap(\.files).map(\.content)
    }
    if !results.isEmpty { turn.act(.hold(task.id, results, inputs: false)) }
  }

  // MARK: Replication

  mutating func replicationStep(_ input: Replication.Input, _ turn: inout Turn) {
    if case .open = input { linksChanged = true }
    var effects: Replication.Effects = []
    replication.step(input, at: turn.now, random: &turn.random, into: &effects)
    carryOut(effects, &turn)
  }

  private mutating func carryOut(_ effects: Replication.Effects, _ turn: inout Turn) {
    for effect in effects {
      switch effect {
      case .store(let writes, let token):
        for write in writes { turn.write(.ledger(write)) }
        turn.promise(.ledgerWritten(token))
      case .send(let message, let node): overlayStep(.sendMessage(Self.peerMessage(message), to: node), &turn)
      case .sign(let statement, let token): sign(statement, for: .ledger(token), &turn)
      case .verify(let signed, let key, let token):
        let job = CheckingJob(number: job())
        checking[job] = .ledger(token)
        turn.act(.check(job, .ledger(signed, key)))
      case .judge(let id, let records, let token): judge(id, records, token, &turn)
      case .held: break
      case .refused(let id, let number, let reason):
        notice("control", "ledger.halted", collaboration: id, "entry \(number) was refused: \(reason)", &turn)
        giveUp(id, "the contract refused entry \(number) of its coordinator: \(reason)", &turn)
      case .conflict(let conflict):
        notice(
          "control", "ledger.conflict", collaboration: conflict.collaboration, node: conflict.held.author,
          "the coordinator signed two different entries \(conflict.number)", &turn)
        giveUp(conflict.collaboration, "its coordinator signed two different entries \(conflict.number)", &turn)
      case .diverged(let id, let number, let member):
        notice(
          "control", "ledger.diverged", collaboration: id, node: member, "ledgers differ at entry \(number)", &turn)
        guard member == replication.set(of: id)?.coordinator else { continue }
        giveUp(id, "its coordinator holds another ledger, or less than it signed, at entry \(number)", &turn)
      case .memberLostState(let id, let member, let acknowledged, let found):
        notice(
          "control", "ledger.rolledBack", collaboration: id, node: member,
          "it acknowledged \(acknowledged) entries and holds \(found)", &turn)
      case .dropped(.duplicate, _): break
      case .dropped(let reason, _): journal.count("ledger: \(reason.code)")
      }
    }
  }

  /// Nothing that a broken ledger says is acted upon here any more: its work stops and holds no room. What lies on the
  /// disk stays, as evidence.
  mutating func giveUp(_ id: CollaborationID, _ why: String, _ turn: inout Turn) {
    guard broken[id] == nil else { return }
    broken[id] = why
    coordinate(&turn) { engine, context, effects, _ in
      engine.executor.abandon(id, into: &effects)
      engine.executor.stop(engine.assessor.sweep(context: context, into: &effects), context, into: &effects)
    }
  }

  static func peerMessage(_ message: ReplicationMessage) -> PeerMessage {
    switch message {
    case .head(let id, let number, let hash):
      .ledgerHead(.init(collaboration: id, number: number, hash: hash))
    case .request(let id, let from, let limit):
      .ledgerRequest(.init(collaboration: id, from: from, limit: limit))
    case .entries(let id, let entries, let proposals):
      .ledgerEntries(.init(collaboration: id, entries: entries, proposals: proposals))
    case .acknowledgement(let signed):
      .ledgerAcknowledgement(
        .init(
          collaboration: signed.statement.collaboration ?? CollaborationID(.zero), number: 0, hash: .zero,
          statement: signed))
    }
  }

  static func json(_ value: some Encodable) -> JSON {
    do {
      return try CanonicalJSON.json(of: value)
    } catch {
      preconditionFailure("a value made here has no canonical form: \(error)")
    }
  }
}
