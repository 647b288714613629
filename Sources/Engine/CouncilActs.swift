internal import Consensus
internal import Contract
internal import Coordination
internal import Ledger
internal import Model
internal import Overlay

// People propose and vote on who belongs to the network (R20).
extension NodeEngine {
  static let noVotes = "this network decides nothing by vote: its genesis says so for good"

  /// The ledger of the network's own collaboration; nil once the command is refused.
  private func councilBook(_ command: CommandID, _ turn: inout Turn) -> (CouncilDesk, CollaborationState, Council)? {
    guard let desk = council else {
      refuse(command, .notPermitted, Self.noVotes, next: "jointcloud network show", &turn)
      return nil
    }
    if let why = broken[desk.id] {
      refuse(command, .conflict, haltedText(desk.id, why), next: "jointcloud network decisions", &turn)
      return nil
    }
    guard let book = books[desk.id], let decided = book.council else {
      refuse(
        command, .unavailable,
        Self.councilUnknown(desk, identity.node), next: "jointcloud network decisions", &turn)
      return nil
    }
    return (desk, book, decided)
  }

  static func councilUnknown(_ desk: CouncilDesk, _ node: NodeID) -> String {
    desk.charter.founder == node
      ? "this node is founding the network's own collaboration: give the command again in some seconds"
      : "the network's own collaboration is not known here yet: a neighbour brings it in some seconds"
  }

  private static func ending(of motion: Council.Record) -> String {
    switch motion.outcome {
    case .holds(let entry): "holds since entry \(entry)"
    case .failed(let entry): "has failed with entry \(entry)"
    case .open: "is over: nobody decided it in time"
    }
  }

  private func hasPart(_ book: CollaborationState, _ command: CommandID, _ turn: inout Turn) -> Bool {
    if let motion = book.council?.revoked[identity.node].flatMap({ book.council?[$0] }) {
      refuse(
        command, .notPermitted, "this node was revoked by decision \(motion.id.short): \(motion.motion.reason)",
        next: "jointcloud network decisions", &turn)
      return false
    }
    guard book.roster[identity.node] != nil else {
      refuse(
        command, .notPermitted, "this node is no member of the network's own collaboration \(book.id.short)",
        next: "give the command at one of its members: jointcloud participant list --collaboration \(book.id.short)",
        &turn)
      return false
    }
    return true
  }

  mutating func propose(
    _ act: MotionAct, _ node: NodeID, person: String, reason: String, _ command: CommandID, _ turn: inout Turn
  ) {
    guard let (desk, book, decided) = councilBook(command, &turn), hasPart(book, command, &turn) else { return }
    let motion = Motion(
      act: act, after: book.lastEntry, subject: node, person: person, reason: reason,
      expiresMilliseconds: turn.now.wallMilliseconds + CouncilDesk.motionMilliseconds)
    if let problem = motion.disorder {
      return refuse(command, .invalid, problem, next: "jointcloud network \(act.rawValue) NODE --reason TEXT", &turn)
    }
    let isSettled = act == .admit ? decided.admitted[node] != nil : decided.revoked[node] != nil
    guard !isSettled else {
      let what = act == .admit ? "was let in by vote already" : "is revoked already"
      return refuse(command, .conflict, "node \(node.short) \(what)", next: "jointcloud network decisions", &turn)
    }
    if act == .admit, decided.revoked[node] == nil, node == identity.node || overlay.member(node) != nil {
      return refuse(
        command, .conflict, "node \(node.short) is a member of the network", next: "jointcloud member list", &turn)
    }
    if act == .revoke, node != identity.node, overlay.member(node) == nil, decided.admitted[node] == nil {
      return refuse(
        command, .notFound, "no member \(node.short) is known here", next: "jointcloud member list", &turn)
    }
    if let open = decided.motions.last(where: {
      $0.outcome == .open && $0.motion.subject == node && $0.motion.act == act
        && $0.motion.expiresMilliseconds > turn.now.wallMilliseconds
    }) {
      return refuse(
        command, .conflict, "proposal \(open.id.short) says the same and is open",
        next: "jointcloud network vote \(open.id.short) yes", &turn)
    }
    let statement = context(turn.now).statement(motion, in: desk.id)
    hold(statement, until: motion.expiresMilliseconds, command, .proposed(statement.id), &turn)
  }

