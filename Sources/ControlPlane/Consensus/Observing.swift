internal import Ledger
internal import Model

/// What a replica of a public ledger knows of those that have no part in it (docs/consensus.md, Observers).
struct Watch: Sendable {
  /// Where each linked node that is no member said that it stands, and to an observer where members do.
  var standings: [NodeID: Standing] = [:]
  /// Up to where each was told that this node knows the ledger as decided.
  var told: [NodeID: Int] = [:]
  var repeatedAt = Duration.zero
  var lastAsked: NodeID?

  mutating func linkClosed(_ node: NodeID) {
    standings[node] = nil
    told[node] = nil
  }
}

// A public ledger is followed by nodes that are no members of it: each tells its neighbours up to where it knows the
// ledger as decided, and who is behind asks one of them. What comes is checked by its signatures and certificates as a
// member does; an observer signs nothing, and counts nothing but decisions.
extension LedgerReplica {
  /// Follows the ledger without a part in it.
  func isObserver(_ desk: ReplicaDesk) -> Bool { isPublic && members.member(desk.own) == nil }

  /// Whether a message is between nodes of which one has no part in the ledger.
  func isWatched(by node: NodeID, _ desk: ReplicaDesk) -> Bool {
    isPublic && (members.member(desk.own) == nil || members.member(node) == nil)
  }

  mutating func publish(desk: inout ReplicaDesk) {
    guard !isPublic else { return }
    isPublic = true
    tellWatchers(desk: &desk)
  }

  mutating func observe(_ message: ConsensusMessage, from node: NodeID, desk: inout ReplicaDesk) {
    switch message {
    case .standing(let standing): watch(standing, of: node, desk: &desk)
    case .request(let first, let limit): serve(from: first, limit: limit, to: node, desk: &desk)
    // Who was a member and was cut off meanwhile takes itself for one, perhaps for the coordinator.
    case .credentialsRequest where !isObserver(desk): tellCredentials(to: node, desk: &desk)
    case .entries(let bytes) where isObserver(desk) && !isHalted: receive(bytes, from: node, desk: &desk)
    default: drop(.notMember, from: node, desk: &desk)
    }
  }

  private mutating func watch(_ standing: Standing, of node: NodeID, desk: inout ReplicaDesk) {
    guard standing.number >= 0, standing.decided >= 0, standing.decided <= standing.number else {
      return drop(.malformed("a standing at \(standing.number)"), from: node, desk: &desk)
    }
    watch.standings[node] = standing
    // Who left has heard that this is decided.
    if membership.departure(of: node) != nil { following.standings[node] = standing }
    if standing.decided < decidedNumber { tellWatcher(node, desk: &desk) }
    pull(desk: &desk)
  }

  /// Asks one of those who know more, in turn: a standing is no promise.
  mutating func pull(desk: inout ReplicaDesk) {
    guard isObserver(desk), !isHalted, !following.isRequesting, following.segments.isEmpty,
      durability.proposed == proposed
    else { return }
    let ahead = watch.standings.filter { $0.value.decided > decidedNumber && desk.linked.contains($0.key) }
    let nodes = ahead.keys.sorted()
    guard let peer = nodes.first(where: { node in watch.lastAsked.map { $0 < node } ?? true }) ?? nodes.first,
      let standing = ahead[peer]
    else { return }
    watch.lastAsked = peer
    following.isRequesting = true
    // What is here and not decided is asked for again: it comes with its proof, or gives way to what was decided.
    let from = following.missedSegment || chain.number >= standing.decided ? decidedNumber + 1 : chain.number + 1
    following.missedSegment = false
    deliver(.request(from: from, limit: ConsensusLimits.messageEntryCount), to: peer, desk: &desk)
  }

  /// Tells whoever is linked and has no part in the ledger, or all that are linked where this node has none.
  mutating func tellWatchers(desk: inout ReplicaDesk) {
    guard isPublic else { return }
    for node in desk.linked.sorted() where isWatched(by: node, desk) { tellWatcher(node, desk: &desk) }
  }

  mutating func tellWatcher(_ node: NodeID, desk: inout ReplicaDesk) {
    guard isWatched(by: node, desk), node != desk.own, watch.told[node] != decidedNumber,
      (watch.standings[node]?.decided ?? -1) < decidedNumber || watch.told[node] == nil
    else { return }
    watch.told[node] = decidedNumber
    sendStanding(to: node, desk: &desk)
  }

  /// Says it again to who did not follow: what was told may have come before that node had opened the ledger.
  mutating func tickWatch(desk: inout ReplicaDesk) {
    guard isPublic else { return }
    if desk.now.uptime - watch.repeatedAt >= ConsensusLimits.watchInterval {
      watch.repeatedAt = desk.now.uptime
      for node in watch.told.keys where (watch.standings[node]?.decided ?? 0) < decidedNumber { watch.told[node] = nil }
      tellWatchers(desk: &desk)
    }
    pull(desk: &desk)
  }

  /// The last that a node hears of a ledger: what it lacks, as far as it fits into one message.
  mutating func farewell(to node: NodeID, desk: inout ReplicaDesk) {
    let known = watch.standings[node]?.decided ?? following.standings[node]?.decided ?? max(0, decidedNumber - 8)
    guard isPublic, known < decidedNumber,
      let (message, _) = segment(from: known + 1, limit: ConsensusLimits.messageEntryCount, through: decidedNumber)
    else { return }
    deliver(.entries(message), to: node, desk: &desk)
  }
}
