internal import Ledger
internal import Model
internal import Sodium

/// Where a replica puts its effects and draws its tokens.
struct ReplicaDesk: Sendable {
  enum Job: Sendable {
    case proposal(Proposal)
    case acknowledgement(Acknowledgement)
    case confirmation(Confirmation)
    case preVote(PreVote)
    case vote(Vote)
    case call(ElectionCall)
    case transfer(ElectionTransfer)
    case check(ConsensusMessage, from: NodeID)
    case segment(UInt64)
    case judge(UInt64)
  }

  let own: NodeID
  let epoch: Int
  let network: NetworkID
  let isNewestCopy: Bool
  var random: Random
  var now: Moment
  var effects: LedgerConsensus.Effects = []
  var linked: Set<NodeID> = []
  private var counter: UInt64 = 0
  private var jobs: [JobToken: (CollaborationID, Job)] = [:]
  private var writes: [WriteToken: CollaborationID] = [:]

  init(own: NodeID, epoch: Int, network: NetworkID, isNewestCopy: Bool) {
    self.own = own
    self.epoch = epoch
    self.network = network
    self.isNewestCopy = isNewestCopy
    random = .seeded(0)
    now = Moment(uptime: .zero, wallMilliseconds: 0)
  }

  mutating func number() -> UInt64 {
    counter += 1
    return counter
  }

  mutating func job(_ job: Job, of collaboration: CollaborationID) -> JobToken {
    let token = JobToken(number())
    jobs[token] = (collaboration, job)
    return token
  }

  mutating func finish(_ token: JobToken) -> (CollaborationID, Job)? { jobs.removeValue(forKey: token) }

  mutating func store(_ changes: [LedgerWrite], of collaboration: CollaborationID) -> WriteToken {
    let token = WriteToken(number())
    writes[token] = collaboration
    effects.append(.store(collaboration, changes, token))
    return token
  }

  mutating func finish(_ token: WriteToken) -> CollaborationID? { writes.removeValue(forKey: token) }

  /// Signs what `job` carries as a statement of this node in its current epoch.
  mutating func sign(_ body: some StatementBody, _ job: Job, of collaboration: CollaborationID) {
    let token = self.job(job, of: collaboration)
    effects.append(.sign(statement(body, in: collaboration), token))
  }

  func statement(_ body: some StatementBody, in collaboration: CollaborationID) -> Statement {
    do {
      return try Statement(body, by: own, epoch: epoch, network: network, collaboration: collaboration)
    } catch {
      // Consensus statements hold small integers, hashes and texts whose length was checked.
      preconditionFailure("a consensus statement cannot be written: \(error)")
    }
  }
}
