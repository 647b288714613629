/// Something that reached a node's disk, for one collaboration. Entries, certificates and statements are their
/// canonical JSON.
package enum Kept: Sendable {
  case entry([UInt8])
  /// Entries and proposals above the number went.
  case dropped(after: Int)
  /// A proposal made or received.
  case proposal(statement: [UInt8], signature: [UInt8])
  /// `{"promised":N,"vote":null}`, or the vote of the promised term as `{"candidate":HEX,"position":{...}}`;
  /// other members are not looked at.
  case ballot([UInt8])
  /// A prepare certificate.
  case prepared([UInt8])
  /// A commit certificate.
  case decision([UInt8])
  /// An election certificate that the node adopted.
  case office([UInt8])
}
