internal import Consensus
internal import Contract
internal import Coordination
internal import Ledger
internal import Model
internal import Overlay

// People at this node act on who coordinates (R14).
extension NodeEngine {
  /// Calls an election.
  mutating func callElection(
    _ id: CollaborationID, person: String, reason: String, _ command: CommandID, _ turn: inout Turn
  ) {
    guard let book = votable(id, command, &turn) else { return }
    let look = quorum(of: book)
    guard look.missing == 0 else {
      let reason = standstill(of: book)
      return refuse(command, .unavailable, reason, next: nextStep(id, reason, look), &turn)
    }
    consensusStep(.call(id, person: person, reason: reason), &turn)
    notice("control", "election.called", collaboration: id, "\(person): \(reason)", &turn)
    turn.promise(.answer(command, .done))
  }

  static func preferenceKey(_ id: CollaborationID) -> String { "prefer/\(id.hexadecimal)" }

  /// Sets whom this node votes for first. It binds nobody else, and moves nobody from office.
  mutating func prefer(_ nodes: [NodeID], in id: CollaborationID, _ command: CommandID, _ turn: inout Turn) {
    guard let book = votable(id, command, &turn) else { return }
    if let stranger = nodes.first(where: { !book.configuration.hasVote($0) }) {
      return refuse(
        command, .invalid, "\(name(of: stranger)) has no vote in this collaboration and cannot coordinate it",
        next: "jointcloud election show \(id.short)", &turn)
    }
    guard Set(nodes).count == nodes.count else {
      return refuse(
        command, .invalid, "one node is named twice", next: "jointcloud election show \(id.short)", &turn)
    }
    preferences[id] = nodes.isEmpty ? nil : nodes
    turn.write(
      .document(
        key: Self.preferenceKey(id), value: nodes.isEmpty ? nil : CanonicalJSON.encode(Self.json(nodes))))
    rankCandidates(of: id, &turn)
    turn.promise(.answer(command, .done))
  }

  /// Hands the office over to another member, who consents by standing.
  mutating func transferOffice(
    _ id: CollaborationID, to node: NodeID, person: String, _ command: CommandID, _ turn: inout Turn
  ) {
    guard let book = votable(id, command, &turn) else { return }
    guard consensus.isInOffice(id) else {
      return refuse(
        command, .notPermitted,
        "this node is not in office: \(name(of: book.coordinator)) coordinates term \(book.term), and hands over there",
        next: "jointcloud election call \(id.short) --reason TEXT", &turn)
    }
    guard node != identity.node else {
      return refuse(
        command, .conflict, "this node is in office already", next: "jointcloud election show \(id.short)", &turn)
    }
    guard book.configuration.hasVote(node) else {
      return refuse(
        command, .invalid, "\(name(of: node)) has no vote in this collaboration and cannot coordinate it",
        next: "jointcloud election show \(id.short)", &turn)
    }
    let state = state(of: node)
    guard state == MemberState.alive.rawValue else {
      return refuse(
        command, .unavailable, "\(name(of: node)) is \(state) and could not take over",
        next: "jointcloud election show \(id.short)", &turn)
    }
    consensusStep(.transfer(id, to: node, person: person), &turn)
    notice(
      "control", "office.transferred", collaboration: id, node: node, "\(person) hands over to \(name(of: node))", &turn
    )
    turn.promise(.answer(command, .done))
  }

  private mutating func votable(
    _ id: CollaborationID, _ command: CommandID, _ turn: inout Turn
  ) -> CollaborationState? {
    guard let book = followed(id, command, &turn) else { return nil }
    guard book.configuration.hasVote(identity.node) else {
      refuse(
        command, .notPermitted, "this node has no vote in collaboration \(id.short)",
        next: "give the command at one of its voters: jointcloud election show \(id.short)", &turn)
      return nil
    }
    return book
  }
}
