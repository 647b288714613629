import Contract
import Coordination
import Engine
import Model
import Overlay

/// What a simulated node is made of.
struct NodePlan {
  var name: String
  var offer = Amounts(cpuMillicores: 4_000, memoryBytes: 4 << 30)
  var price = 50
  /// Of each lane of its event queues.
  var queueCapacity = NodeEngine.queueCapacity
  var sandboxed = true
  var policy = LocalPolicy(decline: [], decidesByHand: false)
  /// Its only adapter runs no commands of its own accord.
  var runsOnRequestOnly = false

  static func asker(_ name: String = "asker") -> NodePlan { NodePlan(name: name, offer: .zero) }
}

/// A node's process and what of it survives the process.
struct SimulatedNode {
  let plan: NodePlan
  let identity: LocalIdentity
  let address: String
  let seeds: [Invitation.Seed]

  // Survives.
  var disk = SimulatedDisk()
  var objects: [Digest: [UInt8]] = [:]
  var incarnation = 0

  // The process.
  var engine: NodeEngine
  var record: SignedStatement
  var isUp = false
  /// Raised by each crash and each start; inputs for an older process are lost.
  var generation = 0
  var timers: [EngineTimer: UInt64] = [:]
  /// Transactions handed over and not applied yet.
  var pending: [(step: UInt64, writes: [Write])] = []
  var running: [AttemptID: WorkOrder] = [:]

  // What was seen of it.
  var answers: [CommandID: Result<CommandAnswer, Refusal>] = [:]
  var notices: [NoticeView] = []
  /// How often each attempt was begun, over all processes.
  var begun: [AttemptID: Int] = [:]
  /// The most that ran at one time.
  var peak = Amounts.zero
  /// When each attempt was begun first.
  var order: [AttemptID] = []
  /// Who may connect from now on, also when its grant is over.
  var admitted: Set<NodeID> = []
  var logRequests: [(request: PeerMessage.LogRequest, node: NodeID)] = []
  var logChunks: [(chunk: PeerMessage.LogChunk, node: NodeID)] = []

  var id: NodeID { identity.node }
}
