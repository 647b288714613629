internal import Engine
internal import Model
internal import Overlay

// What people do in the network: announcements and pings.
extension NodeDoor {
  func announce(_ request: AnnouncementRequest) async throws -> AnnouncementReceipt {
    let answer = try await loop.command(
      .announce(text: request.text, lifetimeMilliseconds: request.lifetimeMilliseconds))
    guard case .announced(let statement, let trace) = answer else {
      throw Refusal(.failed, "the announcement was not made")
    }
    return AnnouncementReceipt(statement: statement, trace: trace)
  }

  func announcements() async throws -> [AnnouncementView] { await loop.read { $0.announcementViews(at: $1) } }

  func ping(_ node: NodeID) async throws -> PingView {
    guard node != facts.identity.node else {
      throw Refusal(.invalid, "node \(node.short) is this one", subject: node.short, next: "jointcloud node status")
    }
    guard case .pinged(let outcome) = try await loop.command(.ping(node)) else {
      throw Refusal(.failed, "node \(node.short) was not asked")
    }
    let (name, refusal) = await loop.read { engine, now in
      (engine.overlay.member(node)?.name ?? "", engine.overlay.recentRefusal(by: node, at: now.uptime))
    }
    func view(_ path: PingView.Path, _ roundTrip: Duration?) -> PingView {
      PingView(
        node: node, name: name, path: path, roundTripMicroseconds: roundTrip.map { Int64($0 / .microseconds(1)) })
    }
    switch outcome {
    case .answered(let roundTrip): return view(.datagram, roundTrip)
    case .answeredThroughOthers(let roundTrip): return view(.throughOthers, roundTrip)
    case .answeredOnStream(let roundTrip): return view(.stream, roundTrip)
    case .silent:
      guard let refusal, refusal.why.isOfAdmission else { return view(.silent, nil) }
      throw Refusal(
        .notPermitted, "\(Exclusion.refused(by: node, name: name, why: refusal.why))", subject: node.short,
        next: "jointcloud doctor")
    case .unknown: throw Self.unknown(node)
    }
  }

  static func unknown(_ node: NodeID) -> Refusal {
    Refusal(.notFound, "no member \(node.short) is known here", subject: node.short, next: "jointcloud member list")
  }
}
