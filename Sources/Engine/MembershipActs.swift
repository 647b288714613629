internal import Consensus
internal import Contract
internal import Coordination
internal import Ledger
internal import Model
internal import Overlay

// Members of an open round that come and go (R7).
extension NodeEngine {
  static func departureKey(_ id: CollaborationID) -> String { "leave/\(id.hexadecimal)" }

  /// What the coordinator's role needs to know of the members' copies.
  func replication(of id: CollaborationID) -> Recruiter.Replication {
    guard let draft = coordinatedDraft(id) else { return Recruiter.Replication(upToDate: [], jointDecision: nil) }
    let upToDate = draft.roster.members.map(\.node).filter { consensus.isUpToDate($0, in: id) }
    let proof = consensus.decision(of: id).flatMap { decision in
      draft.configuration.next != nil && decision.body.configuration == draft.configuration.hash
        ? Self.json(decision) : nil
    }
    return Recruiter.Replication(upToDate: Set(upToDate), jointDecision: proof)
  }

  /// Whether members or votes of a round that this node coordinates are on their way to be others, which no entry says.
  func awaitsMembershipStep(_ id: CollaborationID) -> Bool {
    guard let draft = coordinatedDraft(id) else { return false }
    if draft.leaving.contains(identity.node) || departures[id] != nil { return true }
    let voters = draft.configuration.voters.count
    return draft.configuration.next != nil || !draft.leaving.isEmpty
      || (voters < draft.contract.election.votersAtMost && voters < draft.roster.members.count)
  }

  /// A person here wants to leave: said to the coordinator, again now and then, until it is decided.
  mutating func leave(_ id: CollaborationID, reason: String, _ command: CommandID, _ turn: inout Turn) {
    guard let book = followed(id, command, &turn) else { return }
    guard book.roster[identity.node] != nil else {
      return refuse(
        command, .conflict, "this node is no member of collaboration \(id.short)",
        next: "jointcloud participant list --collaboration \(id.short)", &turn)
    }
    guard book.coordinator != identity.node else {
      return refuse(
        command, .conflict, "this node coordinates collaboration \(id.short): hand over first",
        next: "jointcloud election transfer \(id.short) NODE", &turn)
    }
    if let task = book.openTaskIDs.first(where: { book.tasks[$0]?.submitter == identity.node }) {
      return refuse(
        command, .conflict, "task \(task.short) of this node is not over, and nobody else could take its result",
        next: "jointcloud task wait \(task.short), or jointcloud task cancel \(task.short)", &turn)
    }
    // Said again without a reason, it is still for the one that was given.
    let reason = reason.isEmpty ? departures[id] ?? "" : reason
    departures[id] = reason
    petitionTold[.departure(id)] = nil
    turn.write(
      .document(
        key: Self.departureKey(id),
        value: CanonicalJSON.encode(Self.json(LeaveRequest(after: book.lastEntry, reason: reason)))))
    handOverDepartures(&turn)
    turn.promise(.answer(command, .done))
  }

  mutating func handOverDepartures(_ turn: inout Turn) {
    for (id, reason) in departures.sorted(by: { $0.key < $1.key }) {
      guard let book = books[id], broken[id] == nil, book.coordinator != identity.node,
        !book.leaving.contains(identity.node)
      else { continue }
      let nodes = audience(of: .departure(id), in: book, turn.now)
      guard !nodes.isEmpty else { continue }
      let statement = context(turn.now).statement(LeaveRequest(after: book.lastEntry, reason: reason), in: id)
      for node in nodes {
        tell(node, statement, turn.now.wallMilliseconds + Self.resubmitInterval.milliseconds * 4, &turn)
      }
    }
  }

  /// Forgets a wish to leave once it is decided; a coordinator that leaves hands over.
  mutating func settleDeparture(from id: CollaborationID, _ turn: inout Turn) {
    guard let book = books[id] else { return }
    if departures[id] != nil, book.leaving.contains(identity.node) || book.roster[identity.node] == nil {
      departures[id] = nil
      petitionTold[.departure(id)] = nil
      turn.write(.document(key: Self.departureKey(id), value: nil))
    }
    guard departures[id] != nil || book.leaving.contains(identity.node), book.coordinator == identity.node,
      consensus.isInOffice(id)
    else { return }
    // One that does not take over in time is not asked again at once: meanwhile work goes on.
    let patience = Duration.milliseconds(book.contract.election.timeoutMilliseconds) * 10
    if let last = handedOn[id], turn.now.uptime - last.at < patience { return }
    let heirs = book.configuration.allVoters.map(\.node).filter {
      $0 != identity.node && !book.leaving.contains($0) && consensus.isUpToDate($0, in: id)
    }.sorted { (book.weights[$1]?.ppm ?? 0, $0) < (book.weights[$0]?.ppm ?? 0, $1) }
    // To whom a quorum delegates it goes first.
    let agent = book.agency?.agent.flatMap { heirs.contains($0) ? $0 : nil }
    let other = heirs.first { $0 != handedOn[id]?.heir } ?? heirs.first
    guard let heir = agent.flatMap({ $0 == handedOn[id]?.heir ? nil : $0 }) ?? other else { return }
    handedOn[id] = (heir, turn.now.uptime)
    consensusStep(.transfer(id, to: heir, person: ""), &turn)
  }

  /// A person here wants to be a member again of a round that this node left.
  mutating func join(_ id: CollaborationID, _ command: CommandID, _ turn: inout Turn) {
    let unknown =
      "collaboration \(id.short) is not known here: its coordinator asks nodes by itself while there is work"
    guard let book = followed(id, command, unknown: unknown, &turn) else { return }
    guard book.roster[identity.node] == nil else {
      return refuse(
        command, .conflict, "this node is a member of collaboration \(id.short)",
        next: "jointcloud participant list --collaboration \(id.short)", &turn)
    }
    let member = context(turn.now).member(under: book.contract)
    if let refusal = book.contract.refusal(of: member) {
      return refuse(
        command, .notPermitted, "the contract of collaboration \(id.short) does not admit this node: it \(refusal)",
        next: "jointcloud contract show \(id.short)", &turn)
    }
    let request = JoinRequest(after: book.lastEntry, contract: book.contractHash, member: member)
    // Another may coordinate by now: whoever does takes it up.
    for voter in Set(book.configuration.allVoters.map(\.node) + [book.coordinator]).sorted() {
      tell(voter, context(turn.now).statement(request, in: id), turn.now.wallMilliseconds + 60_000, &turn)
    }
    turn.promise(.answer(command, .done))
  }
}