  mutating func vote(on id: StatementID, yes: Bool, person: String, _ command: CommandID, _ turn: inout Turn) {
    guard let (desk, book, decided) = councilBook(command, &turn), hasPart(book, command, &turn) else { return }
    guard let motion = decided[id] else {
      return refuse(
        command, .notFound, "no proposal \(id.short) is known here", next: "jointcloud network decisions", &turn)
    }
    guard motion.outcome == .open, motion.motion.expiresMilliseconds > turn.now.wallMilliseconds else {
      return refuse(
        command, .conflict, "proposal \(id.short) \(Self.ending(of: motion)): there is nothing to vote on",
        next: "jointcloud network decisions", &turn)
    }
    guard book.mayDecide(identity.node, on: motion.motion.subject) else {
      let why = motion.motion.subject == identity.node ? "it is about this node" : "this node has no vote"
      return refuse(
        command, .notPermitted, "this node cannot vote on proposal \(id.short): \(why)",
        next: "give the command at a voter: jointcloud election show \(book.id.short)", &turn)
    }
    guard !motion.ballots.contains(where: { $0.node == identity.node }) else {
      return refuse(
        command, .conflict, "this node has voted on proposal \(id.short)", next: "jointcloud network decisions", &turn)
    }
    guard (1...Motion.personLimit).contains(person.utf8.count) else {
      return refuse(
        command, .invalid, "the person's name has 1 to \(Motion.personLimit) bytes",
        next: "jointcloud network vote \(id.short) \(yes ? "yes" : "no") --person NAME", &turn)
    }
    let statement = context(turn.now).statement(MotionVote(motion: id, yes: yes, person: person), in: desk.id)
    hold(statement, until: turn.now.wallMilliseconds + CouncilDesk.voteMilliseconds, command, .done, &turn)
  }

  // MARK: On the way to the ledger

  private mutating func hold(
    _ statement: Statement, until milliseconds: Int64, _ command: CommandID, _ answer: CommandAnswer,
    _ turn: inout Turn
  ) {
    guard (council?.waiting.count ?? 0) < CouncilDesk.waitingLimit else {
      return refuse(
        command, .unavailable, "\(CouncilDesk.waitingLimit) proposals and votes wait here for their decision",
        next: "jointcloud network decisions", &turn)
    }
    let waiting = CouncilDesk.Waiting(statement: statement, expiresMilliseconds: milliseconds)
    council?.waiting[statement.id] = waiting
    turn.write(.document(key: CouncilDesk.key(statement.id), value: statement.bytes))
    handOverMotions(&turn)
    turn.promise(.answer(command, answer))
  }

  /// Said to the coordinator, again now and then, until it stands on the ledger.
  mutating func handOverMotions(_ turn: inout Turn) {
    guard let desk = council, !desk.waiting.isEmpty, let book = books[desk.id] else { return }
    for (id, waiting) in desk.waiting.sorted(by: { $0.key < $1.key }) {
      guard waiting.expiresMilliseconds > turn.now.wallMilliseconds else {
        forget(waiting: id, &turn)
        continue
      }
      for node in audience(of: .motion(id), in: book, turn.now) {
        tell(node, waiting.statement, turn.now.wallMilliseconds + Self.resubmitInterval.milliseconds * 4, &turn)
      }
    }
  }

  mutating func settleMotions(_ turn: inout Turn) {
    guard let desk = council, let decided = books[desk.id]?.council else { return }
    for (id, waiting) in desk.waiting.sorted(by: { $0.key < $1.key }) {
      let vote = try? waiting.statement.decode(MotionVote.self)
      let motion = vote.map { decided[$0.motion] } ?? decided[id]
      let isOver =
        vote == nil
        ? motion != nil
        : motion.map {
          $0.outcome != .open || $0.motion.expiresMilliseconds <= turn.now.wallMilliseconds
            || $0.ballots.contains { $0.node == identity.node }
        } ?? true
      if isOver { forget(waiting: id, &turn) }
    }
  }

  private mutating func forget(waiting id: StatementID, _ turn: inout Turn) {
    council?.waiting[id] = nil
    petitionTold[.motion(id)] = nil
    turn.write(.document(key: CouncilDesk.key(id), value: nil))
  }
}
