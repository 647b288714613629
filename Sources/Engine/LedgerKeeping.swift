internal import Consensus
internal import Contract
internal import Coordination
internal import EventQueue
internal import Ledger
internal import Model
internal import Overlay

// Ledgers: founding, following, appending, judging what is proposed, folding what is decided.
//
// Each ledger is folded twice: `books` holds what is decided, and what is shown and acted upon comes from there;
// `drafts` goes on to the head of the chain, so that what is proposed is judged by what is proposed before it.
extension NodeEngine {
  /// Leaves room in an entry for what stands around its body.
  static let bodyByteLimit = Entry.byteLimit - 1_024

  /// Ledgers that this node takes part in and of which nothing is here yet.
  static let blankLedgers = 64

  static func followKey(_ id: CollaborationID) -> String { "follow/\(id.hexadecimal)" }

  /// What is kept of a roster that was signed, until entry 1 is here.
  struct Following: Codable {
    var founder: NodeID
    var contract: ContractDocument
    /// Roster 1.
    var roster: Roster
    /// Members besides those, as the coordinator named them that let this node in.
    var contacts: [NodeID]?
  }

  /// Founds a ledger with entry 1.
  mutating func open(_ body: RoundOpened, _ turn: inout Turn) {
    guard let id = try? body.charter.id(), drafts[id] == nil, broken[id] == nil,
      let set = Self.memberSet(id, founder: body.coordinator, body.contract, body.roster)
    else { return }
    consensusStep(.open(set, Self.electionRules(of: body.contract), recovered: nil), &turn)
    append(RoundOpened.kind, Self.json(body), to: id, &turn)
    guard drafts[id] == nil else { return }
    coordinate(&turn) { engine, _, effects, _ in
      engine.negotiator.openingRefused(id, "the contract refused entry 1", into: &effects)
    }
  }

  /// Takes part in a ledger of which nothing is here yet.
  mutating func follow(_ id: CollaborationID, _ following: Following, _ turn: inout Turn) {
    // What lies on the disk of a ledger that could not be taken up again is not to be written over.
    guard broken[id] == nil, let set = Self.memberSet(id, following) else { return }
    // A roster that this node signed is not replaced by an invitation that does not list it.
    if let known = consensus.members(of: id), known.member(identity.node) != nil,
      following.roster[identity.node] == nil
    {
      return
    }
    // Rounds of which nothing has come hold room and links until they open.
    guard
      books[id] != nil || consensus.members(of: id) != nil
        || consensus.collaborations.count(where: { books[$0] == nil }) < Self.blankLedgers
    else { return notice("control", "round.refused", collaboration: id, "too many rounds are awaited here", &turn) }
    turn.write(.document(key: Self.followKey(id), value: CanonicalJSON.encode(Self.json(following))))
    // A new roster of a round that never opened replaces the one before.
    guard drafts[id] == nil else { return }
    consensusStep(.open(set, Self.electionRules(of: following.contract), recovered: nil), &turn)
  }

  static func memberSet(_ id: CollaborationID, _ following: Following) -> MemberSet? {
    memberSet(
      id, founder: following.founder, following.contract, following.roster, contacts: following.contacts ?? [])
  }

  static func memberSet(
    _ id: CollaborationID, founder: NodeID, _ contract: ContractDocument, _ roster: Roster, contacts: [NodeID] = []
  ) -> MemberSet? {
    guard
      let configuration = try? roster.configuration(founder: founder, votersAtMost: contract.election.votersAtMost)
    else { return nil }
    var members: [MemberSet.Member] = []
    for member in roster.members {
      guard let keys = try? EpochCertificate(checking: member.certificate) else { return nil }
      members.append(.init(node: keys.node, epoch: keys.epoch, signingKey: keys.signingKey))
    }
    return MemberSet(
      collaboration: id, founder: founder, configuration: configuration, members: members,
      contacts: contacts)
  }

  static func electionRules(of contract: ContractDocument) -> ElectionRules {
    ElectionRules(
      timeout: .milliseconds(contract.election.timeoutMilliseconds),
      stagger: .milliseconds(contract.election.staggerMilliseconds),
      requestDeadline: .milliseconds(contract.election.requestMilliseconds),
      callInterval: .milliseconds(contract.election.callIntervalMilliseconds),
      callsNeeded: contract.election.callsNeeded)
  }

  // MARK: Proposing

