public import Model

// What people and programs see of the network's doings. Keys are stable (docs/cli.md).

/// `network announce`.
public struct AnnouncementRequest: Codable, Sendable, Hashable {
  public var text: String
  /// Others keep and relay it for as long.
  public var lifetimeMilliseconds: Int64

  public init(text: String, lifetimeMilliseconds: Int64) {
    self.text = text
    self.lifetimeMilliseconds = lifetimeMilliseconds
  }
}

/// What `network announce` made.
public struct AnnouncementReceipt: Codable, Sendable, Hashable {
  public var statement: StatementID
  public var trace: TraceID

  public init(statement: StatementID, trace: TraceID) {
    self.statement = statement
    self.trace = trace
  }
}

/// An announcement that still holds.
public struct AnnouncementView: Codable, Sendable, Hashable {
  /// A node lists at most so many, the newest.
  public static let limit = 64
  /// Of one author at most so many, the newest.
  public static let limitPerAuthor = 16

  public var statement: StatementID
  public var trace: TraceID
  public var author: NodeID
  public var authorName: String
  public var text: String
  /// When it came here; absent for one that came before this start of the node.
  public var receivedMilliseconds: Int64?
  public var expiresMilliseconds: Int64
}

/// What came of one `node ping`.
public struct PingView: Codable, Sendable, Hashable {
  /// How the node answered.
  public enum Path: String, Codable, Sendable, Hashable {
    /// By datagrams, straight.
    case datagram
    /// By datagrams through another member.
    case throughOthers
    /// On a stream, since datagrams were lost.
    case stream
    /// Not at all.
    case silent
  }

  public var node: NodeID
  public var name: String
  public var path: Path
  /// Absent when it was silent.
  public var roundTripMicroseconds: Int64?

  public init(node: NodeID, name: String, path: Path, roundTripMicroseconds: Int64?) {
    self.node = node
    self.name = name
    self.path = path
    self.roundTripMicroseconds = roundTripMicroseconds
  }
}

/// What passed through the overlay since the node's start.
public struct TrafficView: Codable, Sendable, Hashable {
  public var datagramsSent: Int
  public var datagramsReceived: Int
  public var datagramBytesSent: Int
  public var datagramBytesReceived: Int
  /// Frames of control streams, before encryption.
  public var framesSent: Int
  public var framesReceived: Int
  public var frameBytesSent: Int
  public var frameBytesReceived: Int
  /// Copies of others' facts that came in, those that were here already included.
  public var factBodiesReceived: Int
  /// Of those the ones that were new, and whose signature held.
  public var factsTaken: Int
  /// The most links that an announcement or a call had passed when it came.
  public var factHopsMost: Int
  /// How often a member was held failed, rightly or not.
  public var failures: Int
}
