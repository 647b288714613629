internal import Engine
internal import Model
internal import Overlay

/// Whom a node met of late that should not be there, and who shut it out.
struct Encounters: Sendable {
  let refusal: Refused?
  /// Another process runs with this node's key; and where, if that is known.
  let isKeyElsewhere: Bool
  private let rivalAddress: String?
  let membersRunningTwice: [NodeID]
  let membersWithTwoKeys: [NodeID]

  init(_ overlay: OverlayCore, at now: Moment) {
    let lately = overlay.recentRefusal(at: now.uptime).flatMap { overlay.member($0.by)?.isLinked == true ? nil : $0 }
    refusal = overlay.shutOut ?? lately
    isKeyElsewhere = overlay.metOwnKeyLately(at: now.uptime)
    rivalAddress = overlay.rivalAddress
    membersRunningTwice = overlay.membersRunningTwice(at: now.uptime)
    membersWithTwoKeys = overlay.membersWithTwoKeys
  }

  /// - Parameter exclusion: why nobody lets this node in, if so.
  func findings(_ members: [MemberView], _ exclusion: Exclusion?) -> [DoctorFinding] {
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
      out.append(Self.finding(refusal, members, exclusion))
    }
    for node in membersRunningTwice {
      out.append(
        DoctorFinding(
          subject: "key", ok: true,
          detail: "two processes run, or ran a moment ago, with the key of \(Self.name(of: node, members))",
          remedy: "tell its operator: one of the two must stop"))
    }
    for node in membersWithTwoKeys {
      out.append(
        DoctorFinding(
          subject: "key", ok: true,
          detail: "\(Self.name(of: node, members)) shows two working keys for one epoch: "
            + "what it signs by one is no good for who knows the other",
          remedy: "ask its operator why; do not begin work with it before that is settled"))
    }
    return out
  }

  private static func name(of node: NodeID, _ members: [MemberView]) -> String {
    members.first { $0.node == node }.map { "\($0.name) (\(node.short))" } ?? node.short
  }

  private static func finding(
    _ refusal: Refused, _ members: [MemberView], _ exclusion: Exclusion?
  ) -> DoctorFinding {
    if let exclusion {
      return DoctorFinding(subject: "admission", ok: false, detail: "\(exclusion)", remedy: exclusion.remedy)
    }
    let name = members.first { $0.node == refusal.by }?.name ?? ""
    let refused = Exclusion.refused(by: refusal.by, name: name, why: refusal.why)
    // Where others have let it in it works with them.
    return DoctorFinding(
      subject: "admission", ok: refusal.why.isOfAdmission, detail: "\(refused)",
      remedy: refusal.why.isOfAdmission
        ? "others have let it in; its operator or a founder may know why" : refused.remedy)
  }
}
