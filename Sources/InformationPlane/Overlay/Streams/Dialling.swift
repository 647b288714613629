public import Model

/// A node to be linked with: where it may be, and when to try next.
struct DialTarget: Sendable {
  private(set) var addresses: [String] = []
  private(set) var failures = 0
  /// Why the newest dial of each address failed.
  private(set) var problems: [String: String] = [:]
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
    problems = problems.filter { addresses.contains($0.key) }
  }

  /// The addresses take turns.
  mutating func begin(until: Duration) -> String? {
    guard !addresses.isEmpty else { return nil }
    underWayUntil = until
    return addresses[failures % addresses.count]
  }

  mutating func note(_ problem: String, at address: String) {
    if addresses.contains(address) { problems[address] = problem }
  }

  mutating func dialEnded() { underWayUntil = nil }
  mutating func failed() {
    failures += 1
    underWayUntil = nil
  }
}

extension OverlayCore {
  /// Whether this node has a reason of its own for a stream to a peer that lasts.
  func needs(_ peer: NodeID) -> Bool {
    neighbours.contains(peer) || kept.contains(peer) || outgoing[peer] != nil
      || seeds[peer] != nil && table[peer] == nil
  }

  /// Whether this node has any reason of its own for a stream to a peer. That facts are to be compared with it is none
  /// that finds it room: a peer brings this about by itself.
  func wants(_ peer: NodeID) -> Bool { needs(peer) || comparing[peer] != nil }

  /// All peers to whom there is to be a stream, and is none: those without whom nothing else goes on first.
  private var missing: [NodeID] {
    var strangers: [NodeID] = []
    for seed in seeds.keys where table[seed] == nil { strangers.append(seed) }
    var seen: Set<NodeID> = []
    var out: [NodeID] = []
    for group in [strangers, Array(neighbours), Array(kept), Array(outgoing.keys), Array(comparing.keys)] {
      for peer in group.sorted() where shouldDial(peer) && seen.insert(peer).inserted { out.append(peer) }
    }
    return out
  }

  /// Why the newest dials of a peer that is to be linked failed, by address; empty while none has.
  public func dialProblems(of peer: NodeID) -> [String: String] { targets[peer]?.problems ?? [:] }

  func shouldDial(_ peer: NodeID) -> Bool {
    !leaving && peer != node && linkOfNode[peer] == nil && table[peer]?.state != .left && !revoked.contains(peer)
  }

  mutating func keepLinked(_ nodes: Set<NodeID>, _ turn: inout Turn) {
    guard nodes != kept else { return }
    for peer in nodes.subtracting(kept).sorted() where shouldDial(peer) { scheduleDial(to: peer, &turn) }
    kept = nodes
  }

  /// Dials who should be linked and is not. Failed ones are never given up.
  mutating func dialWhatIsDue(_ turn: inout Turn) {
    let missing = missing
    let isMissing = Set(missing)
    for peer in targets.keys.sorted() where !isMissing.contains(peer) && targets[peer]?.underWayUntil == nil {
      // How often it refused counts until a stream has lasted.
      let openedAt = linkOfNode[peer].flatMap { links[$0]?.openedAt }
      if let openedAt, turn.uptime - openedAt < limits.refusalPatience { continue }
      targets[peer] = nil
    }
    for peer in targets.keys.sorted() {
      guard let until = targets[peer]?.underWayUntil, until <= turn.uptime else { continue }
      backOff(peer, &turn)
    }
    for peer in missing {
      let target = target(for: peer, &turn)
      guard target.underWayUntil == nil, target.dueAt <= turn.uptime else { continue }
      dial(peer, &turn)
    }
  }

  /// The uptime at which the next dial is due, or one under way is given up.
  var nextDial: Duration? {
    // Where no more dials may be under way, those that are due wait for one of them to end.
    let isFull = targets.values.count { $0.underWayUntil != nil } >= limits.dials
    return targets.lazy.filter { linkOfNode[$0.key] == nil }
      .compactMap { $0.value.underWayUntil ?? (isFull ? nil : $0.value.dueAt) }.min()
  }

  private mutating func target(for peer: NodeID, _ turn: inout Turn) -> DialTarget {
    if let target = targets[peer] { return target }
    var target = DialTarget(dueAt: turn.uptime)
    for address in seeds[peer] ?? [] { target.add(address) }
    if let member = table[peer] { target.replace(member.checked.record.addresses) }
    targets[peer] = target
    return target
  }

  private mutating func dial(_ peer: NodeID, _ turn: inout Turn) {
    guard targets.values.count(where: { $0.underWayUntil != nil }) < limits.dials else { return }
    // A member may say nowhere that it listens: then it is who dials.
    guard let address = targets[peer]?.begin(until: turn.uptime + limits.dialTimeout) else {
      return backOff(peer, &turn)
    }
    turn.emit(.dial(address: address, expecting: peer))
  }

  /// Dials at once, unless a dial is under way or has just failed.
  mutating func dialNow(_ peer: NodeID, _ turn: inout Turn) {
    guard shouldDial(peer), shunned[peer] == nil else { return }
    let target = target(for: peer, &turn)
    guard target.underWayUntil == nil, target.failures == 0 || target.dueAt <= turn.uptime else { return }
    dial(peer, &turn)
    agenda.plan(.tend, at: turn.uptime + limits.tendInterval)
  }

  /// Plans a dial soon; the node with the lower id goes first, so that two seldom meet in the middle.
  mutating func scheduleDial(to peer: NodeID, _ turn: inout Turn) {
    guard shouldDial(peer) else { return }
    let isFirst = node < peer || outgoing[peer] != nil || seeds[peer] != nil
    // Who did not answer, or refused, is not dialled sooner for being wanted more.
    if target(for: peer, &turn).failures == 0 {
      targets[peer]?.dueAt = turn.uptime + (isFirst ? .zero : turn.jittered(limits.dialCourtesy))
    }
    if let until = shunned[peer] { targets[peer]?.dueAt = until }
    if let due = targets[peer]?.dueAt { agenda.plan(.tend, at: due) }
  }

  mutating func dialFailed(_ peer: NodeID, address: String, reason: String, _ turn: inout Turn) {
    guard let target = targets[peer], target.underWayUntil != nil, linkOfNode[peer] == nil else { return }
    targets[peer]?.note(reason, at: address)
    // Of those who have failed, people know.
    let state = table[peer]?.state
    if target.failures == 0, state != .failed, state != .left {
      turn.emit(.notice(.unreachable(peer, address: address, reason: reason)))
    }
    backOff(peer, &turn)
  }

  /// Dials again after a pause, twice as long as the one before.
  mutating func backOff(_ peer: NodeID, _ turn: inout Turn) {
    let failures = target(for: peer, &turn).failures
    targets[peer]?.failed()
    let wait = min(limits.redialMost, limits.redialFirst * (1 << min(failures, 10)))
    let due = turn.uptime + turn.jittered(wait)
    targets[peer]?.dueAt = due
    agenda.plan(.tend, at: due)
  }
}
