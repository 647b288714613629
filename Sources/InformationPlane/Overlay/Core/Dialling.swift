import Model

/// A node to be linked with: where it may be, and when to try next.
struct DialTarget: Sendable {
  private(set) var addresses: [String] = []
  private(set) var failures = 0
  /// The uptime from which to dial.
  var dueAt: Duration
  /// A dial is under way until then at most.
  private(set) var underWayUntil: Duration?

  init(dueAt: Duration) {
    self.dueAt = dueAt
  }

  mutating func add(_ address: String) {
    if !addresses.contains(address) { addresses.append(address) }
  }

  /// Newer addresses come first; those of the invitation stay behind them.
  mutating func replace(_ newer: [String]) {
    let older = addresses.filter { !newer.contains($0) }
    addresses = newer + older.prefix(max(0, 2 * MemberRecord.addressLimit - newer.count))
  }

  /// The addresses take turns.
  mutating func begin(until: Duration) -> String? {
    guard !addresses.isEmpty else { return nil }
    underWayUntil = until
    return addresses[failures % addresses.count]
  }

  mutating func dialEnded() { underWayUntil = nil }
  mutating func linked() { failures = 0 }
  mutating func failed() {
    failures += 1
    underWayUntil = nil
  }
}

extension OverlayCore {
  /// Dials every node that should be linked and is not. Failed ones are never given up.
  mutating func dialWhatIsDue(_ turn: inout Turn) {
    for node in targets.keys.sorted() {
      guard let target = targets[node] else { continue }
      if let until = target.underWayUntil {
        if turn.uptime < until { continue }
        backOff(node, &turn)
        continue
      }
      guard shouldDial(node), turn.uptime >= target.dueAt else { continue }
      guard let address = targets[node]?.begin(until: turn.uptime + limits.dialTimeout) else { continue }
      turn.emit(.dial(address: address, expecting: node))
    }
  }

  func shouldDial(_ node: NodeID) -> Bool {
    !leaving && node != self.node && linkOfNode[node] == nil && links.count < limits.links
      && memberTable[node]?.state != .left
  }

  /// Plans a dial soon; the node with the lower id goes first, so that two seldom meet in the middle.
  mutating func scheduleDial(to node: NodeID, _ turn: inout Turn) {
    let wait = self.node < node ? limits.pulse : limits.dialCourtesy
    targets[node]?.dueAt = turn.uptime + turn.jittered(wait)
    if let until = shunned[node] { targets[node]?.dueAt = until }
    hasten(&turn)
  }

  mutating func dialFailed(_ node: NodeID, address: String, reason: String, _ turn: inout Turn) {
    guard let target = targets[node], target.underWayUntil != nil, linkOfNode[node] == nil else { return }
    if target.failures == 0 { turn.emit(.notice(.unreachable(node, address: address, reason: reason))) }
    backOff(node, &turn)
  }

  private mutating func backOff(_ node: NodeID, _ turn: inout Turn) {
    guard let failures = targets[node]?.failures else { return }
    targets[node]?.failed()
    let wait = min(limits.redialMost, limits.redialFirst * (1 << min(failures, 10)))
    targets[node]?.dueAt = turn.uptime + turn.jittered(wait)
    hasten(&turn)
  }
}
