import Model
import Sodium

/// A member's word that another does not answer. It counts for one version of the accused only.
struct Accusation: StatementBody {
  static let purpose = Purpose("accusation")

  let accused: NodeID
  let incarnation: Int
  /// The accuser's wall clock, so that old words are not collected for later.
  let milliseconds: Int64
  let refutation: Int

  var version: MemberVersion { MemberVersion(incarnation: incarnation, refutation: refutation) }
}

/// A member's objection to accusations: it is alive. Counts up within one incarnation.
struct Refutation: StatementBody {
  static let purpose = Purpose("refutation")

  let incarnation: Int
  let refutation: Int

  var version: MemberVersion { MemberVersion(incarnation: incarnation, refutation: refutation) }
}

/// What accusations are about and refutations raise.
struct MemberVersion: Hashable, Comparable, Sendable {
  /// Of the member's record.
  var incarnation: Int
  /// How often it objected since.
  var refutation = 0

  static func < (left: MemberVersion, right: MemberVersion) -> Bool {
    (left.incarnation, left.refutation) < (right.incarnation, right.refutation)
  }
}

/// A signed statement of one member about its life or another's, as gossip carries it. All who hold it share one object: a
/// node of a large network has a place for one beside each member.
final class Rumour: Sendable {
  enum Subject: Hashable, Sendable {
    case accusation(accused: NodeID, accuser: NodeID, MemberVersion)
    case refutation(NodeID, MemberVersion)

    /// Whether it is about this member, or by it.
    func names(_ node: NodeID) -> Bool {
      switch self {
      case .accusation(let accused, let accuser, _): node == accused || node == accuser
      case .refutation(let author, _): node == author
      }
    }
  }

  let subject: Subject
  let signed: SignedStatement
  /// As it stands in packets.
  let bytes: [UInt8]

  init(subject: Subject, signed: SignedStatement, bytes: [UInt8]) {
    self.subject = subject
    self.signed = signed
    self.bytes = bytes
  }

  /// Whose life it is about.
  var member: NodeID {
    switch subject {
    case .accusation(let accused, _, _): accused
    case .refutation(let node, _): node
    }
  }

  var author: NodeID { signed.statement.author }

  var version: MemberVersion {
    switch subject {
    case .accusation(_, _, let version), .refutation(_, let version): version
    }
  }
}
