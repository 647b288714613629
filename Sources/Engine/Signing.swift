internal import Consensus
internal import Contract
internal import Coordination
internal import EventQueue
internal import Model
internal import Overlay
internal import Sodium

/// What a signature is for.
enum SigningPurpose: Sendable {
  case ledger(JobToken)
  /// For a role that embeds it.
  case role
  case announcement
  /// For one node, if it is in reach.
  case information(NodeID)
  /// For every message in the outbox with this statement.
  case outbox
  case submission(CommandID, CollaborationID)
}

enum CheckingPurpose: Sendable {
  case overlay(VerificationID)
  case ledger(JobToken)
}

/// Statements on their way to single peers: durable before their signature, and until their outcome is known.
struct Outbox: Sendable {
  private(set) var messages: [StatementID: [NodeID: StoredMessage]] = [:]

  var count: Int { messages.values.reduce(0) { $0 + $1.count } }

  /// - Returns: whether the statement is new and needs a signature.
  mutating func add(_ message: StoredMessage) -> Bool {
    let isNew = messages[message.id] == nil
    messages[message.id, default: [:]][message.destination] = message
    return isNew
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

  /// - Returns: whether it was there.
  mutating func remove(_ id: StatementID, to node: NodeID) -> Bool {
    guard messages[id]?.removeValue(forKey: node) != nil else { return false }
    if messages[id]?.isEmpty == true { messages[id] = nil }
    return true
  }
}

// Signatures are made off the engine's loop and come back as inputs.
extension NodeEngine {
  mutating func sign(_ statement: Statement, for purpose: SigningPurpose, _ turn: inout Turn) {
    let job = SigningJob(number: job())
    signing[job] = purpose
    signingStatements[job] = statement
    turn.act(.sign(job, statement))
  }

  /// Puts a statement for one peer into the outbox; the signature follows.
  mutating func tell(_ node: NodeID, _ statement: Statement, _ deadline: Int64, _ turn: inout Turn) {
    let message = StoredMessage(statement, signature: nil, destination: node, deadlineMilliseconds: deadline)
    turn.write(.outbox(message))
    if outbox.add(message) { sign(statement, for: .outbox, &turn) }
  }

  mutating func signed(_ job: SigningJob, _ signature: Signature, _ turn: inout Turn) {
    guard let purpose = signing.removeValue(forKey: job), let statement = signingStatements.removeValue(forKey: job)
    else { return }
    let signed = SignedStatement(statement, signature: signature)
    switch purpose {
    case .ledger(let token): replicationStep(.signed(token, signature), &turn)
    case .announcement: turn.promise(.broadcast(signed))
    case .information(let node):
      turn.promise(.send(signed, to: node, deadlineMilliseconds: turn.now.wallMilliseconds + 5_000))
    case .outbox:
      for message in outbox.signed(signed.id, signature) {
        if message.destination == identity.node {
          deliverHere(signed, &turn)
          continue
        }
        turn.write(.outbox(message))
        turn.promise(
          .send(signed, to: message.destination, deadlineMilliseconds: message.deadlineMilliseconds))
      }
      dispatcher.signed(signed)
    case .role:
      _ = coordinate(&turn) { engine, context, effects, _ in
        engine.negotiator.signedRoster(signed, context: context, into: &effects)
      }
    case .submission(let command, let collaboration): submitted(signed, to: collaboration, command, &turn)
    }
  }

  /// A node that takes part in what it coordinates speaks to itself as to any other, without the detour by a link:
  /// out of the outbox and into the queue in one transaction.
  private mutating func deliverHere(_ signed: SignedStatement, _ turn: inout Turn) {
    guard outbox.remove(signed.id, to: identity.node) else { return }
    turn.write(.removeOutbox(signed.id, to: identity.node))
    guard let kind = EventKind(purpose: signed.statement.purpose),
      enqueue(kind.event(signed, at: turn.now), &turn) == .full
    else { return }
    notice("business", "message.refused", node: identity.node, "\(signed.id.short): the queue is full", &turn)
  }

  mutating func verified(_ job: CheckingJob, _ holds: Bool, _ turn: inout Turn) {
    switch checking.removeValue(forKey: job) {
    case .overlay(let id): overlayStep(.verified(id, holds), &turn)
    case .ledger(let token): replicationStep(.verified(token, holds), &turn)
    case nil: break
    }
  }

  /// A direct statement's outcome is known: it leaves the outbox.
  mutating func delivered(_ id: StatementID, to node: NodeID, _ outcome: DirectOutcome, _ turn: inout Turn) {
    guard outbox.remove(id, to: node) else { return }
    turn.write(.removeOutbox(id, to: node))
    switch outcome {
    case .accepted: break
    case .refused(let reason):
      notice("information", "message.refused", node: node, "\(id.short) was refused: \(reason)", &turn)
    case .expired:
      notice("information", "message.expired", node: node, "\(id.short) did not reach it in time", &turn)
    }
  }
}
