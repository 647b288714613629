internal import Model

/// Statements for single peers whose outcome became known lately. For whoever follows a trace; lost with the process.
struct Deliveries: Sendable {
  enum Outcome: String, Sendable { case accepted, refused, expired }

  struct Delivery: Sendable {
    let trace: TraceID
    let purpose: String
    let collaboration: CollaborationID?
    let destination: NodeID
    let outcome: Outcome
    let milliseconds: Int64
  }

  static let limit = 1_024

  /// Oldest first.
  private(set) var kept: [Delivery] = []

  mutating func add(_ delivery: Delivery) {
    if kept.count >= Self.limit { kept.removeFirst() }
    kept.append(delivery)
  }

  func of(_ trace: TraceID) -> [Delivery] { kept.filter { $0.trace == trace } }
}
