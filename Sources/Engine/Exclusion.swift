public import Model
public import Overlay

/// Why a member, or the whole network, does not let this node in.
public enum Exclusion: Sendable, Hashable {
  /// A member keeps no stream to it.
  case refused(by: NodeID, name: String, why: StreamRefusal)
  /// What it joined by holds no more, and it met nobody meanwhile.
  case expired(atMilliseconds: Int64, isInvitation: Bool)

  /// - Returns: nil while what this node joined by holds, and for a founder.
  public static func expired(_ identity: LocalIdentity, at wallMilliseconds: Int64) -> Exclusion? {
    guard let until = identity.joinableUntilMilliseconds, until < wallMilliseconds else { return nil }
    let isInvitation = if case .invitation = identity.admission { true } else { false }
    return .expired(atMilliseconds: until, isInvitation: isInvitation)
  }

  /// What a person does about it.
  public var remedy: String {
    let folder = "with a new folder: jointcloud node init --data NEW_FOLDER --name NAME"
    switch self {
    case .refused(_, _, .tooManyMembers): return "the network takes no more nodes: ask a founder for another network"
    case .refused(_, _, .invitationUsedUp):
      return "ask a founder for another invitation, stop this node, and join \(folder)"
    case .refused(_, _, .otherAdmission): return "start this node with the data folder that it joined with"
    case .refused(_, _, .revoked):
      return "jointcloud network decisions says why; another member may propose to admit this node again"
    case .refused(_, _, .notVotedIn):
      return "none is needed where the vote has just passed: it is tried again; else ask a member for "
        + "jointcloud network admit with this node's id"
    case .refused(_, _, .misbehaved), .refused(_, _, .unknown):
      return "compare the programs' versions here and there: jointcloud --version"
    case .refused(_, _, .sameKeyElsewhere): return "stop the other process that has a copy of this data folder"
    case .refused(_, _, .full): return "none is needed: it is tried again"
    case .expired(_, isInvitation: true):
      return "ask a founder for a new invitation, stop this node, and join \(folder)"
    case .expired(_, isInvitation: false):
      return "stop this node, make another \(folder); and ask a founder for jointcloud network allow with the new id"
    }
  }
}

extension Exclusion: CustomStringConvertible {
  public var description: String {
    switch self {
    case .refused(let node, let name, let why):
      "\(name.isEmpty ? node.short : "\(name) (\(node.short))") \(why.verb): \(why)"
    case .expired(let until, let isInvitation):
      "no other member is known, and the \(isInvitation ? "invitation" : "founder's grant") has expired "
        + "(\(CalendarTime.text(until)))"
    }
  }
}

extension NodeEngine {
  /// Why nobody would hear what this node says; nil while somebody lets it in, or may do so yet.
  public func exclusion(at now: Moment) -> Exclusion? {
    if let refused = overlay.shutOut {
      return .refused(by: refused.by, name: name(of: refused.by), why: refused.why)
    }
    guard overlay.memberCounts.isEmpty else { return nil }
    return .expired(identity, at: now.wallMilliseconds)
  }
}
