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
  public var connections = 512
  /// Connections whose other end is not known yet.
  public var handshakes = 256
  /// Of those, from one IPv4 address or one IPv6 network of 64 bits: nobody takes all places, nor more
  /// than are left. Nodes of one machine share one, and a hundred of them may come at once.
  public var handshakesPerNetwork = 128
  /// Member records whose checked signatures are remembered: of as many members as a node knows at most, and of some who
  /// come anew.
  public var checkedRecords = 6_144
  /// What one link may have waiting to be sent.
  public var outboxBytes = 16 * 1_024 * 1_024
  public var outboxFrames = 16_384
  /// Frames of a link that the overlay takes at a time, and their bytes but for the last one's.
  public var frameBatch = 64
  public var frameBatchBytes = 256 * 1_024
  /// Sealed and handed to the socket at a time.
  public var writeBatchBytes = 256 * 1_024
  public var objectChunkBytes = 256 * 1_024
  /// Object streams served, and fetched, at a time.
  public var serving = 16
  public var servingPerPeer = 8
  public var fetching = 8
  /// Who is not served has this long to ask, and hears why.
  public var refusalPatience: TimeAmount = .seconds(2)
  /// Dials that wait for their turn.
  public var dials = 512

  /// Datagrams taken in, all together and from one source address.
  public var datagrams = Rate(perSecond: 20_000, burst: 8_192)
  public var datagramsOfOneSource = Rate(perSecond: 10_000, burst: 4_096)
  /// Of those, first words of nodes that may be strangers: each costs several checks of signatures.
  public var hellos = Rate(perSecond: 400, burst: 512)
  public var hellosOfOneSource = Rate(perSecond: 50, burst: 256)
  /// Datagrams that wait for the overlay, and that it takes at a time.
  public var mailbox = 4_096
  public var datagramBatch = 256
  /// Host names whose addresses are kept.
  public var addresses = 4_096
  /// Names that are looked up at a time.
  public var lookUps = 16
  /// Names that wait for that beside them, where a dial is for them.
  public var lookUpsOfDials = 32
  public var nameLifetime: TimeAmount = .seconds(60)
  /// A name that is not known is not looked up again for this long; a slow one for longer, up to `nameLifetime`.
  public var unknownNamePatience: TimeAmount = .seconds(5)
  /// How often what was dropped is told.
  public var dropInterval: TimeAmount = .milliseconds(300)
  /// Ports that are tried where any will do.
  public var portTries = 16

  public init() {}
}
