import NIOCore
import Testing
import Transport

/// By what those who may be strangers share a bound: an IPv4 address, or an IPv6 network.
@Suite struct SourceNetworkTests {
  private func network(_ address: String) throws -> UInt64? {
    try SocketAddress(ipAddress: address, port: 1).network
  }

  @Test func anIPv4AddressIsTheSameOnASocketForBothKinds() throws {
    #expect(try network("192.0.2.7") == network("::ffff:192.0.2.7"))
    #expect(try network("::ffff:192.0.2.7") != network("::ffff:192.0.2.8"))
    #expect(try network("::ffff:192.0.2.7") != network("::1"))
  }

  @Test func aHostCannotLeaveItsIPv6Network() throws {
    #expect(try network("2001:db8:1:2::1") == network("2001:db8:1:2:ffff::9"))
    #expect(try network("2001:db8:1:2::1") != network("2001:db8:1:3::1"))
    // The bytes of one kind are not those of the other.
    #expect(try network("2001:db8:ffff:ffff::1") != network("32.1.13.184"))
  }
}
