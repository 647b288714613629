public import Model

// What people and programs see of the network's nodes. Keys are stable (docs/cli.md).

/// A row of `member list`.
public struct MemberView: Codable, Sendable, Hashable {
  public var node: NodeID
  public var name: String
  public var kind: String
  public var addresses: [String]
  /// alive, suspected, failed, left or revoked.
  public var state: String
  public var sinceMilliseconds: Int64
  public var isSelf: Bool
  /// Whether a stream to it is open now.
  public var linked: Bool
  /// Of the newest answered probe; absent for this node, and where none was answered yet.
  public var roundTripMicroseconds: Int64?
}

/// `member show`.
public struct MemberDetailView: Codable, Sendable, Hashable {
  public var member: MemberView
  /// As it said to a collaboration that this node knows; absent where it said nothing.
  public var owner: String?
  /// Who said that it does not answer, while it is suspected or failed.
  public var accusers: [Accuser]
  /// Any authentic sign of life; absent where there was none since this node's start.
  public var lastHeardMilliseconds: Int64?
  /// When its process started, by its clock.
  public var startedMilliseconds: Int64
  /// Of its keys.
  public var epoch: Int
  /// Of its record.
  public var incarnation: Int
  /// Since when its datagram key holds, by its clock.
  public var datagramKeyMilliseconds: Int64
  public var admission: AdmissionView

  public struct Accuser: Codable, Sendable, Hashable {
    public var node: NodeID
    public var name: String
  }
}

/// Why a node is a member.
public struct AdmissionView: Codable, Sendable, Hashable {
  public enum Way: String, Codable, Sendable, Hashable {
    case founder, invitation, allowList, vote
  }

  public var way: Way
  /// The founder that granted it; absent for a founder.
  public var by: NodeID?
  /// Until when the grant lets it join; a member stays. Absent for a founder.
  public var joinableUntilMilliseconds: Int64?
}
