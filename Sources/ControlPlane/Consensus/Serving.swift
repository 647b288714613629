internal import Ledger
internal import Model

/// Handing out what is durable and proposed, in whole batches.
extension Replica {
  /// The next message from an entry on, and the last entry in it; nil when there is nothing durable to send.
  func message(from first: Int, limit: Int, through durable: DurablePlace) -> (ReplicationMessage, last: Int)? {
    guard var index = proposalIndex(covering: first) else { return nil }
    var chosen: [SignedProposal] = []
    var bytes: [[UInt8]] = []
    var byteCount = 0
    while index < proposals.count, proposals[index].proposal.last <= durable.number {
      let batch = proposals[index].numbers
      let size = batch.reduce(0) { $0 + (entry($1)?.bytes.count ?? 0) }
      let fits = byteCount + size <= ReplicationLimits.batchByteCount && bytes.count + batch.count <= limit
      // The first batch always goes: a batch is within a message's bounds by itself.
      guard fits || chosen.isEmpty else { break }
      chosen.append(proposals[index])
      bytes.append(contentsOf: batch.compactMap { entry($0)?.bytes })
      byteCount += size
      index += 1
    }
    guard let last = chosen.last?.proposal.last else { return nil }
    return (.entries(set.collaboration, entries: bytes, proposals: chosen.map(\.signed)), last)
  }

  /// Answers a member that asks, whatever this node's role: proposals prove themselves.
  mutating func serve(from first: Int, limit: Int, to node: NodeID, at moment: Moment, desk: inout Desk) {
    guard first >= 1, limit >= 1 else {
      return desk.drop(.malformed("request from \(first), limit \(limit)"), from: node)
    }
    var served = served[node] ?? (moment, 0)
    if moment.uptime - served.since.uptime >= .seconds(1) { served = (moment, 0) }
    served.count += 1
    self.served[node] = served
    // A request is small and its answer is not. Who catches up asks again when nothing comes.
    guard served.count <= ReplicationLimits.requestsPerSecond else { return desk.drop(.overloaded, from: node) }
    let limit = min(limit, ReplicationLimits.messageEntryCount)
    guard let (message, _) = message(from: first, limit: limit, through: durability.proposed) else { return }
    desk.send(message, to: node)
  }

  /// Asks the coordinator again for what was passed over, or another member while the coordinator cannot be reached.
  mutating func catchUp(desk: inout Desk) {
    guard !isCoordinator(desk), !halted, !isForked, batches.isEmpty else { return }
    if desk.linked.contains(set.coordinator) {
      // Only once all that was taken is durable: a head that lags would bring it all again.
      guard missedBatch, durability.proposed.number == proposed else { return }
      missedBatch = false
      return sendHead(to: set.coordinator, desk: &desk)
    }
    guard !isRequesting else { return }
    let next = chain.number + 1
    let ahead = peerHeads.filter { $0.value >= next && desk.linked.contains($0.key) }.keys.sorted()
    // In turn: a head is no promise, and one who says much and sends nothing must not keep the others from their turn.
    guard let peer = ahead.first(where: { node in lastAsked.map { $0 < node } ?? true }) ?? ahead.first else { return }
    lastAsked = peer
    isRequesting = true
    desk.send(.request(set.collaboration, from: next, limit: ReplicationLimits.messageEntryCount), to: peer)
  }
}
