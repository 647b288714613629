internal import Ledger
internal import Model

/// One ledger at this node, in whichever role.
struct Replica: Sendable {
  private(set) var set: ReplicaSet
  var chain: Chain
  /// From entry 1 without a gap; the last is the chain's head.
  var entries: [Entry]
  /// Signed, in order; together they cover entries 1 to `proposed`.
  var proposals: [SignedProposal]
  var durability: Durability

  // As coordinator.
  /// Other members, by node.
  var followers: [NodeID: Follower] = [:]
  var isSigningProposal = false

  // As participant.
  /// Batches that wait for their checks, oldest first.
  var batches: [Batch] = []
  var halted = false
  /// The coordinator signed, or says that it holds, something else than this node does: only evidence is still taken.
  var isForked = false
  /// Both signatures of a coordinator over one place were told of.
  var hasConflict = false
  var isSigningAcknowledgement = false
  var newestAcknowledgement: SignedAcknowledgement?
  /// The heads that other members told, as hints for catching up past an unreachable coordinator.
  var peerHeads: [NodeID: Int] = [:]
  var isRequesting = false
  /// Whom this node asked last, so that each has its turn.
  var lastAsked: NodeID?
  /// What was handed to each asking member in the newest second.
  var served: [NodeID: (since: Moment, count: Int)] = [:]
  /// A batch was passed over; the coordinator must be told from where to go on.
  var missedBatch = false

  init(_ set: ReplicaSet, recovered: RecoveredChain?) {
    self.set = set
    durability = Durability(recovered: recovered)
    chain = Chain(set.collaboration)
    entries = []
    proposals = recovered?.proposals ?? []
    for entry in recovered?.entries ?? [] {
      do {
        try chain.append(entry)
      } catch {
        // Storage checked the links of what it recovered.
        preconditionFailure("a recovered chain does not hold: \(error)")
      }
      entries.append(entry)
    }
    for known in recovered?.acknowledgements ?? [] where known.acknowledgement.number <= entries.count {
      followers[known.author] = Follower(acknowledged: known.acknowledgement.number)
    }
  }

  func isCoordinator(_ desk: Desk) -> Bool { set.coordinator == desk.own }

  /// The other members in the order of their ids.
  func others(_ desk: Desk) -> [NodeID] { set.members.map(\.node).filter { $0 != desk.own } }

  func entry(_ number: Int) -> Entry? {
    entries.indices.contains(number - 1) ? entries[number - 1] : nil
  }

  /// The last proposed entry, in memory.
  var proposed: Int { proposals.last?.proposal.last ?? 0 }

  /// The proposal that covers an entry.
  func proposalIndex(covering number: Int) -> Int? {
    var low = 0
    var high = proposals.count
    while low < high {
      let middle = (low + high) / 2
      if proposals[middle].proposal.last < number { low = middle + 1 } else { high = middle }
    }
    guard low < proposals.count, proposals[low].numbers.contains(number) else { return nil }
    return low
  }

  mutating func adopt(_ new: ReplicaSet, desk: inout Desk) {
    set = new
    for node in followers.keys.sorted() where set.member(node) == nil { followers[node] = nil }
    for node in others(desk) { sendHead(to: node, desk: &desk) }
  }

  mutating func opened(desk: inout Desk) {
    // A ledger that is just founded is empty everywhere: nobody needs to tell where it stands.
    if isCoordinator(desk), entries.isEmpty {
      for node in others(desk) { followers[node, default: Follower()].isNew() }
    }
    for node in others(desk) { sendHead(to: node, desk: &desk) }
    propose(desk: &desk)
    acknowledge(desk: &desk)
  }

  mutating func linkOpened(_ node: NodeID, desk: inout Desk) {
    guard set.member(node) != nil else { return }
    followers[node]?.linkOpened()
    sendHead(to: node, desk: &desk)
    if node == set.coordinator, let newest = newestAcknowledgement {
      desk.send(.acknowledgement(newest.signed), to: node)
    }
  }

  mutating func linkClosed(_ node: NodeID, desk: inout Desk) {
    followers[node]?.linkClosed()
    if peerHeads.removeValue(forKey: node) != nil { isRequesting = false }
    catchUp(desk: &desk)
  }

  mutating func durable(_ token: WriteToken, at moment: Moment, desk: inout Desk) {
    guard let finished = durability.finished(token) else { return }
    switch finished {
    case .entries(let number):
      desk.effects.append(.held(set.collaboration, number: number, by: desk.own))
    case .proposal:
      propose(desk: &desk)
      for node in others(desk) { push(to: node, at: moment, desk: &desk) }
    case .batch(let number):
      desk.effects.append(.held(set.collaboration, number: number, by: desk.own))
      acknowledge(desk: &desk)
      catchUp(desk: &desk)
    case .acknowledgement: break
    }
  }

  mutating func tick(at moment: Moment, desk: inout Desk) {
    if isCoordinator(desk) {
      for node in others(desk) {
        if followers[node]?.wantsResuming == true { followers[node]?.resume(at: moment) }
        followers[node]?.resendIfStalled(at: moment)
        push(to: node, at: moment, desk: &desk)
      }
    } else {
      isRequesting = false
      catchUp(desk: &desk)
    }
  }

  mutating func head(_ number: Int, _ hash: Digest, from node: NodeID, at moment: Moment, desk: inout Desk) {
    guard number >= 0 else { return desk.drop(.malformed("head \(number)"), from: node) }
    if isCoordinator(desk) {
      resume(node, from: number, hash, at: moment, desk: &desk)
    } else {
      peerHeads[node] = number
      // It sent nothing that was not durable there, so it has lost what it signed.
      if node == set.coordinator, number < durability.proposed.number { forks(at: number + 1, desk: &desk) }
      // The coordinator may have opened the ledger after this node told its own head.
      if node == set.coordinator { sendHead(to: node, desk: &desk) }
      catchUp(desk: &desk)
    }
  }

  func sendHead(to node: NodeID, desk: inout Desk) {
    let number = durability.proposed.number
    let hash = entry(number)?.hash ?? set.collaboration.digest
    desk.send(.head(set.collaboration, number: number, hash: hash), to: node)
  }
}
