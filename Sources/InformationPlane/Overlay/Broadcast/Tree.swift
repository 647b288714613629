import Model

// Plumtree: facts are pushed along a tree of the streams between neighbours, announced on the others, and fetched
// where they did not come. The tree is what remains when each node closes the ways by which it got something twice.
extension OverlayCore {
  /// Neighbours on the rings of present members: few, and each node's choice is the others' too.
  mutating func chooseNeighbours(_ turn: inout Turn) {
    neighboursDueBy = nil
    let chosen = Set(table.rings.neighbours(of: node, ownKeys))
    guard chosen != neighbours else { return }
    let added = chosen.subtracting(neighbours).sorted()
    let removed = neighbours.subtracting(chosen).sorted()
    neighbours = chosen
    for peer in removed {
      // The tree must not stand on streams that end soon: what it closed for their sake would be missed.
      if let link = linkOfNode[peer], links[link]?.isEager == true { prune(link, &turn) }
    }
    for peer in added {
      // A link that stands for another reason becomes part of the tree; what was missed comes by comparing.
      if let link = linkOfNode[peer] {
        openWay(on: link, &turn)
        sendSummary(on: link, &turn)
      } else {
        scheduleDial(to: peer, &turn)
      }
    }
    agenda.plan(.tend, at: turn.uptime + limits.tendInterval)
  }

  /// Where many come at once, neighbours would be others with each of them, and streams are not for moments.
  mutating func presenceChanged(_ turn: inout Turn) {
    let latest = neighboursDueBy ?? turn.uptime + limits.neighbourDelayMost
    neighboursDueBy = latest
    agenda.move(.neighbours, to: min(latest, turn.uptime + limits.neighbourDelay))
  }

  private func isInTree(_ link: Link, _ turn: inout Turn) -> Bool {
    neighbours.contains(link.node) || link.peerCountsUntil > turn.uptime
  }

  /// Whether this peer hears of facts only because it seems to count on this node. It is told so: otherwise two nodes
  /// could count on each other for ever without either being the other's neighbour.
  func isCourtesy(on id: LinkID) -> Bool { links[id].map { !neighbours.contains($0.node) } ?? true }

  /// Sends a statement that is new here on its way.
  ///
  /// - Parameters:
  ///   - detour: it did not come along the tree.
  ///   - sources: streams on which it came.
  mutating func spread(
    _ signed: SignedStatement, hops: Int, detour: Bool, except sources: [LinkID], _ turn: inout Turn
  ) {
    let isSmall = signed.statement.bytes.count <= limits.pushByteLimit
    var isAnyLazy = false
    var frame: [UInt8]?
    for id in links.keys.sorted() where !sources.contains(id) {
      guard let link = links[id], isInTree(link, &turn) else { continue }
      if !isSmall, link.isEager || isCourtesy(on: id) {
        announce(signed.id, on: id, &turn)
      } else if link.isEager {
        let pushed = frame ?? OverlayFrame.fact(signed, hops: hops + 1, detour: detour)
        frame = pushed
        transmit(pushed, on: id, lane: .control, &turn)
      } else {
        links[id]?.lazy.append(signed.id)
        isAnyLazy = true
      }
    }
    if isAnyLazy { agenda.plan(.tend, at: turn.uptime + limits.lazyPatience / 2) }
  }

  /// Tells a peer of a large fact: at once, unless it was told of another just before. Where many come, as when many
  /// nodes join, each costs a few bytes and not a frame.
  private mutating func announce(_ fact: StatementID, on id: LinkID, _ turn: inout Turn) {
    links[id]?.toAnnounce.append(fact)
    guard let link = links[id], let last = link.announcedAt, turn.uptime < last + limits.announceInterval,
      link.toAnnounce.count < limits.announceBatch
    else {
      return flushAnnouncements(on: id, &turn)
    }
    agenda.plan(.announce, at: last + limits.announceInterval)
  }

  /// Announces what has gathered, on each stream in its time.
  mutating func announceGathered(_ turn: inout Turn) {
    for id in links.keys.sorted() {
      guard let link = links[id], !link.toAnnounce.isEmpty else { continue }
      let due = (link.announcedAt ?? .zero) + limits.announceInterval
      if due <= turn.uptime { flushAnnouncements(on: id, &turn) } else { agenda.plan(.announce, at: due) }
    }
  }

  private mutating func flushAnnouncements(on id: LinkID, _ turn: inout Turn) {
    guard let ids = links[id]?.toAnnounce else { return }
    links[id]?.toAnnounce = []
    links[id]?.announcedAt = turn.uptime
    transmit(
      OverlayFrame.factAnnouncement(ids, lazy: false, courtesy: isCourtesy(on: id)), on: id, lane: .control, &turn)
  }

  /// Tells a peer what it may have missed.
  mutating func flushLazy(on id: LinkID, _ turn: inout Turn) {
    guard let ids = links[id]?.lazy, !ids.isEmpty else { return }
    links[id]?.lazy = []
    transmit(
      OverlayFrame.factAnnouncement(ids, lazy: true, courtesy: isCourtesy(on: id)), on: id, lane: .control, &turn)
  }

  /// This way is not needed: what came on it was here already.
  mutating func prune(_ id: LinkID, _ turn: inout Turn) {
    // The peer may push though this side does not: a prune and a graft may have crossed.
    guard links[id] != nil else { return }
    links[id]?.isEager = false
    transmit(OverlayFrame.treePrune, on: id, lane: .control, &turn)
  }

  /// Has a neighbour push facts, and pushes to it.
  mutating func openWay(on id: LinkID, _ turn: inout Turn) {
    links[id]?.isEager = true
    links[id]?.wayOpenedAt = turn.uptime
    transmit(OverlayFrame.treeGraft, on: id, lane: .control, &turn)
  }

  /// The peer is to be pushed facts.
  mutating func graft(_ id: LinkID, _ turn: inout Turn) {
    guard let peer = links[id]?.node else { return }
    // Whoever else counts on this node is told of facts, and fetches what it lacks.
    if neighbours.contains(peer) { links[id]?.isEager = true }
    links[id]?.isServedOfCourtesy = false
    peerCounts(on: id, &turn)
  }

  /// The peer holds this node for a neighbour, whatever this node's own view is.
  mutating func peerCounts(on id: LinkID, _ turn: inout Turn) {
    links[id]?.peerCountsUntil = turn.uptime + limits.idleLink
  }
}
