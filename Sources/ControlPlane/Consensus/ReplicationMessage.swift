public import Ledger
public import Model

/// What members of a collaboration tell each other about its ledger.
public enum ReplicationMessage: Hashable, Sendable {
  /// What the sender holds durably; number 0 for nothing. Unsigned: a hint from where to go on, no promise.
  case head(CollaborationID, number: Int, hash: Digest)
  case request(CollaborationID, from: Int, limit: Int)
  case entries(CollaborationID, entries: [[UInt8]], proposals: [SignedStatement])
  case acknowledgement(SignedStatement)
}

/// Two proposals of one coordinator that put different entries at one place: proof of its misbehaviour.
public struct Conflict: Hashable, Sendable {
  public let collaboration: CollaborationID
  public let number: Int
  public let held: SignedProposal
  public let other: SignedProposal
}

/// Why something received changed nothing.
public enum ReplicationDrop: Error, Hashable, Sendable, CustomStringConvertible {
  case unknownCollaboration
  case notMember
  case malformed(String)
  case tooLarge
  case wrongAuthor
  case wrongEpoch
  case wrongTerm(expected: Int, found: Int)
  /// Of other voters, keys or quorum rule than those in force.
  case wrongConfiguration
  /// Entries that no proposal of the message covers, or a proposal without its entries.
  case uncovered
  case gap(expected: Int, found: Int)
  case duplicate
  case badSignature
  case overloaded
  /// This ledger takes no more: the contract refused an entry.
  case halted
  case unexpectedAcknowledgement

  /// The case without what a sender put into it: what drops are counted by.
  public var code: String {
    switch self {
    case .unknownCollaboration: "unknownCollaboration"
    case .notMember: "notMember"
    case .malformed: "malformed"
    case .tooLarge: "tooLarge"
    case .wrongAuthor: "wrongAuthor"
    case .wrongEpoch: "wrongEpoch"
    case .wrongTerm: "wrongTerm"
    case .wrongConfiguration: "wrongConfiguration"
    case .uncovered: "uncovered"
    case .gap: "gap"
    case .duplicate: "duplicate"
    case .badSignature: "badSignature"
    case .overloaded: "overloaded"
    case .halted: "halted"
    case .unexpectedAcknowledgement: "unexpectedAcknowledgement"
    }
  }

  public var description: String {
    switch self {
    case .unknownCollaboration: "a collaboration that is not open here"
    case .notMember: "sender is not a member"
    case .malformed(let reason): "malformed: \(reason)"
    case .tooLarge: "over the limits of a message"
    case .wrongAuthor: "signed by somebody who is not the coordinator"
    case .wrongEpoch: "signed under another key epoch"
    case .wrongTerm(let expected, let found): "of term \(found), in term \(expected)"
    case .wrongConfiguration: "of another configuration than the one in force"
    case .uncovered: "entries and proposals do not cover each other"
    case .gap(let expected, let found): "starts at entry \(found), but entry \(expected) is next"
    case .duplicate: "already held"
    case .badSignature: "the signature does not hold"
    case .overloaded: "too many batches wait"
    case .halted: "the contract refused an earlier entry"
    case .unexpectedAcknowledgement: "acknowledges what was not proposed"
    }
  }
}
