internal import Engine
package import Model
package import Overlay

/// What a node's overlay told its engine, over all its processes, in order: a finer look than people's notices give.
package struct OverlayLog {
  package struct Arrival: Hashable, Sendable {
    package let id: StatementID
    package let via: NodeID
    /// Links that it passed.
    package let hops: Int
  }

  package struct Change: Hashable, Sendable {
    package let node: NodeID
    package let state: MemberState

    package init(_ node: NodeID, _ state: MemberState) {
      self.node = node
      self.state = state
    }
  }

  package private(set) var facts: [Arrival] = []
  /// Statements for this node alone.
  package private(set) var directs: [StatementID] = []
  package private(set) var messages: [PeerMessage] = []
  /// What came of the statements that it sent to single nodes.
  package private(set) var outcomes: [StatementID: DirectOutcome] = [:]
  package private(set) var refusedBroadcasts: [StatementID: DropReason] = [:]
  package private(set) var changes: [Change] = []
  package private(set) var notices: [OverlayNotice] = []
  /// How often it took a new datagram key.
  package private(set) var renewals = 0

  init() {}

  mutating func add(_ effect: OverlayEffect) {
    switch effect {
    case .deliverFact(let signed, let node, let hops): facts.append(Arrival(id: signed.id, via: node, hops: hops))
    case .deliverDirect(let signed, _): directs.append(signed.id)
    case .deliverMessage(let message, _): messages.append(message)
    case .outcome(let id, _, let outcome): outcomes[id] = outcome
    case .refusedBroadcast(let id, let reason): refusedBroadcasts[id] = reason
    case .memberChanged(let node, let state): changes.append(Change(node, state))
    case .notice(let notice): notices.append(notice)
    case .renewRecord: renewals += 1
    case .dial, .transmit, .close, .sendDatagram, .present, .verify, .sign, .setTimer, .storeRecord, .storeFact,
      .forgetFact,
      .pinged, .memberUpdated, .linked, .unlinked, .dropped:
      break
    }
  }
}

extension SimulatedNetwork {
  /// From now on every node's overlay is looked at; it changes nothing of what the nodes do.
  package func watchOverlays() {
    watchesOverlays = true
    for index in nodes.indices { nodes[index].engine.watchOverlay() }
  }

  func observeOverlay(of index: Int) {
    guard watchesOverlays else { return }
    for effect in nodes[index].engine.takeWatchedEffects() { nodes[index].overlayLog.add(effect) }
  }

  /// Whether everybody who runs holds everybody who runs for alive, has streams to its neighbours, and the same facts.
  package var agrees: Bool {
    guard let first = live.first else { return true }
    return live.allSatisfy { index in
      let overlay = nodes[index].engine.overlay
      return live.allSatisfy { $0 == index || overlay.member(nodes[$0].id)?.state == .alive }
        && overlay.missingNeighbours.isEmpty && overlay.holdsSameFacts(as: nodes[first].engine.overlay)
    }
  }
}
