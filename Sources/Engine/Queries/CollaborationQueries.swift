internal import Consensus
internal import Contract
internal import Coordination
internal import Ledger
public import Model
internal import Overlay
internal import Resources

// What people ask about collaborations, adapters and weights. Reads change nothing.
extension NodeEngine {
  public func adapterViews() -> [AdapterView] {
    adapters.map { status in
      AdapterView(
        name: status.name, kind: status.kind, usable: status.usable, detail: status.detail,
        features: status.features, total: status.total,
        running: executor.attempts.values.count { $0.stage == .running })
    }
  }

  /// Newest last.
  public func collaborationViews() -> [CollaborationView] {
    // The network's own has a place of its own: people meant none of theirs by it.
    let ids = Set(books.keys).union(negotiator.negotiations.keys).filter { $0 != council?.id }
    return ids.sorted { (age(of: $0), $0) < (age(of: $1), $1) }.compactMap(collaborationView)
  }

  private func age(of id: CollaborationID) -> Int64 {
    negotiator.negotiations[id]?.deadlineMilliseconds ?? books[id]?.openedMilliseconds ?? 0
  }

  /// nil for one that is not known here.
  public func collaborationView(_ id: CollaborationID) -> CollaborationView? {
    let negotiation = negotiator.negotiations[id]
    let book = books[id]
    guard let charter = book?.charter ?? negotiation?.charter, let contract = book?.contract ?? negotiation?.contract
    else { return nil }
    let coordinator = book?.coordinator ?? charter.founder
    let records = book?.negotiation ?? negotiation?.records.values.sorted { $0.node < $1.node } ?? []
    return CollaborationView(
      collaboration: id, name: charter.name, state: collaborationState(book, negotiation),
      reason: collaborationReason(book, negotiation), coordinator: coordinator,
      coordinatorName: name(of: coordinator),
      role: role(in: book, coordinator: coordinator),
      term: book?.term ?? 1, round: book?.round ?? 1, contract: (try? contract.hash()) ?? .zero,
      contractName: contract.name,
      contractVersion: contract.version, rosterVersion: book?.roster.version ?? 0,
      members: book?.roster.members.count ?? 0, tasks: book?.taskOrder.count ?? 0,
      entries: consensus.decidedNumber(of: id), head: decidedHead(of: id),
      negotiation: records.map {
        NegotiationView(
          node: $0.node, name: $0.name, answer: $0.answer.rawValue, code: $0.code, reason: $0.text,
          timeMilliseconds: $0.timeMilliseconds)
      },
      continues: charter.continues?.collaboration,
      rosterChanges: book?.rosterChanges.map {
        RosterChangeView(
          change: $0.kind.rawValue, node: $0.node, name: $0.name, entry: $0.entry,
          timeMilliseconds: $0.timeMilliseconds, rosterVersion: $0.version, reason: $0.reason)
      } ?? [])
  }

  private func role(in book: CollaborationState?, coordinator: NodeID) -> String {
    if coordinator == identity.node { return "coordinator" }
    guard let book else { return "observer" }
    if book.roster[identity.node] != nil { return book.leaving.contains(identity.node) ? "leaving" : "participant" }
    return book.departed.contains(identity.node) ? "left" : "observer"
  }

  /// The hash of the last decided entry; nil while there is none.
  private func decidedHead(of id: CollaborationID) -> Digest? {
    consensus.entry(consensus.decidedNumber(of: id), of: id)?.hash
  }

  private func collaborationState(_ book: CollaborationState?, _ negotiation: Negotiation?) -> String {
    if let book { return broken[book.id] == nil ? "open" : "halted" }
    return negotiation?.phase == .failed ? "failed" : "negotiating"
  }

  private func collaborationReason(_ book: CollaborationState?, _ negotiation: Negotiation?) -> String {
    if let book {
      if book.departed.contains(identity.node) {
        let entry = book.rosterChanges.last { $0.node == identity.node }?.entry ?? book.lastEntry
        return "this node left with entry \(entry): what it shows is of then, ask a member for more"
      }
      if let reason = departures[book.id], !book.leaving.contains(identity.node) {
        return "this node has asked to leave" + (reason.isEmpty ? "" : " (\(reason))")
          + ", which is not decided yet; " + standstill(of: book)
      }
      return standstill(of: book)
    }
    guard let negotiation else { return "" }
    switch negotiation.phase {
    case .calling:
      let missing = negotiation.records.values.filter { $0.answer == .asked }.map(\.name).sorted()
      return missing.isEmpty ? "the call is out" : "waits for answers of \(missing.joined(separator: ", "))"
    case .signing: return "waits for the roster's signatures"
    case .opened: return "opens"
    case .failed: return negotiation.reason
    }
  }