  /// Extends a ledger that this node coordinates: by the contract first, then in the chain. What the contract refuses
  /// changes nothing.
  mutating func append(_ kind: String, _ body: JSON, to id: CollaborationID, _ turn: inout Turn) {
    guard let head = consensus.head(of: id), let office = consensus.office(of: id) else { return }
    // Its term ended since the role asked: the next coordinator sees the same ledger and decides for itself.
    guard consensus.isInOffice(id) || kind == TermOpened.kind || head.number == 0 else { return }
    guard CanonicalJSON.encode(body).count <= Self.bodyByteLimit else {
      return notice("control", "entry.refused", collaboration: id, "an entry of kind \(kind) is over 63 KiB", &turn)
    }
    let record = LedgerRecord(
      number: head.number + 1, term: office.term, timeMilliseconds: turn.now.wallMilliseconds, kind: kind, body: body)
    do throws(Violation) {
      let folded = try fold([record], after: head.number, of: id)
      draftChanges[id, default: []].append(contentsOf: folded)
    } catch {
      // The draft is what the roles go by, and a refused entry changes nothing of it.
      bringDraft(of: id, to: head.number)
      return notice("control", "entry.refused", collaboration: id, "\(error)", &turn)
    }
    var effects: LedgerConsensus.Effects = []
    do {
      _ = try consensus.append(kind: kind, body: body, to: id, at: turn.now, into: &effects)
    } catch {
      // The contract has taken it, its size was looked at, and this node is in office.
      preconditionFailure("an entry of kind \(kind) that the contract allows cannot be appended: \(error)")
    }
    if MembershipChange.changesMembers(kind) { linksChanged = true }
    carryOut(effects, &turn)
    changed.insert(id)
  }

  // MARK: Folding

  /// Takes records into the draft, all of them or none.
  private mutating func fold(
    _ records: [LedgerRecord], after number: Int, of id: CollaborationID
  ) throws(Violation) -> [TaskChange] {
    bringDraft(of: id, to: number)
    var changes: [TaskChange] = []
    for record in records {
      do throws(Violation) {
        if drafts[id] == nil {
          drafts[id] = try CollaborationState(id: id, opening: record)
        } else if let change = try drafts[id]?.apply(record) {
          changes.append(change)
        }
      } catch {
        // Made anew from what is decided when it is needed next.
        drafts[id] = nil
        throw error
      }
    }
    return changes
  }

  /// Makes the draft say what the chain says up to a number that is not below what is decided.
  private mutating func bringDraft(of id: CollaborationID, to number: Int) {
    guard (drafts[id]?.lastEntry ?? 0) != number else { return }
    drafts[id] = books[id]
    for next in stride(from: (books[id]?.lastEntry ?? 0) + 1, through: number, by: 1) {
      guard let entry = consensus.entry(next, of: id) else {
        preconditionFailure("entry \(next) of \(id.short) is judged upon and is not here")
      }
      do throws(Violation) {
        if drafts[id] == nil {
          drafts[id] = try CollaborationState(id: id, opening: entry.record)
        } else {
          try drafts[id]?.apply(entry.record)
        }
      } catch {
        preconditionFailure("an entry that was judged before is refused: \(error)")
      }
    }
  }

  /// Judges what is proposed, all of it or nothing.
  mutating func judge(
    _ id: CollaborationID, _ records: [LedgerRecord], after number: Int, _ token: JobToken, _ turn: inout Turn
  ) {
    do throws(Violation) {
      let folded = try fold(records, after: number, of: id)
      draftChanges[id, default: []].append(contentsOf: folded)
    } catch {
      notice("control", "entry.refused", collaboration: id, "\(error)", &turn)
      return consensusStep(.judged(token, .refused(number: error.entry, reason: "\(error)")), &turn)
    }
    consensusStep(.judged(token, .accepted), &turn)
    if records.contains(where: { MembershipChange.changesMembers($0.kind) }) { linksChanged = true }
  }

