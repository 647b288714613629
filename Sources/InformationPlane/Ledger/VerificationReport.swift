public import Model

/// One thing that is wrong with a ledger, by the place where it is.
public struct Finding: Hashable, Sendable, Codable {
  public enum What: String, Hashable, Sendable, Codable {
    /// The bytes are not a canonical entry.
    case unreadable
    /// The entry is not the one that its successor or a signature names.
    case changed
    /// There is no entry at this place.
    case missing
    /// At this place lies an entry of another place: moved, swapped, inserted or renumbered.
    case misplaced
    /// Two entries claim this place: one of them was inserted.
    case contested
    /// The entry does not follow the one before it.
    case link
    /// What is stored beside the entry does not agree with it.
    case column
    /// A proposal that cannot be read, or of another author, term, configuration or range.
    case proposal
    /// A term begins without an election that proves it, or goes back.
    case election
    /// The certificate of the newest decision proves nothing.
    case decision
    /// A signature does not hold, or nobody's key is known for it.
    case signature
    /// No valid proposal covers the entry.
    case unproposed
    /// The ledger ends before a head that somebody signed.
    case cut
    /// Somebody signed another entry at this place.
    case contradicted
    /// Entry 1, a roster or a certificate is not what it must be.
    case foundation
    /// An entry stands under other voters than those before it make, or voters change without proof.
    case membership
    /// The contract does not allow it.
    case rules

    /// Lower for what causes the others at one entry, higher for what only repeats it.
    fileprivate var rank: Int {
      switch self {
      case .missing, .unreadable, .cut: 0
      case .contested, .misplaced, .changed, .contradicted: 1
      case .foundation, .link: 2
      case .signature, .proposal, .unproposed, .rules, .election, .decision, .membership: 3
      case .column: 4
      }
    }
  }

  /// The entry's number.
  public let number: Int
  public let what: What
  public let expected: String
  public let found: String

  public init(number: Int, what: What, expected: String, found: String) {
    self.number = number
    self.what = what
    self.expected = expected
    self.found = found
  }
}

/// What a verifier found.
public struct VerificationReport: Hashable, Sendable, Codable {
  /// Whether the end of the ledger is where somebody's signature, kept outside of it, says.
  public enum Tail: Hashable, Sendable, Codable {
    /// These nodes signed the last entry.
    case proven(by: [NodeID])
    /// The newest signed head known is this one; later entries may have been cut.
    case provenThrough(number: Int, by: [NodeID])
    /// No signed head was given: a cut tail could not be seen.
    case unproven
  }

  public let collaboration: CollaborationID
  public let coordinator: NodeID?
  public let entries: Int
  public let proposals: Int
  /// Entries up to here are decided, by a certificate that holds; 0 when there is none.
  public let decided: Int
  /// The last entry's hash; of an empty ledger the collaboration's id.
  public let head: Digest
  public let tail: Tail
  /// By number. Empty for a ledger that holds.
  public let findings: [Finding]

  package init(
    collaboration: CollaborationID, coordinator: NodeID?, entries: Int, proposals: Int, decided: Int, head: Digest,
    tail: Tail,
    findings: [Finding]
  ) {
    self.collaboration = collaboration
    self.coordinator = coordinator
    self.entries = entries
    self.proposals = proposals
    self.decided = decided
    self.head = head
    self.tail = tail
    self.findings = findings
  }

  public var holds: Bool { findings.isEmpty }

  /// The findings in the order in which people should read them: by entry, and of each entry the one that says most.
  /// What else was found there follows from it as a rule.
  public var leads: [(finding: Finding, followers: Int)] {
    Dictionary(grouping: findings, by: \.number).sorted { $0.key < $1.key }.compactMap { _, found in
      let first = found.enumerated().min { ($0.element.what.rank, $0.offset) < ($1.element.what.rank, $1.offset) }
      return first.map { ($0.element, found.count - 1) }
    }
  }
}

/// A signed head that proves how far a ledger goes.
public struct Anchor: Hashable, Sendable {
  let signed: SignedStatement
  let collaboration: CollaborationID
  let number: Int
  let head: Digest
  let isOutside: Bool

  /// - Parameter isOutside: kept apart from the ledger, so that who cuts the ledger does not cut it as well.
  public init(_ proposal: SignedProposal, isOutside: Bool) {
    signed = proposal.signed
    collaboration = proposal.collaboration
    number = proposal.proposal.last
    head = proposal.proposal.head
    self.isOutside = isOutside
  }

  public init(_ acknowledgement: SignedAcknowledgement, isOutside: Bool) {
    signed = acknowledgement.signed
    collaboration = acknowledgement.collaboration
    number = acknowledgement.acknowledgement.number
    head = acknowledgement.acknowledgement.head
    self.isOutside = isOutside
  }

  /// What one of the voters signed in a commit certificate that lies in the ledger's own file.
  init(_ certificate: CommitCertificate, _ signed: SignedStatement) {
    self.signed = signed
    collaboration = certificate.collaboration
    number = certificate.body.number
    head = certificate.body.head
    isOutside = false
  }

  /// A signed head of either kind, as members keep and show them.
  ///
  /// - Throws: `LedgerError.statement` for other statements.
  public init(_ signed: SignedStatement, isOutside: Bool) throws(LedgerError) {
    if signed.statement.purpose == Proposal.purpose {
      self.init(try SignedProposal(signed), isOutside: isOutside)
    } else {
      self.init(try SignedAcknowledgement(signed), isOutside: isOutside)
    }
  }
}
