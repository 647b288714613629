public import Model
public import Sodium

/// Who holds a collaboration's ledger, and who may extend it.
public struct ReplicaSet: Hashable, Sendable {
  public struct Member: Hashable, Sendable {
    public let node: NodeID
    public let epoch: Int
    /// The signing key of that epoch.
    public let signingKey: VerificationKey

    public init(node: NodeID, epoch: Int, signingKey: VerificationKey) {
      self.node = node
      self.epoch = epoch
      self.signingKey = signingKey
    }
  }

  public let collaboration: CollaborationID
  public let term: Int
  public let coordinator: NodeID
  /// The hash that new entries and proposals carry.
  public let configuration: Digest
  /// All members with the coordinator, by node id.
  public let members: [Member]

  public init(
    collaboration: CollaborationID, term: Int = 1, coordinator: NodeID, configuration: Digest, members: [Member]
  ) {
    self.collaboration = collaboration
    self.term = term
    self.coordinator = coordinator
    self.configuration = configuration
    self.members = members.sorted { $0.node < $1.node }
  }

  public func member(_ node: NodeID) -> Member? {
    members.first { $0.node == node }
  }
}
