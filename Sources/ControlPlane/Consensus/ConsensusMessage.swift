public import Ledger
public import Model

/// Where a member stands. Unsigned: a sign of life from the coordinator, a hint from anybody else.
public struct Standing: Codable, Hashable, Sendable {
  /// The highest term that the sender entered, and the one whose election it acts upon.
  public var promised: Int
  public var office: Int
  /// The last entry that it holds durably, covered by a proposal; number 0 for none.
  public var number: Int
  public var hash: Digest
  public var decided: Int
  /// Nothing is under way: signs of life come more seldom.
  public var isQuiet: Bool

  public init(promised: Int, office: Int, number: Int, hash: Digest, decided: Int, isQuiet: Bool) {
    self.promised = promised
    self.office = office
    self.number = number
    self.hash = hash
    self.decided = decided
    self.isQuiet = isQuiet
  }
}

/// Proofs of where a member stands: of its term, of who is in office, of how far its chain is certified.
public struct Credentials: Codable, Hashable, Sendable {
  public var promised: Int
  /// What `promised` was entered on, unless that was an election certificate.
  public var grounds: Grounds?
  public var office: ElectionCertificate?
  public var prepared: PrepareCertificate?
  public var decision: CommitCertificate?

  public init(
    promised: Int, grounds: Grounds?, office: ElectionCertificate?, prepared: PrepareCertificate?,
    decision: CommitCertificate?
  ) {
    self.promised = promised
    self.grounds = grounds
    self.office = office
    self.prepared = prepared
    self.decision = decision
  }

  /// The configuration of the highest position that it proves; nil at the start of a ledger.
  var configuration: Digest? {
    let proofs = [
      prepared.map { ($0.position, $0.body.configuration) }, decision.map { ($0.position, $0.body.configuration) },
      office.map { ($0.body.base, $0.body.configuration) },
    ]
    return proofs.compactMap { $0 }.max { $0.0 < $1.0 }?.1
  }

  /// The highest position that it proves.
  func position(in collaboration: CollaborationID) -> Position {
    [prepared?.position, decision?.position, office?.body.base].compactMap { $0 }
      .reduce(.start(of: collaboration)) { max($0, $1) }
  }
}

/// Entries one after another with the proposals that cover them, and the sender's highest decision.
public struct SegmentBytes: Hashable, Sendable {
  public var entries: [[UInt8]]
  public var proposals: [SignedStatement]
  public var decision: CommitCertificate?

  public init(entries: [[UInt8]], proposals: [SignedStatement], decision: CommitCertificate?) {
    self.entries = entries
    self.proposals = proposals
    self.decision = decision
  }
}

/// What members of a collaboration tell each other about its ledger and its terms.
public enum ConsensusMessage: Hashable, Sendable {
  case standing(Standing)
  /// Asks for entries from a number on.
  case request(from: Int, limit: Int)
  case entries(SegmentBytes)
  case acknowledgement(SignedStatement)
  case confirmation(SignedStatement)
  case prepared(PrepareCertificate)
  case decided(CommitCertificate)
  case preVote(SignedStatement, Credentials)
  /// Asks for a vote in the term that the credentials prove, at the position that they prove.
  case candidacy(Credentials)
  case vote(SignedStatement)
  /// Tells who is behind in terms or certificates; answers a candidate that proved less than the sender's lock.
  case credentials(Credentials)
  case credentialsRequest
  case call(SignedStatement)
  case transfer(SignedStatement)
}

/// Two proposals of one coordinator that put different entries at one place: proof of its misbehaviour.
public struct Conflict: Hashable, Sendable {
  public let collaboration: CollaborationID
  public let number: Int
  public let held: SignedProposal
  public let other: SignedProposal
}

/// Why something received changed nothing.
public enum ConsensusDrop: Error, Hashable, Sendable, CustomStringConvertible {
  case unknownCollaboration
  case notMember
  case malformed(String)
  case tooLarge
  case wrongAuthor
  case wrongEpoch
  /// Of a term that is over here.
  case staleTerm(current: Int, found: Int)
  /// Of a term whose election is not known here yet.
  case unknownTerm(found: Int)
  case wrongConfiguration
  /// A certificate that too few have signed, or others than voters.
  case flawed(String)
  /// Entries that no proposal of the message covers, or a proposal without its entries.
  case uncovered
  case gap(expected: Int, found: Int)
  case duplicate
  case badSignature
  case overloaded
  /// It contradicts what is decided, or what the election of this term rests on.
  case contradiction(number: Int)
  /// More often than the contract allows.
  case tooOften
  case halted

  /// The case without what a sender put into it: what drops are counted by.
  public var code: String {
    switch self {
    case .unknownCollaboration: "unknownCollaboration"
    case .notMember: "notMember"
    case .malformed: "malformed"
    case .tooLarge: "tooLarge"
    case .wrongAuthor: "wrongAuthor"
    case .wrongEpoch: "wrongEpoch"
    case .staleTerm: "staleTerm"
    case .unknownTerm: "unknownTerm"
    case .wrongConfiguration: "wrongConfiguration"
    case .flawed: "flawed"
    case .uncovered: "uncovered"
    case .gap: "gap"
    case .duplicate: "duplicate"
    case .badSignature: "badSignature"
    case .overloaded: "overloaded"
    case .contradiction: "contradiction"
    case .tooOften: "tooOften"
    case .halted: "halted"
    }
  }

  public var description: String {
    switch self {
    case .unknownCollaboration: "a collaboration that is not open here"
    case .notMember: "sender is not a member"
    case .malformed(let reason): "malformed: \(reason)"
    case .tooLarge: "over the limits of a message"
    case .wrongAuthor: "signed by somebody who may not"
    case .wrongEpoch: "signed under another key epoch"
    case .staleTerm(let current, let found): "of term \(found), in term \(current)"
    case .unknownTerm(let found): "of term \(found), whose election is not known here"
    case .wrongConfiguration: "of another configuration than the one in force"
    case .flawed(let reason): "a certificate that proves nothing: \(reason)"
    case .uncovered: "entries and proposals do not cover each other"
    case .gap(let expected, let found): "starts at entry \(found), but entry \(expected) is next"
    case .duplicate: "already held"
    case .badSignature: "the signature does not hold"
    case .overloaded: "too much waits"
    case .contradiction(let number): "contradicts what is certain at entry \(number)"
    case .tooOften: "more often than the contract allows"
    case .halted: "this ledger cannot be followed here any more"
    }
  }
}
