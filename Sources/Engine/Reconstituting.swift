internal import Consensus
internal import Contract
internal import Coordination
internal import Ledger
internal import Model
internal import Overlay

// A collaboration that has lost its quorum for good goes on under a new identity, and never silently (R17).
extension NodeEngine {
  mutating func reconstitute(
    _ id: CollaborationID, person: String, reason: String, _ command: CommandID, _ turn: inout Turn
  ) {
    guard let book = books[id], let head = consensus.entry(book.lastEntry, of: id)?.hash else {
      return refuse(
        command, .notFound, "no such collaboration is open here", next: "jointcloud collaboration list", &turn)
    }
    guard book.roster[identity.node] != nil else {
      return refuse(
        command, .notPermitted, "this node is no member of collaboration \(id.short)",
        next: "give the command at one of its members: jointcloud participant list --collaboration \(id.short)", &turn)
    }
    if let successor = successor(of: id) {
      return refuse(
        command, .conflict, "collaboration \(id.short) goes on as \(successor.short) already",
        next: "jointcloud collaboration show \(successor.short)", &turn)
    }
    guard broken[id] != nil || quorum(of: book).missing > 0 else {
      return refuse(
        command, .conflict, "a quorum of collaboration \(id.short) is in reach: it decides, and needs no successor",
        next: "jointcloud election show \(id.short)", &turn)
    }
    let task = book.taskOrder.last.flatMap { book.tasks[$0]?.submission }
    let old = negotiator.negotiations[id]
    let continuation = Continuation(
      collaboration: id, number: book.lastEntry, head: head, person: person, reason: reason)
    let trace = TraceID(turn.random.digest())
    let made = coordinate(&turn) { engine, context, effects, turn in
      engine.negotiator.create(
        name: book.charter.name, kind: old?.kind ?? task?.kind ?? "batch", labels: old?.labels ?? task?.labels ?? [:],
        needs: old?.needs ?? task?.needs ?? book.contract.admission.minimum,
        replyMilliseconds: book.contract.negotiation.replyMilliseconds,
        priceLimitMicroPerCPUSecond: old?.priceLimitMicroPerCPUSecond, continues: continuation, under: book.contract,
        trace: trace, context: context, random: &turn.random, into: &effects)
    }
    guard let made else {
      return refuse(
        command, .unavailable, "\(Negotiator.limit) negotiations are under way", next: "jointcloud collaboration list",
        &turn)
    }
    coordinate(&turn) { engine, context, effects, _ in engine.negotiator.tick(context, into: &effects) }
    notice(
      "control", "collaboration.reconstituted", collaboration: made,
      "\(person) founds it to go on with \(id.short) after entry \(book.lastEntry): \(reason)", &turn)
    turn.promise(.answer(command, .collaboration(made)))
  }

  /// The open collaboration that goes on with another; nil while there is none.
  func successor(of id: CollaborationID) -> CollaborationID? {
    books.values.filter { $0.charter.continues?.collaboration == id }.map(\.id).min()
  }

  static func endedKey(_ id: CollaborationID) -> String { "ended/\(id.hexadecimal)" }

  /// Once a successor is open nothing of the one before is acted upon here, whoever comes back: if a member of the old
  /// one founded it, names the end that is known here, and no quorum of the old one is in reach of this node either.
  mutating func endPredecessor(of id: CollaborationID, _ turn: inout Turn) {
    guard let charter = books[id]?.charter, let continues = charter.continues,
      let old = books[continues.collaboration]
    else { return }
    if let why = broken[continues.collaboration] {
      // Two sides may do so without knowing of each other: both are told.
      broken[continues.collaboration] = why + "; it goes on as \(id.short) too, founded by \(continues.person)"
      return notice(
        "control", "collaboration.continued", collaboration: continues.collaboration, node: charter.founder,
        "it goes on as \(id.short) too, says \(continues.person): \(continues.reason)", &turn)
    }
    let isProved =
      old.roster[charter.founder] != nil
      && consensus.entry(continues.number, of: continues.collaboration)?.hash == continues.head
      && continues.number <= old.lastEntry
    guard isProved, quorum(of: old).missing > 0 else {
      return notice(
        "control", "collaboration.continued", collaboration: continues.collaboration, node: charter.founder,
        "\(continues.person) says that it goes on as \(id.short), which is not so here: "
          + (isProved ? "a quorum of it is in reach" : "no member of it says so, or another end of it is known"), &turn)
    }
    notice(
      "control", "collaboration.continued", collaboration: continues.collaboration,
      "it goes on as \(id.short), says \(continues.person): \(continues.reason)", &turn)
    turn.write(
      .document(
        key: Self.endedKey(continues.collaboration), value: CanonicalJSON.encode(Self.json(id))))
    endHere(continues.collaboration, by: id, &turn)
  }

  mutating func endHere(_ id: CollaborationID, by successor: CollaborationID, _ turn: inout Turn) {
    let continues = books[successor]?.charter.continues
    giveUp(
      id,
      "it goes on as \(successor.short)" + (continues.map { ", founded by \($0.person): \($0.reason)" } ?? ""), &turn)
  }
}
