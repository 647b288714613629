public import Model

/// Membership, broadcast and direct delivery over encrypted links, as a core: no I/O, no clock, no randomness
/// of its own. A full mesh for up to about twenty nodes; what the engine sees does not depend on that.
public struct OverlayCore: Sendable {
  public let node: NodeID
  public let network: NetworkID
  let genesis: Genesis
  let limits: OverlayLimits

  public init(identity: LocalIdentity, limits: OverlayLimits = OverlayLimits()) {
    node = identity.node
    network = identity.network
    genesis = identity.genesis
    self.limits = limits
  }

  /// How often something was dropped, by reason.
  public private(set) var counters: [DropReason: Int] = [:]

  /// The other members, sorted by id.
  public var members: [MemberView] { [] }

  /// Peers with a link, sorted by id.
  public var linkedPeers: [NodeID] { [] }

  /// Takes one input and appends what is to be done, in order.
  public mutating func step(
    _ input: OverlayInput, at now: Moment, random: inout Random, into effects: inout [OverlayEffect]
  ) {
  }
}
