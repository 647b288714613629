public import Model

/// The coordinator of a term signs a batch of entries by the hash of the last: from then on they are proposed.
public struct Proposal: StatementBody {
  public static let purpose = Purpose("proposal")
  /// The most entries in one batch, and their most bytes.
  public static let countLimit = 256
  public static let byteLimit = 1_024 * 1_024

  public let term: Int
  public let configuration: Digest
  /// The first and the last entry of the batch.
  public let first: Int
  public let last: Int
  /// The hash of entry `last`.
  public let head: Digest

  public init(term: Int, configuration: Digest, first: Int, last: Int, head: Digest) {
    self.term = term
    self.configuration = configuration
    self.first = first
    self.last = last
    self.head = head
  }
}

/// A member signs what it holds durably: all entries up to `number`. A signed head kept away from the ledger proves its tail.
public struct Acknowledgement: StatementBody {
  public static let purpose = Purpose("ack")

  public let term: Int
  public let configuration: Digest
  public let number: Int
  /// The hash of entry `number`.
  public let head: Digest

  public init(term: Int, configuration: Digest, number: Int, head: Digest) {
    self.term = term
    self.configuration = configuration
    self.number = number
    self.head = head
  }
}

/// A voter signs that it holds the prepare certificate for entry `number` durably and gives it up for no lower one: a
/// quorum of these is the decision.
public struct Confirmation: StatementBody {
  public static let purpose = Purpose("confirm")

  public let term: Int
  public let configuration: Digest
  public let number: Int
  /// The hash of entry `number`.
  public let head: Digest

  public init(term: Int, configuration: Digest, number: Int, head: Digest) {
    self.term = term
    self.configuration = configuration
    self.number = number
    self.head = head
  }
}

/// A proposal in its signed frame. Whether the signature holds is for whoever has the coordinator's key to say.
public struct SignedProposal: Hashable, Sendable {
  public let signed: SignedStatement
  public let proposal: Proposal
  public let collaboration: CollaborationID

  public var author: NodeID { signed.statement.author }
  public var numbers: ClosedRange<Int> { proposal.first...proposal.last }

  /// - Throws: `LedgerError.statement` when the body is none of a proposal's, or covers no or too many entries.
  public init(_ signed: SignedStatement) throws(LedgerError) {
    guard let collaboration = signed.statement.collaboration else {
      throw .statement("a proposal that names no collaboration")
    }
    do {
      proposal = try signed.statement.decode(Proposal.self)
    } catch {
      throw .statement("not a proposal: \(error)")
    }
    guard proposal.term >= 1, proposal.first >= 1, proposal.last >= proposal.first,
      proposal.last - proposal.first < Proposal.countLimit
    else { throw .statement("a proposal for entries \(proposal.first) to \(proposal.last) of term \(proposal.term)") }
    self.signed = signed
    self.collaboration = collaboration
  }
}

/// An acknowledgement in its signed frame; as unproven as `SignedProposal`.
public struct SignedAcknowledgement: Hashable, Sendable {
  public let signed: SignedStatement
  public let acknowledgement: Acknowledgement
  public let collaboration: CollaborationID

  public var author: NodeID { signed.statement.author }

  /// - Throws: `LedgerError.statement`.
  public init(_ signed: SignedStatement) throws(LedgerError) {
    guard let collaboration = signed.statement.collaboration else {
      throw .statement("an acknowledgement that names no collaboration")
    }
    do {
      acknowledgement = try signed.statement.decode(Acknowledgement.self)
    } catch {
      throw .statement("not an acknowledgement: \(error)")
    }
    guard acknowledgement.number >= 1, acknowledgement.term >= 1 else {
      throw .statement("an acknowledgement of entry \(acknowledgement.number) of term \(acknowledgement.term)")
    }
    self.signed = signed
    self.collaboration = collaboration
  }
}
