package import Engine
internal import Foundation
internal import Model
internal import NIOPosix
package import Overlay

// What `doctor` looks at in a running node.
extension NodeDoor {
  /// Members that are asked for a sign of life.
  private static let membersAsked = 4

  func doctor() async throws -> [DoctorFinding] {
    let (adapters, unfinished, members, summary, refusal) = await loop.read {
      ($0.adapterViews(), $0.unfinished(at: $1), $0.memberViews(), $0.summary(), $0.overlay.lastRefusal)
    }
    let now = await loop.now
    var out = adapters.map {
      DoctorFinding(
        subject: "adapter \($0.name)", ok: $0.usable, detail: $0.detail,
        remedy: $0.usable ? "" : "jointcloud adapter list")
    }
    let lost = members.filter { $0.state == "failed" }
    out.append(
      DoctorFinding(
        subject: "members", ok: lost.isEmpty,
        detail: lost.isEmpty
          ? "\(members.count) known, none has failed" : "failed: \(lost.map(\.name).joined(separator: ", "))",
        remedy: lost.isEmpty ? "" : "jointcloud member list"))
    if let problem = admissionProblem(members, now) ?? refusal.map({ NetworkDiagnosis.refused(by: $0.by, $0.why) }) {
      out.append(problem)
    }
    let asked = members.filter { !$0.isSelf && $0.state == "alive" }.prefix(Self.membersAsked)
    out.append(
      NetworkDiagnosis.datagrams(
        try await outcomes(of: asked.map(\.node)), listenAddress: facts.addresses().listen, summary.traffic))
    if let problem = NetworkDiagnosis.localHealth(summary.localHealth) { out.append(problem) }
    out.append(Self.disk(facts.folder))
    if let problem = facts.headsProblem() {
      out.append(
        DoctorFinding(
          subject: "heads.json", ok: false, detail: "the newest signed heads are not kept: \(problem)",
          remedy: "ls -ld \(facts.folder.given) \(facts.folder.given)/heads.json*"))
    }
    return out + unfinished
  }

  private func outcomes(of nodes: [NodeID]) async throws -> [PingOutcome] {
    try await withThrowingTaskGroup(of: PingOutcome?.self) { group in
      for node in nodes {
        group.addTask {
          guard case .pinged(let outcome) = try await loop.command(.ping(node)) else { return nil }
          return outcome
        }
      }
      return try await group.reduce(into: []) { if let outcome = $1 { $0.append(outcome) } }
    }
  }

  /// A joiner whom nobody let in while its invitation held stays alone for ever, and looks healthy otherwise.
  private func admissionProblem(_ members: [MemberView], _ now: Moment) -> DoctorFinding? {
    guard members.allSatisfy(\.isSelf), let until = facts.identity.joinableUntilMilliseconds,
      until < now.wallMilliseconds
    else { return nil }
    return DoctorFinding(
      subject: "admission", ok: false,
      detail: "not admitted: the invitation has expired (\(CalendarTime.text(until))), and no other member is known",
      remedy: "ask a founder for a new invitation, and join with a new folder: jointcloud node init --data NEW_FOLDER")
  }

  private static func disk(_ folder: DataFolder) -> DoctorFinding {
    let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder.path)
    guard let free = (attributes?[.systemFreeSize] as? NSNumber)?.int64Value else {
      return DoctorFinding(
        subject: "disk", ok: false, detail: "free space of \(folder.given) cannot be read", remedy: "df \(folder.given)"
      )
    }
    let enough = free > 256 << 20
    return DoctorFinding(
      subject: "disk", ok: enough, detail: "\(free >> 20) MiB free",
      remedy: enough ? "" : "free space under \(folder.given)")
  }
}

/// What the answers of others say about the way to them.
package enum NetworkDiagnosis {
  /// - Parameter peer: who did not let this node in.
  static func refused(by peer: NodeID, _ why: StreamRefusal) -> DoctorFinding {
    let remedy =
      switch why {
      case .invitationUsedUp, .tooManyMembers:
        "ask a founder for another invitation, and join with a new folder: jointcloud node init --data NEW_FOLDER"
      case .misbehaved: "compare versions: jointcloud --version here and at node \(peer.short)"
      case .sameKeyElsewhere: "stop the other process that has a copy of this data folder"
      case .full: "none is needed: it is tried again"
      }
    return DoctorFinding(
      subject: "admission", ok: false, detail: "node \(peer.short) closed the stream: \(why)", remedy: remedy)
  }

  /// From this local health on something is wrong with this node or its network.
  package static let worryingHealth = 3

  /// - Parameter outcomes: of members that are held alive, each asked once just now.
  package static func datagrams(
    _ outcomes: [PingOutcome], listenAddress: String, _ traffic: TrafficView
  ) -> DoctorFinding {
    var (straight, through, onStream) = (0, 0, 0)
    for outcome in outcomes {
      switch outcome {
      case .answered: straight += 1
      case .answeredThroughOthers: through += 1
      case .answeredOnStream: onStream += 1
      case .silent, .unknown: break
      }
    }
    func finding(_ ok: Bool, _ detail: String, _ remedy: String = "") -> DoctorFinding {
      DoctorFinding(subject: "datagrams", ok: ok, detail: detail, remedy: remedy)
    }
    guard !outcomes.isEmpty else { return finding(true, "no live member to ask") }
    let heard = straight + through + onStream
    guard heard > 0 else {
      return finding(
        false, "none of \(outcomes.count) members that were alive a moment ago answers", "jointcloud member list")
    }
    let port = HostPort(listenAddress).map { "\($0.port)" } ?? "of listen"
    if straight + through == 0 {
      let received = traffic.datagramsReceived == 0 ? ", and none was ever received" : ""
      return finding(
        false, "UDP is blocked: \(onStream) of \(outcomes.count) members answer over TCP alone\(received)",
        "let UDP port \(port) through, in and out, as TCP already is: it is one port number for both")
    }
    if straight == 0 {
      return finding(
        false, "datagrams arrive through other members only, none straight",
        "let UDP port \(port) through between these machines")
    }
    return finding(true, "\(straight) of \(outcomes.count) members answer straight")
  }

  /// - Returns: nil while the node is well.
  package static func localHealth(_ score: Int) -> DoctorFinding? {
    guard score >= worryingHealth else { return nil }
    return DoctorFinding(
      subject: "local health", ok: false,
      detail: "\(score) of 8: answers come late or not at all here, so this node may be what is slow",
      remedy:
        "look at the machine's load (uptime), and at the way to another member: jointcloud node ping NODE --count 5")
  }
}
