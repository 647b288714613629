import Wire

/// Why a peer does not keep a stream to this node, in its last frame. A stream that ends without one may mean that its
/// process has ended.
public enum StreamRefusal: Hashable, Sendable {
  /// Of its streams none can be spared: to be tried again later.
  case full
  /// It holds as many members as it can.
  case tooManyMembers
  /// The invitation has let in as many nodes as it is for.
  case invitationUsedUp
  /// This node sent it too much that was bad.
  case misbehaved
  /// Another process has this node's key.
  case sameKeyElsewhere
}

extension StreamRefusal: CustomStringConvertible {
  public var description: String {
    switch self {
    case .full: "it has no room for another stream"
    case .tooManyMembers: "it holds as many members as it can"
    case .invitationUsedUp: "the invitation has let in as many nodes as it is for"
    case .misbehaved: "this node sent it too many bad frames"
    case .sameKeyElsewhere: "another process has this node's key"
    }
  }
}

extension StreamRefusal {
  /// - Returns: nil where the peer is to find out by itself.
  init?(_ reason: CloseReason) {
    switch reason {
    case .tooManyLinks: self = .full
    case .tooManyMembers: self = .tooManyMembers
    case .invitationUsedUp: self = .invitationUsedUp
    case .misbehaved: self = .misbehaved
    case .sameKeyElsewhere: self = .sameKeyElsewhere
    default: return nil
    }
  }

  /// - Throws: `FrameError` for a reason that is not known.
  init(_ wire: WireRefusal) throws(FrameError) {
    switch wire.reason {
    case .full: self = .full
    case .members: self = .tooManyMembers
    case .grant: self = .invitationUsedUp
    case .misbehaved: self = .misbehaved
    case .sameKey: self = .sameKeyElsewhere
    case .unspecified, .UNRECOGNIZED: throw FrameError(what: "refusal")
    }
  }
}

extension WireRefusal {
  init(_ refusal: StreamRefusal) {
    self.init()
    switch refusal {
    case .full: reason = .full
    case .tooManyMembers: reason = .members
    case .invitationUsedUp: reason = .grant
    case .misbehaved: reason = .misbehaved
    case .sameKeyElsewhere: reason = .sameKey
    }
  }
}
