package import Model

/// What a node whose program is not this one could send: for tests and simulations of hostile members.
package enum RawTraffic {
  /// A frame that pushes a fact.
  package static func fact(_ signed: SignedStatement, hops: Int) -> [UInt8] {
    OverlayFrame.fact(signed, hops: hops, detour: false)
  }

  /// A frame with rumours.
  package static func gossip(_ updates: [[UInt8]]) -> [UInt8] { OverlayFrame.gossip(updates) }

  /// An accusation by whoever has the identity, as a part of a packet.
  ///
  /// - Throws: `IdentityError`.
  package static func accusation(
    of accused: NodeID, incarnation: Int, refutation: Int, by accuser: LocalIdentity, wallMilliseconds: Int64
  ) throws(IdentityError) -> [UInt8] {
    let body = Accusation(
      accused: accused, incarnation: incarnation, milliseconds: wallMilliseconds, refutation: refutation)
    let signed = try accuser.sign(body)
    return Packet.bytes(
      of: RumourFields(body, by: accuser.node, epoch: accuser.epoch, signature: signed.signature).wire)
  }
}

extension OverlayCore {
  /// A datagram with rumours, sealed as this node's own.
  ///
  /// - Returns: nil when the peer is not known.
  package mutating func rawDatagram(updates: [[UInt8]], to peer: NodeID) -> [UInt8]? {
    guard let member = table[peer] else { return nil }
    var packet = Packet()
    packet.updates = updates
    return datagramKeys.seal(packet.encoded, by: node, for: peer, member.key)
  }

  /// Neighbours to whom there is no stream.
  package var missingNeighbours: [NodeID] { neighbours.filter { linkOfNode[$0] == nil }.sorted() }

  package func holdsSameFacts(as other: OverlayCore) -> Bool { summary == other.summary }

  /// How often a member objected to accusations since its record.
  package func refutation(of peer: NodeID) -> Int? { peer == node ? ownRefutation : table[peer]?.refutation }
}
