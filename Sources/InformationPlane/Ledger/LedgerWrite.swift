public import Model

/// What a step of consensus must make durable.
public enum LedgerWrite: Hashable, Sendable {
  /// A new place in the chain. Never overwrites.
  case entry(Entry)
  case proposal(SignedProposal)
  /// A member's newest signed head; replaces its older one.
  case acknowledgement(SignedAcknowledgement)
}

/// One ledger as it was found on disk, links checked, signatures not.
public struct RecoveredChain: Hashable, Sendable {
  public let collaboration: CollaborationID
  /// From entry 1 without a gap.
  public let entries: [Entry]
  /// By first entry, ascending; entries after the last proposal's are not proposed yet.
  public let proposals: [SignedProposal]
  /// The newest of each member, by node id.
  public let acknowledgements: [SignedAcknowledgement]

  public init(
    collaboration: CollaborationID, entries: [Entry], proposals: [SignedProposal],
    acknowledgements: [SignedAcknowledgement]
  ) {
    self.collaboration = collaboration
    self.entries = entries
    self.proposals = proposals
    self.acknowledgements = acknowledgements
  }
}
