public import Model

/// What a step of consensus must make durable.
public enum LedgerWrite: Hashable, Sendable {
  /// A new place in the chain. Never overwrites.
  case entry(Entry)
  case proposal(SignedProposal)
  /// Entries above `after`, and their proposals, were never decided and give way to those of a later term.
  case dropped(CollaborationID, after: Int)
  /// Replaces the one before.
  case ballot(CollaborationID, Ballot)
  /// The highest; replaces the one before.
  case prepared(PrepareCertificate)
  /// The highest; replaces the one before.
  case decision(CommitCertificate)
}

/// One ledger as it was found on disk, links checked, signatures not.
public struct RecoveredChain: Hashable, Sendable {
  public let collaboration: CollaborationID
  /// From entry 1 without a gap.
  public let entries: [Entry]
  /// By first entry, ascending; entries after the last proposal's are not proposed yet.
  public let proposals: [SignedProposal]
  public let ballot: Ballot
  public let prepared: PrepareCertificate?
  public let decision: CommitCertificate?

  public init(
    collaboration: CollaborationID, entries: [Entry], proposals: [SignedProposal],
    ballot: Ballot = Ballot(), prepared: PrepareCertificate? = nil,
    decision: CommitCertificate? = nil
  ) {
    self.collaboration = collaboration
    self.entries = entries
    self.proposals = proposals
    self.ballot = ballot
    self.prepared = prepared
    self.decision = decision
  }
}
