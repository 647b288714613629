import Consensus
import Ledger
import LedgerFixtures
import Model
import Sodium

/// A few nodes that replicate one ledger, with disks, signing and links that finish in any order a seed picks.
struct World {
  /// What a node would find after a crash.
  struct Disk {
    var entries: [Entry] = []
    var proposals: [SignedProposal] = []
    var acknowledgements: [NodeID: SignedAcknowledgement] = [:]
  }

  enum Work {
    case write([LedgerWrite], WriteToken)
    case input(Replication.Input)
  }

  struct Participant {
    var replication: Replication
    var disk = Disk()
    /// Writes finish in order; everything else in any.
    var writes: [(changes: [LedgerWrite], token: WriteToken)] = []
    var jobs: [Replication.Input] = []
  }

  let ledger: FixtureLedger
  var random: Random
  var nodes: [Participant] = []
  /// Messages under way from one node to another; nil while there is no link.
  var links: [[[ReplicationMessage]?]]
  var facts: [Replication.Effect] = []
  var now = Moment(uptime: .zero, wallMilliseconds: 1_700_000_000_000)
  /// The contract of this world: refuses entries of these kinds.
  var refusedKinds: Set<String> = []

  init(memberCount: Int, seed: UInt64) throws {
    ledger = try FixtureLedger(memberCount: memberCount)
    random = .seeded(seed)
    links = Array(repeating: Array(repeating: nil, count: memberCount), count: memberCount)
    for index in ledger.nodes.indices { nodes.append(Participant(replication: replication(index))) }
    for index in ledger.nodes.indices { step(index, .open(set, recovered: nil)) }
  }

  func replication(_ index: Int) -> Replication {
    Replication(own: ledger.nodes[index].id, epoch: 1, network: FixtureLedger.network)
  }

  var set: ReplicaSet {
    ReplicaSet(
      collaboration: ledger.collaboration, coordinator: ledger.coordinator.id,
      configuration: FixtureLedger.configuration,
      members: ledger.nodes.map { .init(node: $0.id, epoch: 1, signingKey: $0.signing.verificationKey) })
  }

  func index(of node: NodeID) -> Int { ledger.nodes.firstIndex { $0.id == node } ?? -1 }

  mutating func step(_ index: Int, _ input: Replication.Input) {
    var effects: Replication.Effects = []
    nodes[index].replication.step(input, at: now, random: &random, into: &effects)
    carryOut(effects, at: index)
  }

  mutating func append(_ kind: String = "note.added") throws {
    var effects: Replication.Effects = []
    let body = JSON.object(["text": .string("\(random.next())")])
    _ = try nodes[0].replication.append(kind: kind, body: body, to: ledger.collaboration, at: now, into: &effects)
    carryOut(effects, at: 0)
  }

  mutating func carryOut(_ effects: Replication.Effects, at index: Int) {
    for effect in effects {
      switch effect {
      case .store(let changes, let token): nodes[index].writes.append((changes, token))
      case .send(let message, let node): links[index][self.index(of: node)]?.append(message)
      case .sign(let statement, let token):
        let signature = ledger.nodes[index].signing.sign(statement.signedBytes)
        nodes[index].jobs.append(.signed(token, signature))
      case .verify(let signed, let key, let token):
        nodes[index].jobs.append(.verified(token, signed.verifies(with: key)))
      case .judge(_, let records, let token):
        let refused = records.first { refusedKinds.contains($0.kind) }
        nodes[index].jobs.append(
          .judged(token, refused.map { .refused(number: $0.number, reason: $0.kind) } ?? .accepted))
      default: facts.append(effect)
      }
    }
  }

  mutating func link(_ left: Int, _ right: Int) {
    guard left != right, links[left][right] == nil else { return }
    links[left][right] = []
    links[right][left] = []
    step(left, .linkOpened(ledger.nodes[right].id))
    step(right, .linkOpened(ledger.nodes[left].id))
  }

  /// What was under way is lost.
  mutating func unlink(_ left: Int, _ right: Int) {
    guard links[left][right] != nil else { return }
    links[left][right] = nil
    links[right][left] = nil
    step(left, .linkClosed(ledger.nodes[right].id))
    step(right, .linkClosed(ledger.nodes[left].id))
  }

  mutating func linkAll() {
    for left in nodes.indices { for right in nodes.indices where left < right { link(left, right) } }
  }

  /// Loses everything that was not durable, and starts from the disk.
  mutating func crash(_ index: Int) {
    for other in nodes.indices { unlink(index, other) }
    let disk = nodes[index].disk
    nodes[index] = Participant(replication: replication(index), disk: disk)
    let chain = RecoveredChain(
      collaboration: ledger.collaboration, entries: disk.entries, proposals: disk.proposals,
      acknowledgements: disk.acknowledgements.keys.sorted().compactMap { disk.acknowledgements[$0] })
    step(index, .open(set, recovered: chain))
  }

  /// Lets one thing happen at one node. Returns false when nothing can.
  mutating func advance() -> Bool {
    var choices: [(Int, Int)] = []
    for index in nodes.indices {
      if !nodes[index].writes.isEmpty { choices.append((index, -1)) }
      if !nodes[index].jobs.isEmpty { choices.append((index, -2)) }
      for from in nodes.indices where links[from][index]?.isEmpty == false { choices.append((index, from)) }
    }
    guard let (index, what) = choices.randomElement(using: &random) else { return false }
    switch what {
    case -1:
      let write = nodes[index].writes.removeFirst()
      apply(write.changes, at: index)
      step(index, .durable(write.token))
    case -2:
      let job = nodes[index].jobs.remove(at: Int.random(in: nodes[index].jobs.indices, using: &random))
      step(index, job)
    default:
      guard let message = links[what][index]?.removeFirst() else { return true }
      step(index, .received(message, from: ledger.nodes[what].id))
    }
    return true
  }

  mutating func settle() {
    var steps = 0
    while advance() {
      steps += 1
      precondition(steps < 1_000_000, "the world does not come to rest")
    }
  }

  private mutating func apply(_ changes: [LedgerWrite], at index: Int) {
    for change in changes {
      switch change {
      case .entry(let entry):
        precondition(entry.number == nodes[index].disk.entries.count + 1, "a gap or an overwritten entry on disk")
        nodes[index].disk.entries.append(entry)
      case .proposal(let proposal): nodes[index].disk.proposals.append(proposal)
      case .acknowledgement(let known): nodes[index].disk.acknowledgements[known.author] = known
      }
    }
  }

  func report(_ index: Int) -> VerificationReport {
    var copy = Verifier(ledger.collaboration)
    var proposals = nodes[index].disk.proposals[...]
    for entry in nodes[index].disk.entries {
      copy.take(entry.bytes, at: entry.number)
      while let next = proposals.first, next.proposal.last == entry.number {
        copy.take(next.signed)
        proposals.removeFirst()
      }
    }
    for next in proposals { copy.take(next.signed) }
    return copy.finish(expectedCount: nodes[index].disk.entries.count)
  }
}
