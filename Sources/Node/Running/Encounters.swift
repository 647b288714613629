internal import Engine
internal import Model
internal import Overlay

/// Whom a node met of late that should not be there, and who shut it out.
struct Encounters: Sendable {
  let refusal: Refused?
  private let isShutOut: Bool
  /// Another process runs with this node's key; and where, if that is known.
  let isKeyElsewhere: Bool
  private let rivalAddress: String?
  let membersRunningTwice: [NodeID]
  let membersWithTwoKeys: [NodeID]

  init(_ overlay: OverlayCore, at now: Moment) {
    let lately = overlay.recentRefusal(at: now.uptime).flatMap { overlay.member($0.by)?.isLinked == true ? nil : $0 }
    isShutOut = overlay.shutOut != nil
    refusal = overlay.shutOut ?? lately
    isKeyElsewhere = overlay.metOwnKeyLately(at: now.uptime)
    rivalAddress = overlay.rivalAddress
    membersRunningTwice = overlay.membersRunningTwice(at: now.uptime)
    membersWithTwoKeys = overlay.membersWithTwoKeys
  }

  func findings(_ members: [MemberView]) -> [DoctorFinding] {
    var out: [DoctorFinding] = []
    if isKeyElsewhere {
      let place = rivalAddress.map { " at \($0)" } ?? ""
      out.append(
        DoctorFinding(
          subject: "key", ok: false,
          detail: "another process runs with this node's key\(place): others believe one of the two",
          remedy: "stop the one that is not to run; if the key was stolen, make a new node: "
            + "jointcloud node init --data NEW_FOLDER --name NAME"))
    } else if let refusal {
      out.append(Self.finding(refusal.by, refusal.why, members))
    }
    for node in membersRunningTwice {
      out.append(
        DoctorFinding(
          subject: "key", ok: false, detail: "two processes run with the key of \(Self.name(of: node, members))",
          remedy: "tell its operator: one of the two must stop"))
    }
    for node in membersWithTwoKeys {
      out.append(
        DoctorFinding(
          subject: "key", ok: false,
          detail: "\(Self.name(of: node, members)) shows two working keys for one epoch: "
            + "what it signs by one is no good for who knows the other",
          remedy: "ask its operator why; do not begin work with it before that is settled"))
    }
    return out
  }

  /// Why nobody lets this node in; nil while nothing shows that.
  func admission(_ members: [MemberView]) -> DoctorFinding? {
    guard isShutOut, let refusal else { return nil }
    return Self.finding(refusal.by, refusal.why, members)
  }

  private static func name(of node: NodeID, _ members: [MemberView]) -> String {
    members.first { $0.node == node }.map { "\($0.name) (\(node.short))" } ?? node.short
  }

  private static func finding(_ peer: NodeID, _ why: StreamRefusal, _ members: [MemberView]) -> DoctorFinding {
    let name = name(of: peer, members)
    let remedy =
      switch why {
      case .invitationUsedUp, .tooManyMembers:
        "ask a founder for another invitation, and join with a new folder: jointcloud node init --data NEW_FOLDER --name NAME"
      case .otherAdmission: "start this node with the data folder that it joined with"
      case .misbehaved, .unknown: "compare the programs' versions here and there: jointcloud --version"
      case .sameKeyElsewhere: "stop the other process that has a copy of this data folder"
      case .full: "none is needed: it is tried again"
      }
    return DoctorFinding(subject: "admission", ok: false, detail: "\(name) closed the stream: \(why)", remedy: remedy)
  }
}
