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
  case call
  /// A person's, who is told once it is kept.
  case announcement(answering: CommandID, TraceID)
  case overlay(OverlaySigningID)
  /// This node's record anew.
  case record
  /// For one node, if it is in reach.
  case information(NodeID)
  /// For every message in the outbox with this statement.
  case outbox
  case submission(CommandID, CollaborationID)
  /// The founder's, under the first roster of the network's own collaboration.
  case councilRoster
}

enum CheckingPurpose: Sendable {
  case overlay(VerificationID)
  case ledger(JobToken)
}

// Signatures are made off the engine's loop and come back as inputs.
extension NodeEngine {
  mutating func sign(_ statement: Statement, for purpose: SigningPurpose, _ turn: inout Turn) {
    let job = SigningJob(number: job())
    signing[job] = purpose
    signingStatements[job] = statement
    turn.act(.sign(job, statement))
  }

  mutating func signed(_ job: SigningJob, _ signature: Signature, _ turn: inout Turn) {
    guard let purpose = signing.removeValue(forKey: job), let statement = signingStatements.removeValue(forKey: job)
    else { return }
    let signed = SignedStatement(statement, signature: signature)
    switch purpose {
    case .ledger(let token): consensusStep(.signed(token, signature), &turn)
    case .call: turn.promise(.broadcast(signed, nil))
    case .announcement(let command, let trace): turn.promise(.broadcast(signed, (command, trace)))
    case .overlay(let id): overlayStep(.signed(id, signature), &turn)
    case .record: turn.promise(.announce(signed))
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
    case .councilRoster: openCouncil(signed, &turn)
    case .submission(let command, let collaboration): submitted(signed, to: collaboration, command, &turn)
    }
  }

  mutating func verified(_ job: CheckingJob, _ finding: Verification.Finding, _ turn: inout Turn) {
    switch checking.removeValue(forKey: job) {
    case .overlay(let id): overlayStep(.verified(id, finding), &turn)
    case .ledger(let token):
      let holds = if case .holds = finding { true } else { false }
      consensusStep(.verified(token, holds), &turn)
    case nil: break
    }
  }
}