  /// - Parameter id: nil for all collaborations.
  public func participantViews(of id: CollaborationID?, at now: Moment) -> [ParticipantView] {
    selected(id).flatMap { book in
      book.roster.members.map { member in
        let shares = book.tasks.values.compactMap { $0.shares[member.node] }
        return ParticipantView(
          collaboration: book.id, node: member.node, name: member.name, owner: member.owner, kind: member.kind,
          adapters: member.adapters, sandboxed: member.sandboxed, total: member.total,
          committed: book.committed[member.node] ?? .zero,
          free: book.free(member.node), weightPPM: book.weights[member.node]?.ppm ?? 0,
          priceMicroPerCPUSecond: member.priceMicroPerCPUSecond, state: state(of: member.node),
          rosterVersion: book.roster.version, running: shares.reduce(0) { $0 + $1.running },
          completed: shares.reduce(0) { $0 + $1.succeeded }, told: told(by: member.node, at: now))
      }.sorted { $0.name < $1.name }
    }
  }

  private func selected(_ id: CollaborationID?) -> [CollaborationState] {
    if let id { return books[id].map { [$0] } ?? [] }
    return books.values.sorted { ($0.openedMilliseconds, $0.id) < ($1.openedMilliseconds, $1.id) }
  }

  /// - Parameter id: nil for all collaborations.
  public func weightViews(of id: CollaborationID?) -> [WeightView] {
    selected(id).flatMap { book in
      let offering = book.roster.members.filter { !$0.total.isZero }
      let sum = offering.reduce(0) { $0 + (book.weights[$1.node]?.ppm ?? 0) }
      return offering.map { member in
        let weight = book.weights[member.node]
        return WeightView(
          collaboration: book.id, node: member.node, name: member.name, weightPPM: weight?.ppm ?? 0,
          sharePPM: sum > 0 ? (weight?.ppm ?? 0) * 1_000_000 / sum : 0,
          changes: (weight?.changes ?? []).map {
            .init(entry: $0.entry, deltaPPM: $0.deltaPPM, afterPPM: $0.afterPPM, reason: $0.reason)
          })
      }.sorted { $0.name < $1.name }
    }
  }

  public func ledgerViews() -> [LedgerView] {
    consensus.collaborations.compactMap { id in
      guard let head = decidedHead(of: id), let book = books[id] else { return nil }
      let acknowledged = book.roster.members.filter { $0.node != identity.node }
        .map { ($0.name, consensus.heldNumber(of: id, by: $0.node)) }
      return LedgerView(
        collaboration: id, name: book.charter.name, entries: book.lastEntry, head: head,
        coordinator: book.coordinator,
        acknowledged: Dictionary(acknowledged, uniquingKeysWith: { first, _ in first }))
    }
  }

  /// At most 1,000 entries from number `from`; nil for a ledger that is not here.
  public func entryViews(of id: CollaborationID, from: Int, limit: Int) -> [EntryView]? {
    guard let head = consensus.head(of: id) else { return nil }
    let decided = consensus.decidedNumber(of: id)
    let first = max(1, from)
    guard first <= head.number else { return [] }
    let last = min(head.number, first + min(max(limit, 1), 1_000) - 1)
    return (first...last).compactMap { number in
      consensus.entry(number, of: id).map { entry in
        EntryView(
          number: number, kind: entry.kind, hash: entry.hash, timeMilliseconds: entry.record.timeMilliseconds,
          state: number <= decided ? "decided" : "proposed", body: entry.record.body)
      }
    }
  }

  /// How an offer to this node stands; newest first.
  public func offerViews() -> [OfferView] {
    assessor.offers.values.map { offer in
      let task = books[offer.collaboration]?.tasks[offer.offer.task]
      return OfferView(
        offer: offer.id, collaboration: offer.collaboration, task: offer.offer.task,
        taskName: task?.submission.name ?? "", coordinator: offer.signed.statement.author,
        subtasks: AttemptRange.count(offer.offer.attempts), needs: task?.submission.needs ?? .zero,
        state: offer.state.rawValue, code: offer.code, reason: offer.reason,
        expiresMilliseconds: offer.offer.expiresMilliseconds)
    }.sorted { ($0.expiresMilliseconds, $0.offer.hexadecimal) > ($1.expiresMilliseconds, $1.offer.hexadecimal) }
  }
}
