package import Contract
package import Coordination
internal import Engine
package import Model
package import Overlay

/// What a simulated node is made of.
package struct NodePlan: Sendable {
  package var name: String
  package var offer: Amounts
  package var price: Int
  /// Of each lane of its event queues.
  package var queueCapacity: Int
  package var sandboxed: Bool
  package var policy: LocalPolicy
  /// Its only adapter runs no commands of its own accord.
  package var runsOnRequestOnly: Bool
  /// How long its invitation lets it join, from when it is made.
  package var grantMilliseconds: Int64 = 3_600_000
  /// Whether its invitation names a node to knock at first.
  package var knowsSeed = true
  /// The member whose word of a vote it comes by, instead of a founder's invitation.
  package var comesBy: Int?
  package var overlayLimits = OverlayLimits()
  /// Of collaborations that it creates.
  package var contract = ContractDocument.standard
  /// Nodes of one zone are as far from each other as `Latencies` says of it.
  package var zone = 0

  package init(
    name: String, offer: Amounts = Amounts(cpuMillicores: 4_000, memoryBytes: 4 << 30), price: Int = 50,
    queueCapacity: Int = NodeEngine.queueCapacity, sandboxed: Bool = true,
    policy: LocalPolicy = LocalPolicy(decline: [], decidesByHand: false), runsOnRequestOnly: Bool = false
  ) {
    self.name = name
    self.offer = offer
    self.price = price
    self.queueCapacity = queueCapacity
    self.sandboxed = sandboxed
    self.policy = policy
    self.runsOnRequestOnly = runsOnRequestOnly
  }

  /// A node that does no work.
  package static func plain(_ index: Int, overlayLimits: OverlayLimits = OverlayLimits()) -> NodePlan {
    var plan = NodePlan(name: "node-\(index)", offer: .zero)
    plan.overlayLimits = overlayLimits
    return plan
  }

  package static func asker(_ name: String = "asker") -> NodePlan { NodePlan(name: name, offer: .zero) }
}
