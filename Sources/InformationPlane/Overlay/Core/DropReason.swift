/// Why something that came in, or was to go out as a datagram, was dropped. Each has a counter.
public enum DropReason: String, Hashable, Sendable, CaseIterable, Comparable {
  // At the port, before anybody is known.
  case garbage
  case oversize
  case otherNetwork
  case notAdmitted
  case expiredGrant
  /// Another node came in by the invitation.
  case invitationUsedUp
  /// A member's record with another grant than before.
  case otherAdmission
  /// The network has cut its author off by vote.
  case revoked
  /// It claims to be let in by vote, and no such decision is known here.
  case notVotedIn
  case badHandshake
  case handshakeTimeout
  case tooManyConnections
  case selfConnection
  case sameKeyElsewhere
  // Datagrams.
  case unknownKey
  case unusableKey
  case replayed
  case alteredDatagram
  // Datagrams at the port.
  /// More than are let in, in all or from one address; or more comparisons or facts than one peer may bring about.
  case tooFast
  /// More wait for the overlay than it may keep waiting.
  case mailboxFull
  /// The system did not hand it over.
  case unread
  /// The system did not send it: too long, no way there, forbidden by a firewall, or too many at once.
  case unsent
  /// The receiver's host name is not known, or not yet.
  case unresolved
  // On a link.
  case malformed
  case alteredFrame
  case badSignature
  /// The peer has just passed on what its author did not sign.
  case unchecked
  case unknownAuthor
  case notTheAuthor
  case duplicate
  case expired
  case noExpiry
  case authorQuota
  case stale
  case busy
  case unexpected
  case slowReader

  public static func < (left: DropReason, right: DropReason) -> Bool { left.rawValue < right.rawValue }

  /// Whether what was refused may be taken soon: a clock is set right, room is made.
  var isPassing: Bool {
    switch self {
    case .busy, .expired, .authorQuota, .notVotedIn: true
    default: false
    }
  }

  /// Whether the peer that sent it is at fault: a few of these close its link.
  var isPeersFault: Bool {
    switch self {
    case .malformed, .badSignature, .notTheAuthor, .otherNetwork: true
    default: false
    }
  }
}

/// Why a link was closed.
public enum CloseReason: Hashable, Sendable {
  /// The peer or the network between ended it.
  case peerClosed
  /// The connection broke.
  case broken(String)
  /// Nothing was heard for too long.
  case silent
  /// Both sides had dialled; the other link is kept.
  case duplicateLink
  /// The peer's process has started anew.
  case superseded
  /// The peer sent too many bad frames.
  case misbehaved
  /// The peer does not read what it is sent.
  case slowReader
  /// This node, or the peer, is leaving.
  case leaving
  /// Another process has this or the peer's key.
  case sameKeyElsewhere
  case tooManyLinks
  case tooManyMembers
  /// Another node came in by the invitation.
  case invitationUsedUp
  /// The peer is known here by another grant.
  case otherAdmission
  /// The network has cut the peer off by vote.
  case revoked
  /// No decision that lets the peer in is known here.
  case notVotedIn
  /// Nobody here had a use for it, and nothing was said on it.
  case idle
}