  /// What is decided is folded, shown and acted upon.
  mutating func decided(_ id: CollaborationID, through last: Int, _ turn: inout Turn) {
    let term = books[id]?.term
    let digested = newestDigest(in: id, after: books[id]?.lastEntry ?? 0, through: last)
    for number in stride(from: (books[id]?.lastEntry ?? 0) + 1, through: last, by: 1) {
      guard let entry = consensus.entry(number, of: id) else {
        preconditionFailure("entry \(number) of \(id.short) is decided and is not here")
      }
      if number == digested { keepState(of: id, &turn) }
      do throws(Violation) {
        if books[id] == nil {
          books[id] = try CollaborationState(id: id, opening: entry.record)
        } else if let change = try books[id]?.apply(entry.record) {
          changes[id, default: []].append(change)
        }
      } catch {
        // It was judged before it was stored, by the same rules.
        preconditionFailure("a decided entry is refused: \(error)")
      }
      told(entry.record, of: id, &turn)
    }
    if term == nil { endPredecessor(of: id, &turn) }
    if id == council?.id { councilDecided(&turn) }
    if term != books[id]?.term { beganTerm.insert(id) }
    rankCandidates(of: id, &turn)
    changed.insert(id)
    // Offers come beside the entries that they refer to, and may overtake them.
    queues.hasten()
  }

  /// Who should coordinate next: whom people here prefer, then to whom a quorum delegates, then who has the most weight.
  /// Where this node delegates too, that comes first.
  mutating func rankCandidates(of id: CollaborationID, _ turn: inout Turn) {
    guard let book = books[id] else { return }
    let ranking = book.roster.members.map { (node: $0.node, place: Self.place(of: $0, in: book)) }
      .sorted { $0.place < $1.place }.map(\.node)
    let preferred = (preferences[id] ?? []).filter { book.roster[$0] != nil }
    let agent = [book.agency?.agent].compactMap(\.self)
    let isOwn = agent.first.map { $0 == book.delegations[identity.node]?.agent } ?? false
    var order: [NodeID] = []
    for node in (isOwn ? agent + preferred : preferred + agent) + ranking where !order.contains(node) {
      order.append(node)
    }
    guard order != rankings[id] else { return }
    rankings[id] = order
    consensusStep(.rank(id, order), &turn)
  }

  /// Who offers nothing coordinates for others by delegation only, or where nobody else is left; who leaves comes last.
  private static func place(of member: RosterMember, in book: CollaborationState) -> (Int, Int, NodeID) {
    let group = book.leaving.contains(member.node) ? 2 : member.total.isZero ? 1 : 0
    return (group, -(book.weights[member.node]?.ppm ?? 0), member.node)
  }

  /// What people follow.
  private mutating func told(_ record: LedgerRecord, of id: CollaborationID, _ turn: inout Turn) {
    notice("control", "entry.decided", collaboration: id, "entry \(record.number): \(record.kind)", &turn)
  }

  /// Both roles take up what a ledger says now.
  mutating func ledgerChanged(_ id: CollaborationID, _ turn: inout Turn) {
    releaseParked(id, &turn)
    let decided = changes.removeValue(forKey: id) ?? []
    let drafted = draftChanges.removeValue(forKey: id) ?? []
    for change in decided {
      keepObjects(of: change, in: id, &turn)
      bringResults(of: change, in: id, &turn)
    }
    let beginsTerm = beganTerm.remove(id) != nil
    settleDeparture(from: id, &turn)
    settleDelegation(in: id, &turn)
    settleRequests(in: id, turn.now)
    followAgency(of: id, &turn)
    if beginsTerm { followCoordinator(of: id, &turn) }
    settleSubmissions(decided, in: id, &turn)
    coordinate(&turn) { engine, context, effects, turn in
      if beginsTerm {
        engine.dispatcher.termBegan(id, context: context)
        engine.recruiter.termBegan(id)
      }
      engine.dispatcher.folded(id, drafted, context: context)
      engine.dispatcher.proceed(id, context, random: &turn.random, into: &effects)
      engine.recruiter.proceed(id, engine.replication(of: id), context, into: &effects)
      engine.executor.folded(id, decided, context: context, assessor: &engine.assessor, into: &effects)
      engine.executor.stop(engine.assessor.sweep(context: context, into: &effects), context, into: &effects)
    }
    proposeDigest(of: id, &turn)
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

  /// Nothing that a broken ledger says is acted upon here any more: its work stops and holds no room. What lies on the
  /// disk stays, as evidence.
  mutating func giveUp(_ id: CollaborationID, _ why: String, _ turn: inout Turn) {
    guard broken[id] == nil else { return }
    broken[id] = why
    consensusStep(.halt(id), &turn)
    coordinate(&turn) { engine, context, effects, _ in
      engine.executor.abandon(id, into: &effects)
      engine.executor.stop(engine.assessor.sweep(context: context, into: &effects), context, into: &effects)
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
