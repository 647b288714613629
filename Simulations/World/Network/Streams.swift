internal import Engine
internal import Model
package import Overlay

// The way of frames: reliable and in order within a lane, until the link breaks.
extension SimulatedNetwork {
  /// What waits on one link at most.
  private static let stalledByteLimit = 16 << 20

  /// A host's frame, which its engine may never have wanted, begins its way.
  package func transmit(_ bytes: [UInt8], on link: LinkID, _ lane: Lane) {
    guard let end = streams[link] else { return }
    guard let tamper = tamperFrames[end.node] else { return put(bytes, on: link, lane) }
    let sent = tamper(end.otherNode, bytes)
    if sent != [bytes] { faultCounts.count(.frameAltered) }
    for bytes in sent { put(bytes, on: link, lane) }
  }

  /// The links from one host to another.
  package func links(from host: Int, to other: Int) -> [LinkID] { streams.links(from: host, to: other) }

  private func put(_ bytes: [UInt8], on link: LinkID, _ lane: Lane) {
    guard let end = streams[link] else { return }
    guard !reach.isCut(from: end.node, to: end.otherNode), nodes[end.otherNode].isUp, end.stalled.isEmpty else {
      return stall(bytes, on: link, lane)
    }
    guard streams[end.other] != nil else { return reset(link) }
    let earliest = now.uptime + latency(end.node, end.otherNode, isStream: true)
    let arrival = streams.arrival(on: link, lane, earliest: earliest)
    schedule(.frame(end.other, bytes), at: end.otherNode, on: arrival)
    if happens(frameDuplicationPermille) {
      faultCounts.count(.frameDuplicated)
      // A stream keeps its order, also for what it says twice.
      let again = streams.arrival(on: link, lane, earliest: arrival + .microseconds(1))
      schedule(.frame(end.other, bytes), at: end.otherNode, on: again)
    }
  }

  func receive(_ bytes: [UInt8], on link: LinkID) {
    // What arrives on a link that this end has closed is lost, and the other end learns of the close.
    guard let end = streams[link] else { return }
    give(.overlay(.frame(link, bytes)), to: end.node)
  }

  private func stall(_ bytes: [UInt8], on link: LinkID, _ lane: Lane) {
    faultCounts.count(.frameStalled)
    let number = number()
    let isFirst = streams.stall(bytes, on: link, lane, number: number, byteLimit: Self.stalledByteLimit)
    guard let isFirst, let end = streams[link] else { return fail(link, .slowReader) }
    if isFirst { schedule(.stallTimeout(link, number: number), at: end.node, after: silentCutTimeout) }
  }

  func stallTimedOut(_ link: LinkID, _ number: UInt64) {
    guard let end = streams[link], end.stallNumber == number, !end.stalled.isEmpty else { return }
    faultCounts.count(.linkTimedOut)
    fail(link, .broken("timed out"))
  }

  /// This end gives the link up; the other end learns of it when it says something.
  private func fail(_ link: LinkID, _ reason: CloseReason) {
    guard let end = streams[link] else { return }
    schedule(.linkClosed(link, reason), at: end.node, after: .zero)
  }

  /// The machine at the other end does not know the link any more, and says so.
  private func reset(_ link: LinkID) {
    guard let end = streams[link], !reach.isCut(from: end.otherNode, to: end.node) else { return }
    let roundTrip = latency(end.node, end.otherNode) + latency(end.otherNode, end.node)
    schedule(.linkClosed(link, .broken("reset")), at: end.node, after: roundTrip)
  }

  func close(_ link: LinkID) {
    guard let end = streams.remove(link), streams[end.other] != nil else { return }
    guard !reach.isCut(from: end.node, to: end.otherNode) else { return faultCounts.count(.linkHalfOpen) }
    let after = max(now.uptime + latency(end.node, end.otherNode), end.lastArrival)
    schedule(.linkClosed(end.other, .peerClosed), at: end.otherNode, on: after)
  }

  /// The connections between two nodes break; both ends see it.
  package func breakLinks(between left: Int, and right: Int) {
    for link in streams.links(from: left, to: right) {
      guard let end = streams[link] else { continue }
      faultCounts.count(.linkBroken)
      schedule(.linkClosed(link, .broken("reset")), at: left, after: latency(left, right))
      if streams[end.other] != nil {
        schedule(.linkClosed(end.other, .broken("reset")), at: right, after: latency(left, right))
      }
    }
  }

  // MARK: Cuts

  package func isCut(_ left: Int, _ right: Int) -> Bool {
    reach.isCut(from: left, to: right) || reach.isCut(from: right, to: left)
  }

  /// Nothing passes between two hosts. Others reach both, so nobody may take either for failed; the same goes for what is
  /// cut one way or for datagrams alone.
  package func cut(_ left: Int, _ right: Int) {
    faultCounts.count(.cut)
    reach.cut(Path(from: left, to: right))
    reach.cut(Path(from: right, to: left))
  }

  package func heal(_ left: Int, _ right: Int) {
    reach.mend(Path(from: left, to: right))
    reach.mend(Path(from: right, to: left))
    healed()
  }

  /// Nothing passes from one host to another; the way back is open.
  package func cut(from: Int, to: Int) {
    faultCounts.count(.oneWayCut)
    reach.cut(Path(from: from, to: to))
  }

  /// No datagram passes from one host to another, as where a firewall lets streams alone pass.
  package func cutDatagrams(from: Int, to: Int) {
    faultCounts.count(.datagramOneWayCut)
    reach.cutDatagrams(Path(from: from, to: to))
  }

  package func heal(from: Int, to: Int) {
    reach.mend(Path(from: from, to: to))
    healed()
  }

  /// Parts the hosts into groups that do not reach each other; whoever is in none forms one more.
  package func partition(_ groups: [[Int]]) {
    faultCounts.count(.partition)
    for index in nodes.indices { observations.wellbeing.struck(index, by: .parted) }
    reach.part(groups)
  }

  /// Nothing passes to or from a host.
  package func isolate(_ host: Int) {
    faultCounts.count(.isolation)
    observations.wellbeing.struck(host, by: .isolated)
    reach.isolate(host)
  }

  package func rejoin(_ host: Int) {
    reach.rejoin(host)
    observations.wellbeing.recovered(host, from: .isolated, at: now.uptime)
    healed()
  }

  /// Everybody reaches everybody again.
  package func healAll() {
    reach.mendAll()
    for ailment in [Ailment.parted, .isolated] {
      observations.wellbeing.allRecovered(from: ailment, at: now.uptime)
    }
    healed()
  }

  private func healed() {
    faultCounts.count(.heal)
    releaseStalled()
  }

  /// What was held up goes on where the way is open again.
  func releaseStalled() {
    for link in streams.stalled.sorted() {
      guard let end = streams[link], !reach.isCut(from: end.node, to: end.otherNode), nodes[end.otherNode].isUp
      else { continue }
      for (lane, bytes) in streams.takeStalled(link) { put(bytes, on: link, lane) }
    }
  }
}
