public import NIOCore

/// Every number of the transport's behaviour.
public struct TransportLimits: Sendable {
  public var handshakeTimeout: TimeAmount = .seconds(5)
  public var connectTimeout: TimeAmount = .seconds(3)
  /// An object stream on which nothing moves for this long is closed.
  public var objectIdleTimeout: TimeAmount = .seconds(10)
  /// How long a closed link may take to send what was before.
  public var closeGrace: TimeAmount = .seconds(2)

  /// Connections of all kinds, handshakes included.
  public var connections = 192
  /// Connections whose other end is not known yet.
  public var handshakes = 48
  /// Of those, from one address: nobody takes all places. Nodes of one machine share one.
  public var handshakesPerAddress = 32
  /// What one link may have waiting to be sent.
  public var outboxBytes = 16 * 1_024 * 1_024
  public var outboxFrames = 16_384
  /// Sealed and handed to the socket at a time.
  public var writeBatchBytes = 256 * 1_024
  public var objectChunkBytes = 256 * 1_024
  /// Object streams served, and fetched, at a time.
  public var serving = 16
  public var fetching = 8
  /// Dials that wait for their turn.
  public var dials = 512

  public init() {}
}
