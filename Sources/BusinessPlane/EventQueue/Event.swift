public import Model

/// A message as the planes see it (R27).
public struct Event: Hashable, Sendable {
  /// production: this node coordinates; consumption: it takes part.
  public enum Lane: String, Hashable, Sendable, CaseIterable {
    case production, consumption
  }

  /// The message's own id, so that a repeated delivery is known as one.
  public let id: String
  public let lane: Lane
  public let kind: String
  /// Higher goes first. Membership and elections stand above any task.
  public let priority: Int
  /// Wall milliseconds; nil for none.
  public let deadlineMilliseconds: Int64?
  public let arrivalMilliseconds: Int64
  public let trace: TraceID?
  /// The other node that said it; nil for what this node says itself, which takes no other's share.
  public let author: NodeID?
  public let payload: [UInt8]
  /// How often handling has been put off.
  public internal(set) var tries: Int
  /// How often it was called before its time.
  var hastened = 0

  public init(
    id: String, lane: Lane, kind: String, priority: Int, deadlineMilliseconds: Int64?, arrivalMilliseconds: Int64,
    trace: TraceID?, author: NodeID? = nil, payload: [UInt8], tries: Int = 0
  ) {
    self.id = id
    self.lane = lane
    self.kind = kind
    self.priority = priority
    self.deadlineMilliseconds = deadlineMilliseconds
    self.arrivalMilliseconds = arrivalMilliseconds
    self.trace = trace
    self.author = author
    self.payload = payload
    self.tries = tries
  }
}
