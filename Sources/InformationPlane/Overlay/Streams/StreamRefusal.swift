public import Model
import Wire

/// Why a peer does not keep a stream to this node, in its last frame. A stream that ends without one may mean that its
/// process has ended.
public enum StreamRefusal: Hashable, Sendable {
  /// Of its streams none can be spared: to be tried again later.
  case full
  /// It holds as many members as it can.
  case tooManyMembers
  /// Another node came in by the invitation.
  case invitationUsedUp
  /// It knows this node by another grant.
  case otherAdmission
  /// The network has cut this node off by vote.
  case revoked
  /// It knows no decision that lets this node in: it may not have come there yet.
  case notVotedIn
  /// This node sent it too much that was bad.
  case misbehaved
  /// Another process has this node's key.
  case sameKeyElsewhere
  /// A reason that this program does not know.
  case unknown
}

/// A peer that did not keep a stream to this node.
public struct Refused: Sendable {
  public let by: NodeID
  public let why: StreamRefusal
  /// Uptime: the newest time, and that at which it did not take this node for a member first, since a stream to it
  /// lasted.
  let at: Duration
  let since: Duration?
}

/// A peer that refuses this node's streams, and why.
struct Refusing: Hashable, Sendable {
  let node: NodeID
  let why: StreamRefusal
}

extension OverlayCore {
  /// Who did not keep a stream to this node, the newest, if that was of late and no stream to it has lasted since.
  public func recentRefusal(at uptime: Duration) -> Refused? {
    newest(refusals.values.filter { uptime - $0.at < limits.encounterMemory })
  }

  /// Whether this peer did not keep a stream to this node of late, and none to it has lasted since.
  public func recentRefusal(by peer: NodeID, at uptime: Duration) -> Refused? {
    refusals[peer].flatMap { uptime - $0.at < limits.encounterMemory ? $0 : nil }
  }

  /// Who does not take this node for a member, the newest, as long as nobody does: no stream lasts, nor has one since it
  /// refused first. Where some let this node in and some do not, it is not shut out.
  public var shutOut: Refused? {
    guard links.values.allSatisfy({ $0.awaitsWelcome || $0.refusal != nil }) else { return nil }
    return newest(
      refusals.values.filter { refusal in
        guard refusal.why.isOfAdmission, let since = refusal.since else { return false }
        return letInAt.map { $0 < since } ?? true
      })
  }

  private func newest(_ refusals: [Refused]) -> Refused? { refusals.max { ($0.at, $0.by) < ($1.at, $1.by) } }

  /// A stream to a peer has lasted: it lets this node in. Others may still refuse it.
  mutating func letIn(by peer: NodeID, at uptime: Duration) {
    refusals[peer] = nil
    letInAt = uptime
  }
}

extension StreamRefusal {
  /// What the peer does, before the reason.
  public var verb: String { isOfAdmission ? "does not let this node in" : "closed the stream" }

  /// The peer does not take this node for a member: it answers none of its datagrams either.
  public var isOfAdmission: Bool {
    switch self {
    case .tooManyMembers, .invitationUsedUp, .otherAdmission, .revoked, .notVotedIn: true
    case .full, .misbehaved, .sameKeyElsewhere, .unknown: false
    }
  }
}

extension StreamRefusal: CustomStringConvertible {
  public var description: String {
    switch self {
    case .full: "it has no room for another stream"
    case .tooManyMembers: "it holds as many members as it can"
    case .invitationUsedUp: "another node has come in by the invitation"
    case .otherAdmission: "it knows this node by another invitation"
    case .revoked: "the network has cut this node off by vote"
    case .notVotedIn: "it knows no decision of the network that lets this node in"
    case .misbehaved: "this node sent it too many bad frames"
    case .sameKeyElsewhere: "another process has this node's key"
    case .unknown: "for a reason that this program does not know"
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
    case .otherAdmission: self = .otherAdmission
    case .revoked: self = .revoked
    case .notVotedIn: self = .notVotedIn
    case .misbehaved: self = .misbehaved
    case .sameKeyElsewhere: self = .sameKeyElsewhere
    default: return nil
    }
  }

  init(_ wire: WireRefusal) {
    switch wire.reason {
    case .full: self = .full
    case .members: self = .tooManyMembers
    case .grant: self = .invitationUsedUp
    case .misbehaved: self = .misbehaved
    case .sameKey: self = .sameKeyElsewhere
    case .otherGrant: self = .otherAdmission
    case .revoked: self = .revoked
    case .notVotedIn: self = .notVotedIn
    case .unspecified, .UNRECOGNIZED: self = .unknown
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
    case .otherAdmission: reason = .otherGrant
    case .revoked: reason = .revoked
    case .notVotedIn: reason = .notVotedIn
    case .unknown: reason = .unspecified
    }
  }
}
