import Model
import Sodium

/// A statement whose signature is being checked.
struct PendingVerification: Sendable {
  enum Subject: Sendable {
    /// By the key that its author had when the check began.
    case fact(SignedStatement, by: VerificationKey, expiresMilliseconds: Int64, hops: Int)
    case record(SignedStatement)
    case direct(StatementID)
    /// Likewise.
    case rumour(Rumour, by: VerificationKey)
    /// A record that came by datagram from an address.
    case greeting(SignedStatement, from: String, wantsAnswer: Bool)
  }

  let subject: Subject
  /// Who brought it; this node itself for what came in clear.
  let node: NodeID
  let link: LinkID?
}

/// A rumour whose signature is being checked.
struct RumourCheck: Hashable, Sendable {
  let subject: Rumour.Subject
  let signature: Signature
}

/// A statement of this node's that is being signed.
enum PendingSignature: Sendable {
  case accusation(Accusation)
  case refutation(Refutation)
}

// Signatures are made and checked elsewhere, and come back in any order.
extension OverlayCore {
  mutating func verify(_ subject: Verification.Subject, for pending: PendingVerification, _ turn: inout Turn) {
    let id = VerificationID(nextJob)
    nextJob += 1
    verifications[id] = pending
    turn.emit(.verify(Verification(id: id, subject: subject)))
  }

  mutating func verified(_ id: VerificationID, _ finding: Verification.Finding, _ turn: inout Turn) {
    guard let pending = verifications.removeValue(forKey: id) else { return }
    checks.end(pending)
    switch pending.subject {
    case .fact(let signed, let key, let expiresMilliseconds, let hops):
      guard table[signed.statement.author]?.checked.certificate.signingKey == key else {
        return judgeAnew(signed, hops: hops, via: pending, &turn)
      }
      factVerified(signed, expiresMilliseconds, hops: hops, via: pending, finding.holds, &turn)
    case .record(let signed): recordVerified(signed, via: pending, finding, &turn)
    case .direct(let id): directVerified(id, via: pending, finding.holds, &turn)
    case .rumour(let rumour, let key):
      rumoursUnderCheck.remove(RumourCheck(subject: rumour.subject, signature: rumour.signed.signature))
      guard table[rumour.author]?.checked.certificate.signingKey == key else { return drop(.stale, from: nil, &turn) }
      rumourVerified(rumour, via: pending, finding.holds, &turn)
    case .greeting(let signed, let address, let wantsAnswer):
      greetingVerified(signed, from: address, wantsAnswer: wantsAnswer, finding, &turn)
    }
  }

  /// Signs a body in this node's name.
  mutating func sign<Body: StatementBody>(_ body: Body, for pending: PendingSignature, _ turn: inout Turn) {
    guard let statement = try? Statement(body, by: node, epoch: epoch, network: network) else {
      preconditionFailure("a statement of purpose \(Body.purpose) cannot be written")
    }
    let id = OverlaySigningID(nextJob)
    nextJob += 1
    signatures[id] = pending
    turn.emit(.sign(id, statement))
  }

  mutating func signed(_ id: OverlaySigningID, _ signature: Signature, _ turn: inout Turn) {
    switch signatures.removeValue(forKey: id) {
    case .accusation(let body): accuse(body, signature, &turn)
    case .refutation(let body): refute(body, signature, &turn)
    case nil: break
    }
  }
}

extension Verification.Finding {
  var holds: Bool {
    switch self {
    case .holds, .member: true
    case .refused: false
    }
  }
}
