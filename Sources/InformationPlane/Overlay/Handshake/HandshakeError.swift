public import Model

/// Why two ends did not become peers. Nothing of it is told to the other end: it sees the connection close.
public enum HandshakeError: Error, Hashable, Sendable {
  /// Not this protocol, or not this version of it.
  case garbage(what: String)
  case tooLarge(byteCount: Int, limit: Int)
  /// The other end does not know this network.
  case otherNetwork
  /// A sealed message does not open: altered, replayed, or for other keys.
  case altered
  case badProof(NodeID)
  /// The record or its admission does not hold.
  case refused(IdentityError)
  /// A stranger whose invitation is over.
  case expiredGrant(NodeID, atMilliseconds: Int64)
  /// Another node than the dialled one listens there.
  case wrongNode(expected: NodeID, got: NodeID)
  /// This very process.
  case selfConnection
  /// Another process with this node's key.
  case sameKeyElsewhere
  /// The other end closed before the end of the handshake: it refuses this node, or it is no node.
  case closedEarly
  case timedOut

  /// Under which reason it is counted.
  public var dropReason: DropReason {
    switch self {
    case .garbage: .garbage
    case .tooLarge: .oversize
    case .otherNetwork: .otherNetwork
    case .altered, .badProof, .wrongNode, .closedEarly: .badHandshake
    case .refused(.notAdmitted): .notAdmitted
    case .refused(.otherNetwork): .otherNetwork
    case .refused: .badHandshake
    case .expiredGrant: .expiredGrant
    case .selfConnection: .selfConnection
    case .sameKeyElsewhere: .sameKeyElsewhere
    case .timedOut: .handshakeTimeout
    }
  }
}

extension HandshakeError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .garbage(let what): "what listens there does not speak this protocol (\(what))"
    case .tooLarge(let byteCount, let limit): "a message of \(byteCount) bytes, over the limit of \(limit)"
    case .otherNetwork: "it belongs to another network"
    case .altered: "a sealed message was altered on the way"
    case .badProof(let node): "node \(node.short) does not hold its key"
    case .refused(let error): "its record is refused: \(error)"
    case .expiredGrant(let node, let milliseconds):
      "the invitation of node \(node.short) expired at \(CalendarTime.text(milliseconds))"
    case .wrongNode(let expected, let got): "node \(got.short) listens there, not \(expected.short)"
    case .selfConnection: "it is this node itself"
    case .sameKeyElsewhere: "another process has this node's key; stop one of the two"
    case .closedEarly: "it closed the connection during the handshake: it does not admit this node, or is no node"
    case .timedOut: "the handshake took too long"
    }
  }
}
