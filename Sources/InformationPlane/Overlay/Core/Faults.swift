import Model

/// What a peer was at fault for of late.
struct Faults: Sendable {
  var count = 0
  /// In whose names it passed on what they did not sign, by the keys that this node knows.
  var forgedAuthors: Set<NodeID> = []
}

extension OverlayCore {
  /// Counts what was dropped; a peer that is at fault too often loses its link.
  ///
  /// - Parameter node: who is at fault where the link may be closed by now: a new one is no new beginning.
  mutating func drop(_ reason: DropReason, from link: LinkID?, by node: NodeID? = nil, _ turn: inout Turn) {
    let peer = link.flatMap { links[$0]?.node } ?? node
    count(reason, from: peer, &turn)
    if reason.isPeersFault, let peer { blame(peer, &turn) }
  }

  /// Counts a signature that did not hold.
  ///
  /// An author can have two keys and show each to some, so that what is good for one node is a forgery for the next,
  /// which would blame all who pass it on. So a peer is at fault once for each author, until faults are forgotten, and
  /// never for one that is known to have had two keys; meanwhile what it brings of that author is not checked.
  mutating func dropForgery(by author: NodeID, from peer: NodeID, _ turn: inout Turn) {
    count(.badSignature, from: peer, &turn)
    let isFirst = faults[peer, default: Faults()].forgedAuthors.insert(author).inserted
    // Who signs itself knows which of its keys it showed here.
    if author == peer || isFirst && !hadTwoKeys(author) { blame(peer, &turn) }
  }

  /// Whether what a peer brings of an author is worth a check of its signature.
  func mayCheck(_ author: NodeID, from peer: NodeID) -> Bool {
    faults[peer]?.forgedAuthors.contains(author) != true
  }

  func hadTwoKeys(_ author: NodeID) -> Bool { table[author]?.twoKeysEpoch != nil }

  private mutating func count(_ reason: DropReason, from peer: NodeID?, _ turn: inout Turn) {
    counters[reason, default: 0] += 1
    turn.emit(.dropped(reason, from: peer))
  }

  private mutating func blame(_ peer: NodeID, _ turn: inout Turn) {
    guard table[peer] != nil else { return }
    faults[peer, default: Faults()].count += 1
    guard faults[peer, default: Faults()].count >= limits.badFrames else { return }
    faults[peer]?.count = 0
    shunned[peer] = turn.uptime + limits.redialMost
    turn.emit(.notice(.peerMisbehaved(peer)))
    if let open = linkOfNode[peer] { close(open, .misbehaved, &turn) }
  }
}
