public import Model

/// Why an identity, an invitation or a member record is refused.
public enum IdentityError: Error, Hashable, Sendable {
  /// Not of its format.
  case malformed(what: String, reason: String)
  /// Its checksum does not hold: a character was lost or changed on the way.
  case altered
  /// Its time is over (milliseconds since 1970-01-01T00:00:00Z).
  case expired(what: String, atMilliseconds: Int64)
  case otherNetwork(expected: NetworkID, got: NetworkID)
  /// A signature does not hold.
  case badSignature(of: String)
  /// Neither a founder nor the holder of a founder's grant.
  case notAdmitted(NodeID, reason: String)
  /// Only founders may do this.
  case notAFounder(NodeID)
  /// The network's genesis lets nobody in that way.
  case wayClosed(AdmissionWay)
  /// The grant names another node.
  case grantedToAnother(granted: NodeID, node: NodeID)
  /// Two parts that must belong to one node or epoch do not.
  case mismatch(what: String)
}

extension IdentityError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformed(let what, let reason): "\(what) is malformed: \(reason)"
    case .altered:
      "the invitation was altered or cut on its way: its checksum does not hold; copy it again in full"
    case .expired(let what, let milliseconds):
      "\(what) expired at \(CalendarTime.text(milliseconds))"
    case .otherNetwork(let expected, let got):
      "it belongs to network \(got.short), and this node to network \(expected.short); "
        + "use a data folder of its own for each network"
    case .badSignature(let what): "the signature of \(what) does not hold"
    case .notAdmitted(let node, let reason): "node \(node.short) is not admitted: \(reason)"
    case .notAFounder(let node):
      "node \(node.short) did not found this network and cannot invite; ask one of its founders"
    case .wayClosed(.invitation): "this network admits nobody by invitation; its founders name the nodes that may join"
    case .wayClosed(.allowList): "this network has no allow-list; its founders invite"
    case .wayClosed(.vote): "this network admits nobody by vote, and revokes nobody"
    case .grantedToAnother(let granted, let node):
      "it lets in node \(granted.short) alone, and this is node \(node.short)"
    case .mismatch(let what): "\(what) do not belong together"
    }
  }
}
