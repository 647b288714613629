import Node

/// Who plays: clouds of every kind, with different amounts and prices.
struct DemoCast: Sendable {
  struct Member: Sendable {
    var name: String
    var kind: NodeKind
    var cpu: String
    var memory: String
    /// Credits for a CPU-second; at most the default contract's, or the node would propose another contract.
    var price: String
    /// A line of node.yaml; nil leaves the default.
    var policy: String?
  }

  /// The one that asks, founds the network and coordinates; it offers nothing.
  static let asker = Member(name: "asker", kind: .virtual, cpu: "0", memory: "0", price: "0.0001", policy: nil)

  /// More is offered in all than a small machine has: the limits are the members', not the demo's.
  static let others = [
    Member(name: "super", kind: .supercomputing, cpu: "4", memory: "4Gi", price: "0.00008", policy: nil),
    Member(name: "ai", kind: .ai, cpu: "2", memory: "2Gi", price: "0.0001", policy: nil),
    Member(name: "public", kind: .public, cpu: "2", memory: "2Gi", price: "0.00009", policy: nil),
    Member(
      name: "central", kind: .central, cpu: "2", memory: "1Gi", price: "0.0001",
      policy: "policy: {decline: [{work: text, code: POLICY, text: \"no text work here\"}], manual: false}"),
    Member(name: "edge", kind: .edge, cpu: "1", memory: "1Gi", price: "0.00007", policy: nil),
    Member(name: "micro", kind: .micro, cpu: "500m", memory: "512Mi", price: "0.00005", policy: nil),
  ]

  static let all = [asker] + others
  static let decliner = "central"
  /// Who is killed: the first of these that works when it is time.
  static let victims = ["public", "ai", "edge", "super"]
}
