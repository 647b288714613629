public import Model
internal import Overlay

// What people ask about the network.
extension NodeEngine {
  /// Announcements that still hold, this node's own included, newest first.
  public func announcementViews(at now: Moment) -> [AnnouncementView] {
    bulletins.valid(at: now.wallMilliseconds).map { bulletin in
      AnnouncementView(
        statement: bulletin.statement, trace: bulletin.announcement.trace, author: bulletin.author,
        authorName: name(of: bulletin.author), text: bulletin.announcement.text,
        receivedMilliseconds: bulletin.receivedMilliseconds,
        expiresMilliseconds: bulletin.announcement.expiresMilliseconds)
    }
  }

  /// What passed through the overlay since the start.
  public var trafficView: TrafficView {
    let traffic = overlay.traffic
    return TrafficView(
      datagramsSent: traffic.datagramsSent, datagramsReceived: traffic.datagramsReceived,
      datagramBytesSent: traffic.datagramBytesSent, datagramBytesReceived: traffic.datagramBytesReceived,
      framesSent: traffic.framesSent, framesReceived: traffic.framesReceived,
      frameBytesSent: traffic.frameBytesSent, frameBytesReceived: traffic.frameBytesReceived,
      factBodiesReceived: traffic.factBodiesReceived, factsTaken: traffic.factsTaken,
      factHopsMost: traffic.factHopsMost, failures: traffic.failures)
  }

  /// How many members are in each state, this node among the alive; every state is named.
  public var membersByState: [String: Int] {
    let others = overlay.memberCounts
    var out: [String: Int] = [:]
    for state in [MemberState.alive, .suspected, .failed, .left] {
      out[state.rawValue] = others[state, default: 0] + (state == .alive ? 1 : 0)
    }
    return out
  }
}
