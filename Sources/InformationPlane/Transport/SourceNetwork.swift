import NIOCore

extension SocketAddress {
  /// Sets IPv4 addresses apart: no IPv6 network begins so, these are addresses of groups.
  private static let ipv4Mark: UInt64 = 0xffff_ffff_0000_0000

  /// The whole of an IPv4 address; of an IPv6 address the half that names a network, since one host may use all of
  /// the other half.
  package var network: UInt64? {
    withSockAddr { place, size in
      let bytes = UnsafeRawBufferPointer(start: place, count: size)
      // Where `sockaddr_in` and `sockaddr_in6` hold the address.
      return switch `protocol` {
      case .inet: Self.ipv4Mark | UInt64(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
      case .inet6:
        // A socket for both kinds shows IPv4 addresses as ::ffff:a.b.c.d.
        bytes[8..<20].elementsEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff])
          ? Self.ipv4Mark | UInt64(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 20, as: UInt32.self)))
          : UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      default: nil
      }
    }
  }
}
