public import Model

/// A voter wants to leave for `term`. It promises nothing; a quorum of them is ground to enter the term.
public struct PreVote: StatementBody {
  public static let purpose = Purpose("preVote")

  public let configuration: Digest
  public let term: Int

  public init(term: Int, configuration: Digest) {
    self.configuration = configuration
    self.term = term
  }
}

/// A vote for a candidate at the position that it proved: one a term, so that a term has one outcome with one base.
public struct Vote: StatementBody {
  public static let purpose = Purpose("vote")

  public let candidate: NodeID
  public let configuration: Digest
  public let position: Position
  public let term: Int

  public init(term: Int, candidate: NodeID, position: Position, configuration: Digest) {
    self.candidate = candidate
    self.configuration = configuration
    self.position = position
    self.term = term
  }

  /// The last entry that the candidate keeps, ranked as what its election proves.
  public var base: Position { Position(term: term, number: position.number, head: position.head) }
}

/// A person at a member calls an election for `term` (R14).
public struct ElectionCall: StatementBody {
  public static let purpose = Purpose("election.call")
  /// The longest person's name and reason, in bytes.
  public static let textLimit = 256

  public let configuration: Digest
  public let person: String
  public let reason: String
  public let term: Int

  public init(term: Int, configuration: Digest, person: String, reason: String) {
    self.configuration = configuration
    self.person = person
    self.reason = reason
    self.term = term
  }
}

/// The coordinator in office hands over to a successor, who consents by standing for `term` with it.
public struct ElectionTransfer: StatementBody {
  public static let purpose = Purpose("election.transfer")

  public let configuration: Digest
  public let person: String
  public let successor: NodeID
  public let term: Int

  public init(term: Int, configuration: Digest, successor: NodeID, person: String) {
    self.configuration = configuration
    self.person = person
    self.successor = successor
    self.term = term
  }
}

/// Why members left the term before: nobody enters a term without (design 5).
public enum Grounds: Hashable, Sendable {
  /// A quorum of voters had lost the coordinator.
  case preVotes(Certificate<PreVote>)
  /// As many calls as the contract asks for, by author.
  case calls([SignedStatement])
  case transfer(SignedStatement)
}

/// One of `{"preVotes": certificate}`, `{"calls": [statement]}`, `{"transfer": statement}`.
extension Grounds: Codable {
  private struct Document: Codable {
    var calls: [SignedStatement]?
    var preVotes: Certificate<PreVote>?
    var transfer: SignedStatement?
  }

  public init(from decoder: any Decoder) throws {
    let document = try Document(from: decoder)
    switch (document.preVotes, document.calls, document.transfer) {
    case (let certificate?, nil, nil): self = .preVotes(certificate)
    case (nil, let calls?, nil): self = .calls(calls)
    case (nil, nil, let transfer?): self = .transfer(transfer)
    default:
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "expected preVotes, calls or transfer"))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var document = Document()
    switch self {
    case .preVotes(let certificate): document.preVotes = certificate
    case .calls(let calls): document.calls = calls
    case .transfer(let signed): document.transfer = signed
    }
    try document.encode(to: encoder)
  }
}

/// Why a term began, in words that people read.
public struct TermCause: Codable, Hashable, Sendable {
  public enum Kind: String, Codable, Hashable, Sendable {
    /// Nothing was heard of the coordinator.
    case lost
    /// It was there and left a valid request undecided for too long.
    case idle
    /// It signed two entries for one place, or what the contract refuses.
    case misbehaved
    case called
    case transferred
  }

  /// The node that the coordinator of the new term holds for the first to have asked.
  public var by: NodeID
  public var detail: String
  public var kind: Kind
  /// Who asked, where a person did.
  public var person: String?

  public init(kind: Kind, by: NodeID, detail: String, person: String? = nil) {
    self.by = by
    self.detail = detail
    self.kind = kind
    self.person = person
  }
}

/// The first entry of each term but the first: who coordinates from here on, by which votes, and why (R13, R14).
public struct TermOpened: Codable, Hashable, Sendable {
  public static let kind = "term.opened"

  public var cause: TermCause
  public var coordinator: NodeID
  public var election: Certificate<Vote>
  public var grounds: Grounds?

  public init(cause: TermCause, coordinator: NodeID, election: Certificate<Vote>, grounds: Grounds?) {
    self.cause = cause
    self.coordinator = coordinator
    self.election = election
    self.grounds = grounds
  }

  /// Reads the body of an entry and checks that it opens the entry's term at this place. Whether the votes hold is for
  /// whoever knows the voters to say.
  ///
  /// - Throws: `LedgerError.field`, `.statement`.
  public init(_ entry: Entry) throws(LedgerError) {
    guard entry.kind == Self.kind else { throw .field("kind", expected: "\(Self.kind) as the first of its term") }
    do {
      self = try CanonicalJSON.decode(TermOpened.self, from: entry.record.body)
    } catch {
      throw .statement("no opening of a term: \(error)")
    }
    let vote = election.body
    guard election.collaboration == entry.collaboration, vote.term == entry.term, vote.candidate == coordinator else {
      throw .statement("the votes are for another term, coordinator or collaboration")
    }
    guard vote.position.number == entry.number - 1, vote.position.head == entry.previous else {
      throw .statement("the votes are for another place than after entry \(entry.number - 1)")
    }
  }
}
