public import Model

/// What an entry changes about who holds and who decides a ledger; in force from that very entry on (design 5, Membership).
///
/// Consensus reads it from the chain as it grows, before the contract has judged it, so it stands on proofs alone: keys
/// are certified by their root keys, and voters change by way of a joint configuration whose quorums are quorums of both.
public enum MembershipChange: Hashable, Sendable {
  /// A node holds the ledger from now on, or signs under another epoch.
  case joined(EpochCertificate)
  case left(NodeID)
  /// Both the voters so far and the next ones are asked.
  case changing(Configuration)
  /// The next ones alone are, proved by the decision of an entry under the joint configuration.
  case changed(Configuration, decided: CommitCertificate)

  public static let joinedKind = "member.joined"
  public static let leftKind = "member.left"
  public static let changingKind = "voters.changing"
  public static let changedKind = "voters.changed"

  /// Whether entries of a kind change with whom a ledger is shared.
  public static func changesMembers(_ kind: String) -> Bool { kind == joinedKind || kind == leftKind }

  /// Reads an entry's body; nil for a kind that changes nothing of this. What else the body says is the contract's.
  ///
  /// - Throws: `LedgerError.statement` for a body that says something else, or a key that its root key does not certify.
  public init?(kind: String, body: JSON) throws(LedgerError) {
    do {
      switch kind {
      case Self.joinedKind:
        let signed = try Self.part(SignedStatement.self, "certificate", of: body["member"] ?? .null)
        let certificate = try EpochCertificate(checking: signed)
        guard certificate.node == Self.node(body["member"]) else { throw EpochCertificateError.otherNode }
        self = .joined(certificate)
      case Self.leftKind:
        guard let node = Self.node(body) else { throw LedgerError.field("body.node", expected: "a node's id") }
        self = .left(node)
      case Self.changingKind: self = .changing(try Self.part(Configuration.self, "configuration", of: body))
      case Self.changedKind:
        self = .changed(
          try Self.part(Configuration.self, "configuration", of: body),
          decided: try Self.part(CommitCertificate.self, "decided", of: body))
      default: return nil
      }
    } catch {
      throw .statement("no \(kind): \(error)")
    }
  }

  private static func node(_ body: JSON?) -> NodeID? {
    body?["node"]?.stringValue.flatMap(NodeID.init(hexadecimal:))
  }

  private static func part<Part: Codable>(_ type: Part.Type, _ key: String, of body: JSON) throws -> Part {
    guard let part = body[key] else { throw LedgerError.field("body.\(key)", expected: "a value") }
    return try CanonicalJSON.decode(type, from: part)
  }

  /// The configuration that an entry with this change carries, after one that carries `before`.
  ///
  /// - Throws: `LedgerError.statement` when it may not follow: voters change one joint step at a time.
  public func configuration(after before: Configuration) throws(LedgerError) -> Configuration {
    switch self {
    case .joined, .left: return before
    case .changing(let joint):
      guard before.next == nil, joint.next != nil, joint.voters == before.voters else {
        throw .statement("a joint configuration that does not begin with the voters in force")
      }
      return joint
    case .changed(let configuration, _):
      guard configuration.next == nil, configuration.voters == before.next else {
        throw .statement("a configuration that is not the end of the joint one in force")
      }
      return configuration
    }
  }
}
