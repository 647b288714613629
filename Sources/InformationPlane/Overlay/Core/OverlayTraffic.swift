/// What passed through the overlay since its start.
public struct OverlayTraffic: Hashable, Sendable {
  public internal(set) var datagramsSent = 0
  public internal(set) var datagramsReceived = 0
  public internal(set) var datagramBytesSent = 0
  public internal(set) var datagramBytesReceived = 0
  /// Frames of control streams, before encryption.
  public internal(set) var framesSent = 0
  public internal(set) var framesReceived = 0
  public internal(set) var frameBytesSent = 0
  public internal(set) var frameBytesReceived = 0
  /// Bodies of others' facts that came in, those that were here already included: copies received.
  public internal(set) var factBodiesReceived = 0
  /// Of those the ones that were new when they came, and whose signature held.
  public internal(set) var factsTaken = 0
  /// Links that announcements and calls had passed when they came: summed, and the most. Member records are not
  /// counted: many come from whoever had them.
  public internal(set) var factHops = 0
  public internal(set) var factHopsMost = 0
  /// How often a member was held failed, rightly or not.
  public internal(set) var failures = 0

  public init() {}
}
