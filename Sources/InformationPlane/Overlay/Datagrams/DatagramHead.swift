/// The first bytes of every datagram, and what can be said of one without any key.
public enum DatagramHead {
  public static let magic = Array("JCD1".utf8)
  /// The largest datagram in bytes: it fits the smallest MTU of IPv6 with room for tunnels.
  public static let byteLimit = 1_200

  public enum Kind: UInt8, Hashable, Sendable {
    /// Sealed for one receiver.
    case sealed = 1
    /// A member record in clear, to a node that may not know it.
    case hello = 2
  }

  /// - Returns: the kind; nil for what no node of any network sends.
  public static func kind(of bytes: [UInt8]) -> Kind? {
    guard bytes.count > magic.count, bytes.starts(with: magic) else { return nil }
    return Kind(rawValue: bytes[magic.count])
  }
}
