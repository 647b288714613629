internal import Contract
package import Coordination
package import Engine
package import Model
package import Overlay

/// A node's process and what of it survives the process.
package struct SimulatedNode {
  package let plan: NodePlan
  package let identity: LocalIdentity
  package let address: String
  let seeds: [Invitation.Seed]

  // Survives.
  package var disk: SimulatedDisk
  package var objects: [Digest: [UInt8]] = [:]
  package internal(set) var incarnation = 0
  package internal(set) var clock = HostClock()
  /// Older states of the disk, the oldest first, and the world's uptime when each was taken.
  /// How often an older copy of its disk was put back.
  package internal(set) var rollbacks = 0
  package internal(set) var diskCopies: [(taken: Duration, disk: SimulatedDisk)] = []

  // The process.
  package var engine: NodeEngine
  /// What it shows of itself in handshakes.
  package internal(set) var record: SignedStatement
  package internal(set) var isUp = false
  /// Stopped for a time: what comes in waits.
  package internal(set) var isPaused = false
  /// Raised by each crash and each start; inputs for an older process are lost.
  var generation = 0
  var timers: [EngineTimer: UInt64] = [:]
  /// Effects that it carried out since it started.
  package internal(set) var effects = 0
  /// What came while it was paused, in order.
  var backlog: [SimulatedNetwork.Scheduled] = []
  var waitingDatagrams = 0
  package internal(set) var running: [AttemptID: WorkOrder] = [:]
  /// Who may connect from now on, also when its grant is over.
  package internal(set) var admitted: Set<NodeID> = []

  // What was seen of it.
  package internal(set) var answers: [CommandID: Result<CommandAnswer, Refusal>] = [:]
  package internal(set) var notices: [NoticeView] = []
  /// Of the time since overlays are watched.
  package internal(set) var overlayLog = OverlayLog()
  /// How often each attempt was begun, over all processes.
  package internal(set) var begun: [AttemptID: Int] = [:]
  /// The most that ran at one time.
  package internal(set) var peak = Amounts.zero
  /// When each attempt was begun first.
  package internal(set) var order: [AttemptID] = []
  package internal(set) var logRequests: [(request: PeerMessage.LogRequest, node: NodeID)] = []
  package internal(set) var logChunks: [(chunk: PeerMessage.LogChunk, node: NodeID)] = []
  package internal(set) var traceReplies: [(reply: PeerMessage.TraceReply, node: NodeID)] = []

  package var id: NodeID { identity.node }

  init(
    plan: NodePlan, identity: LocalIdentity, address: String, seeds: [Invitation.Seed], disk: SimulatedDisk,
    engine: NodeEngine, record: SignedStatement
  ) {
    self.plan = plan
    self.identity = identity
    self.address = address
    self.seeds = seeds
    self.disk = disk
    self.engine = engine
    self.record = record
  }
}
