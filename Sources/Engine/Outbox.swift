internal import Coordination
internal import EventQueue
internal import Model
internal import Overlay
internal import Sodium

/// Statements on their way to single peers: durable before their signature, and until their outcome is known.
struct Outbox: Sendable {
  /// A message for which there was no room, here or at its destination.
  private struct Deferred {
    let dueAt: Duration
    let id: StatementID
    let node: NodeID
  }

  static let firstWait = Duration.milliseconds(250)
  static let longestWait = Duration.seconds(30)
  /// Deferred messages that go again at one time.
  static let retriedAtOnce = 256

  private(set) var messages: [StatementID: [NodeID: StoredMessage]] = [:]
  /// In no order; each message stands here once at most.
  private var deferred: [Deferred] = []
  /// How long each message waited last.
  private var waits: [StatementID: [NodeID: Duration]] = [:]

  var count: Int { messages.values.reduce(0) { $0 + $1.count } }
  var hasDeferred: Bool { !deferred.isEmpty }

  /// - Returns: whether the statement is new and needs a signature.
  mutating func add(_ message: StoredMessage) -> Bool {
    let isNew = messages[message.id] == nil
    messages[message.id, default: [:]][message.destination] = message
    return isNew
  }

  /// The signature of a statement that is on its way to somebody already.
  func signature(of id: StatementID) -> Signature? {
    messages[id]?.values.lazy.compactMap(\.signature).first
  }

  /// - Returns: the messages that can go now, by destination.
  mutating func signed(_ id: StatementID, _ signature: Signature) -> [StoredMessage] {
    guard let known = messages[id] else { return [] }
    messages[id] = known.mapValues { message in
      var message = message
      message.signature = signature
      return message
    }
    return (messages[id] ?? [:]).values.sorted { $0.destination < $1.destination }
  }

  /// - Returns: the message; nil where it was not there.
  mutating func remove(_ id: StatementID, to node: NodeID) -> StoredMessage? {
    guard let message = messages[id]?.removeValue(forKey: node) else { return nil }
    if messages[id]?.isEmpty == true { messages[id] = nil }
    waits[id]?[node] = nil
    if waits[id]?.isEmpty == true { waits[id] = nil }
    return message
  }

  /// There was no room for it: it goes again later, at growing distances.
  mutating func postpone(_ id: StatementID, to node: NodeID, now: Duration) {
    guard messages[id]?[node] != nil else { return }
    let wait = waits[id]?[node].map { min($0 * 2, Self.longestWait) } ?? Self.firstWait
    waits[id, default: [:]][node] = wait
    deferred.append(Deferred(dueAt: now + wait, id: id, node: node))
  }

  /// Takes the messages whose wait is over, the longest due first.
  mutating func takeDue(now: Duration) -> [StoredMessage] {
    guard !deferred.isEmpty else { return [] }
    deferred.sort { ($0.dueAt, $0.id, $0.node) < ($1.dueAt, $1.id, $1.node) }
    let due = deferred.prefix { $0.dueAt <= now }.prefix(Self.retriedAtOnce)
    deferred.removeFirst(due.count)
    return due.compactMap { messages[$0.id]?[$0.node] }
  }
}

extension NodeEngine {
  /// Puts a statement for one peer into the outbox; the signature follows.
  mutating func tell(_ node: NodeID, _ statement: Statement, _ deadline: Int64, _ turn: inout Turn) {
    let signature = outbox.signature(of: statement.id)
    let message = StoredMessage(statement, signature: signature, destination: node, deadlineMilliseconds: deadline)
    turn.write(.outbox(message))
    let isNew = outbox.add(message)
    if let signature {
      turn.promise(
        .send(SignedStatement(statement, signature: signature), to: node, deadlineMilliseconds: deadline))
    } else if isNew {
      sign(statement, for: .outbox, &turn)
    }
  }

  /// A node that takes part in what it coordinates speaks to itself as to any other, without the detour by a link:
  /// out of the outbox and into the queue in one transaction.
  mutating func deliverHere(_ signed: SignedStatement, _ turn: inout Turn) {
    let outcome: DirectOutcome
    if let kind = EventKind(purpose: signed.statement.purpose),
      enqueue(kind.event(signed, at: turn.now, own: identity.node), &turn) == .full
    {
      outcome = .busy
    } else {
      outcome = .accepted
    }
    delivered(signed.id, to: identity.node, outcome, &turn)
  }

  /// A direct statement's outcome is known: it leaves the outbox, unless it is worth another try.
  mutating func delivered(_ id: StatementID, to node: NodeID, _ outcome: DirectOutcome, _ turn: inout Turn) {
    if outcome == .busy { return outbox.postpone(id, to: node, now: turn.now.uptime) }
    guard let message = outbox.remove(id, to: node) else { return }
    turn.write(.removeOutbox(id, to: node))
    switch outcome {
    case .busy: break
    case .accepted: noteDelivery(of: message, .accepted, at: turn.now)
    case .refused(let reason):
      noteDelivery(of: message, .refused, at: turn.now)
      notice("information", "message.refused", node: node, "\(id.short) was refused: \(reason)", &turn)
    case .expired:
      noteDelivery(of: message, .expired, at: turn.now)
      notice("information", "message.expired", node: node, "\(id.short) did not reach it in time", &turn)
    }
  }

  /// What there was no room for goes again, until its deadline.
  mutating func retryDeferred(_ turn: inout Turn) {
    for message in outbox.takeDue(now: turn.now.uptime) {
      guard let signature = message.signature else { continue }
      let signed = SignedStatement(message.statement, signature: signature)
      if turn.now.wallMilliseconds > message.deadlineMilliseconds {
        delivered(signed.id, to: message.destination, .expired, &turn)
      } else if message.destination == identity.node {
        deliverHere(signed, &turn)
      } else {
        turn.promise(
          .send(signed, to: message.destination, deadlineMilliseconds: message.deadlineMilliseconds))
      }
    }
  }
}
