package import Engine
internal import Foundation
package import Model
internal import NIOPosix
package import Overlay

// What `doctor` looks at in a running node.
extension NodeDoor {
  /// Members that are asked for a sign of life.
  private static let membersAsked = 4

  func doctor() async throws -> [DoctorFinding] {
    let seeds = (try? NetworkFile.read(in: facts.folder).seeds) ?? []
    let (adapters, unfinished, summary, members) = await loop.read {
      ($0.adapterViews(), $0.unfinished(at: $1), $0.summary(), $0.memberViews())
    }
    let (encounters, exclusion, dialProblems) = await loop.read { engine, now in
      (
        Encounters(engine.overlay, at: now), engine.exclusion(at: now),
        seeds.reduce(into: [:]) { $0.merge(engine.overlay.dialProblems(of: $1.node)) { $1 } }
      )
    }
    var out = adapters.map {
      DoctorFinding(
        subject: "adapter \($0.name)", ok: $0.usable, detail: $0.detail,
        remedy: $0.usable ? "" : "jointcloud adapter list")
    }
    if case .expired = exclusion, let exclusion {
      let asked = seeds.isEmpty ? "" : "; this node asks \(NetworkDiagnosis.asked(seeds, dialProblems))"
      out.append(
        DoctorFinding(subject: "admission", ok: false, detail: "\(exclusion)\(asked)", remedy: exclusion.remedy))
    } else if let finding = NetworkDiagnosis.members(
      members, refusedBy: encounters.refusal?.by, seeds: seeds, dialProblems: dialProblems)
    {
      out.append(finding)
    }
    out += encounters.findings(members, exclusion)
    // While two share a key, what is lost and late says nothing of the network or the machine; and who refuses this
    // node's streams answers none of its datagrams.
    if !encounters.isKeyElsewhere {
      let alive = members.filter { !$0.isSelf && $0.state == "alive" && $0.node != encounters.refusal?.by }
      let asked = alive.prefix(Self.membersAsked)
      if let finding = NetworkDiagnosis.datagrams(
        try await outcomes(of: asked.map(\.node)), listenAddress: facts.addresses().listen,
        addresses: asked.flatMap(\.addresses), summary.traffic)
      {
        out.append(finding)
      }
      if let problem = NetworkDiagnosis.localHealth(summary.localHealth) { out.append(problem) }
    }
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
  /// From this local health on something is wrong with this node or its network.
  package static let worryingHealth = 3
  /// Of members that failed so many are named.
  private static let namesTold = 8

  /// - Parameters:
  ///   - refuser: who does not let this node in: that it does not answer says nothing more.
  ///   - seeds: of the invitation by which this node joined; none for a founder.
  ///   - dialProblems: why the newest dial of each address of those failed.
  /// - Returns: nil where nobody else is known than who does not let this node in.
  package static func members(
    _ members: [MemberView], refusedBy refuser: NodeID?, seeds: [Invitation.Seed], dialProblems: [String: String] = [:]
  ) -> DoctorFinding? {
    func finding(_ ok: Bool, _ detail: String, _ remedy: String = "") -> DoctorFinding {
      DoctorFinding(subject: "members", ok: ok, detail: detail, remedy: remedy)
    }
    let present = members.filter { !$0.isSelf && $0.state != MemberState.left.rawValue }
    let others = present.filter { $0.node != refuser }
    guard !others.isEmpty else {
      guard present.isEmpty else { return nil }
      let gone = members.filter { !$0.isSelf }
      guard gone.isEmpty else {
        let names = gone.prefix(namesTold).map(\.name).joined(separator: ", ")
        return finding(true, "all others have left the network: \(names)", "jointcloud member list")
      }
      guard let seed = seeds.first else { return finding(true, "no other member yet") }
      return finding(
        false, "no other member was met yet; this node asks \(asked(seeds, dialProblems))",
        "see that a node of this network runs at \(seed.address), that a host name is known here, and that the port is "
          + "open from here, TCP and UDP")
    }
    let lost = others.filter { $0.state == MemberState.failed.rawValue }
    let alive = others.count { $0.state == MemberState.alive.rawValue }
    guard alive > 0 else {
      let addresses = others.compactMap(\.addresses.first).prefix(3).joined(separator: ", ")
      return finding(
        false,
        others.count == 1 ? "the only other member does not answer" : "none of \(others.count) other members answers",
        "see whether they run, and whether this machine reaches them, TCP and UDP: \(addresses)")
    }
    guard let first = lost.first else {
      return finding(
        true, others.count == 1 ? "1 other, which has not failed" : "\(others.count) others, none has failed")
    }
    // Of a few that fail each has its own reason; where most do, it is the way to them.
    let isCutOff = lost.count > alive
    let names = lost.prefix(namesTold).map(\.name).joined(separator: ", ")
    let more = lost.count > namesTold ? " and \(lost.count - namesTold) more" : ""
    return finding(
      !isCutOff, "\(alive) of \(others.count) others alive, failed: \(names)\(more)",
      isCutOff
        ? "see whether this machine reaches them, TCP and UDP: "
          + lost.compactMap(\.addresses.first).prefix(3).joined(separator: ", ")
        : "its operator knows whether it runs; what it says to this node: jointcloud node ping \(first.node.short)")
  }

  /// Whom this node asks to let it in, and why the newest dial of each failed.
  package static func asked(_ seeds: [Invitation.Seed], _ dialProblems: [String: String]) -> String {
    seeds.map { seed in seed.address + (dialProblems[seed.address].map { " (\($0))" } ?? "") }.joined(separator: ", ")
  }

  /// - Parameters:
  ///   - outcomes: of members that are held alive, each asked once just now.
  ///   - addresses: theirs.
  /// - Returns: nil where nobody was asked.
  package static func datagrams(
    _ outcomes: [PingOutcome], listenAddress: String, addresses: [String], _ traffic: TrafficView
  ) -> DoctorFinding? {
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
    guard !outcomes.isEmpty else { return nil }
    let heard = straight + through + onStream
    guard heard > 0 else {
      return finding(
        false, "none of \(outcomes.count) members that were alive a moment ago answers", "jointcloud member list")
    }
    let port = HostPort(listenAddress).map { "\($0.port)" } ?? "of listen"
    if straight == 0, let words = otherFamily(listenAddress, addresses) {
      return finding(
        false, "datagrams do not pass: \(words)",
        "let this node listen on an address of that family: listen in node.yaml, or --listen")
    }
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

  /// A datagram's socket is of one family, and reaches no address of the other.
  ///
  /// - Returns: nil unless all are addresses in themselves, and of the other family.
  private static func otherFamily(_ listenAddress: String, _ addresses: [String]) -> String? {
    func isIPv6(_ text: String) -> Bool? {
      guard let host = HostPort(text)?.host else { return nil }
      if host.contains(":") { return true }
      return host.allSatisfy { $0.isNumber || $0 == "." } ? false : nil
    }
    guard let own = isIPv6(listenAddress), !addresses.isEmpty,
      addresses.allSatisfy({ isIPv6($0).map { $0 != own } ?? false })
    else { return nil }
    return own
      ? "this node listens by IPv6, the others by IPv4 alone" : "this node listens by IPv4, the others by IPv6 alone"
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
