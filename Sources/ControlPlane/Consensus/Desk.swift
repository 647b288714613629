internal import Ledger
internal import Model

/// Where a replica puts its effects and draws its tokens.
struct Desk: Sendable {
  enum Job: Sendable {
    case signProposal(CollaborationID, Proposal)
    case signAcknowledgement(CollaborationID, Acknowledgement)
    case verifyProposal(CollaborationID, batch: UInt64)
    case verifyAcknowledgement(CollaborationID, SignedAcknowledgement)
    case judge(CollaborationID, batch: UInt64)
  }

  let own: NodeID
  let epoch: Int
  let network: NetworkID
  var effects: [Replication.Effect] = []
  var linked: Set<NodeID> = []
  private var counter: UInt64 = 0
  private var jobs: [JobToken: Job] = [:]
  private var writes: [WriteToken: CollaborationID] = [:]

  init(own: NodeID, epoch: Int, network: NetworkID) {
    self.own = own
    self.epoch = epoch
    self.network = network
  }

  mutating func number() -> UInt64 {
    counter += 1
    return counter
  }

  mutating func job(_ job: Job) -> JobToken {
    let token = JobToken(number())
    jobs[token] = job
    return token
  }

  mutating func finish(_ token: JobToken) -> Job? { jobs.removeValue(forKey: token) }

  mutating func store(_ changes: [LedgerWrite], of collaboration: CollaborationID) -> WriteToken {
    let token = WriteToken(number())
    writes[token] = collaboration
    effects.append(.store(changes, token))
    return token
  }

  mutating func finish(_ token: WriteToken) -> CollaborationID? { writes.removeValue(forKey: token) }

  mutating func send(_ message: ReplicationMessage, to node: NodeID) {
    if linked.contains(node) { effects.append(.send(message, to: node)) }
  }

  mutating func drop(_ reason: ReplicationDrop, from node: NodeID) {
    effects.append(.dropped(reason, from: node))
  }

  /// A statement of this node in its current epoch.
  func statement(_ body: some StatementBody, in collaboration: CollaborationID) -> Statement {
    do {
      return try Statement(body, by: own, epoch: epoch, network: network, collaboration: collaboration)
    } catch {
      // Proposals and acknowledgements hold small integers and hashes only.
      preconditionFailure("a consensus statement cannot be written: \(error)")
    }
  }
}
