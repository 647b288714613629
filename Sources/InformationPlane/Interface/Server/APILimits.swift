/// Every bound of the HTTP interface, in one place.
public struct APILimits: Sendable {
  /// Of one JSON document that a client sends.
  public var bodyBytes = 1_024 * 1_024
  /// Of all header fields of a request together.
  public var headerBytes = 16 * 1_024
  /// Open connections at one address; more wait in the listener's backlog.
  public var connections = 256
  /// For one request and its answer; streams (objects, notices) are bounded by `idle` instead.
  public var request = Duration.seconds(30)
  /// A connection on which nothing moves for this long is closed.
  public var idle = Duration.seconds(60)
  /// Between two signs of life on the stream of notices.
  public var heartbeat = Duration.seconds(10)
  /// Rows of one answer, and bytes of one piece of a log.
  public var rows = 10_000
  public var logBytes = 256 * 1_024
  /// Bytes read from the node's store at once while an object is sent.
  public var objectPieceBytes = 256 * 1_024

  public init() {}
}
