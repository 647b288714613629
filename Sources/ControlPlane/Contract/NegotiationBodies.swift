public import Model

/// The end of a collaboration whose quorum was lost for good, and who founded another to go on from there (R17).
public struct Continuation: Codable, Hashable, Sendable {
  /// The longest person's name and reason, in characters.
  public static let textLimit = 64

  public var collaboration: CollaborationID
  /// The hash of its last entry that was decided where this one was founded.
  public var head: Digest
  public var number: Int
  public var person: String
  public var reason: String

  public init(collaboration: CollaborationID, number: Int, head: Digest, person: String, reason: String) {
    self.collaboration = collaboration
    self.head = head
    self.number = number
    self.person = String(person.prefix(Self.textLimit))
    self.reason = String(reason.prefix(Self.textLimit))
  }

  var isBounded: Bool {
    number >= 1 && person.utf8.count <= Self.textLimit * 4 && reason.utf8.count <= Self.textLimit * 4
  }
}

/// What founds a collaboration; its hash is the collaboration's id.
public struct Charter: Codable, Hashable, Sendable {
  /// What it goes on with; nil for most.
  public var continues: Continuation?
  public var founder: NodeID
  public var name: String
  public var network: NetworkID
  public var nonce: String

  public init(founder: NodeID, name: String, network: NetworkID, nonce: String, continues: Continuation? = nil) {
    self.continues = continues
    self.founder = founder
    self.name = name
    self.network = network
    self.nonce = nonce
  }

  /// - Throws: `JSONError`.
  public func id() throws(JSONError) -> CollaborationID {
    CollaborationID(Digest(of: try CanonicalJSON.encode(self)))
  }
}

/// Asks every node in scope whether it takes part; a broadcast fact (R3).
public struct Call: StatementBody {
  public static let purpose = Purpose("call")

  public var charter: Charter
  public var contract: ContractDocument
  /// What kind of work, such as `batch`, with its labels.
  public var kind: String
  public var labels: [String: String]
  /// What one subtask will need, as far as is known.
  public var needs: Amounts
  /// Wall milliseconds of the caller.
  public var replyByMilliseconds: Int64
  /// Wall milliseconds past which nobody relays it; a little later than the reply-by time.
  public var expiresMilliseconds: Int64
  public var trace: TraceID

  public init(
    charter: Charter, contract: ContractDocument, kind: String, labels: [String: String], needs: Amounts,
    replyByMilliseconds: Int64, trace: TraceID
  ) {
    expiresMilliseconds = replyByMilliseconds + 1_000
    self.charter = charter
    self.contract = contract
    self.kind = kind
    self.labels = labels
    self.needs = needs
    self.replyByMilliseconds = replyByMilliseconds
    self.trace = trace
  }
}

/// Why somebody does not take part or does not accept (design 6, step 5).
public enum DeclineCode: String, Codable, Hashable, Sendable, CaseIterable {
  case capacity = "CAPACITY"
  case policy = "POLICY"
  case data = "DATA"
  case price = "PRICE"
  case maintenance = "MAINTENANCE"
  case trust = "TRUST"
  case unsupported = "UNSUPPORTED"

  /// Whether who declines so will have none of the same task later either.
  public var isFinal: Bool {
    switch self {
    case .policy, .data, .price, .trust, .unsupported: true
    case .capacity, .maintenance: false
    }
  }
}

/// The answer to a call: joining with what is offered, declining, or another contract.
public struct CallAnswer: StatementBody {
  public static let purpose = Purpose("call.answer")

  public enum Verdict: Codable, Hashable, Sendable {
    case join(member: RosterMember)
    case decline(code: DeclineCode, text: String)
    /// Would join under this contract, whose version is one higher than the call's.
    case counter(contract: ContractDocument, member: RosterMember, text: String)
  }

  public var call: StatementID
  public var verdict: Verdict

  public init(call: StatementID, verdict: Verdict) {
    self.call = call
    self.verdict = verdict
  }
}

/// The agreement that every listed member signs: one hash over contract, roster and round.
public struct RosterProposal: StatementBody {
  public static let purpose = Purpose("roster.propose")

  public var charter: Charter
  /// The call that it concludes: two calls with the same answers are two negotiations.
  public var call: StatementID
  public var round: Int
  public var contract: ContractDocument
  public var roster: Roster
  public var trace: TraceID

  public init(
    charter: Charter, call: StatementID, round: Int, contract: ContractDocument, roster: Roster, trace: TraceID
  ) {
    self.charter = charter
    self.call = call
    self.round = round
    self.contract = contract
    self.roster = roster
    self.trace = trace
  }

  public var agreement: Agreement { Agreement(charter: charter, contract: contract, roster: roster, round: round) }
}

/// What the hash in a `RosterSignature` covers.
public struct Agreement: Codable, Hashable, Sendable {
  public var charter: Charter
  public var contract: ContractDocument
  public var roster: Roster
  public var round: Int

  public init(charter: Charter, contract: ContractDocument, roster: Roster, round: Int) {
    self.charter = charter
    self.contract = contract
    self.roster = roster
    self.round = round
  }

  /// - Throws: `JSONError`.
  public func hash() throws(JSONError) -> Digest {
    Digest(of: try CanonicalJSON.encode(self))
  }
}

/// A member's signature under an agreement.
public struct RosterSignature: StatementBody {
  public static let purpose = Purpose("roster.sign")

  public var agreement: Digest
  /// The call that led to it, so that a signature for an earlier proposal of the same roster is another statement.
  public var call: StatementID

  public init(agreement: Digest, call: StatementID) {
    self.agreement = agreement
    self.call = call
  }
}
