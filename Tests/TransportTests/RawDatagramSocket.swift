import Glibc
import Overlay

/// A plain UDP socket, for senders that do not keep to the protocol.
final class RawDatagramSocket: Sendable {
  private let descriptor: Int32
  let address: HostPort

  struct Failure: Error {
    let call: String
    let code: Int32
  }

  /// - Parameters:
  ///   - host: an IPv4 or IPv6 address of this machine.
  ///   - port: 0 for any.
  init(on host: String = "127.0.0.1", port: Int = 0) throws {
    let family = host.contains(":") ? AF_INET6 : AF_INET
    let descriptor = socket(family, Int32(SOCK_DGRAM.rawValue), 0)
    guard descriptor >= 0 else { throw Failure(call: "socket", code: errno) }
    var place = try Self.place(HostPort(host: host, port: port))
    var size = Self.size(family)
    let bound = withUnsafeMutablePointer(to: &place) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
      }
    }
    guard bound else {
      let code = errno
      Glibc.close(descriptor)
      throw Failure(call: "bind", code: code)
    }
    self.descriptor = descriptor
    address = HostPort(host: host, port: Int(in_port_t(bigEndian: place.sin6_port)))
  }

  deinit { Glibc.close(descriptor) }

  private static func size(_ family: Int32) -> socklen_t {
    socklen_t(family == AF_INET6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size)
  }

  /// Room for either family; both have the port at one place.
  private static func place(_ address: HostPort) throws -> sockaddr_in6 {
    var place = sockaddr_in6()
    place.sin6_port = in_port_t(UInt16(address.port)).bigEndian
    if address.host.contains(":") {
      place.sin6_family = sa_family_t(AF_INET6)
      guard inet_pton(AF_INET6, address.host, &place.sin6_addr) == 1 else { throw Failure(call: "inet_pton", code: 0) }
    } else {
      place.sin6_family = sa_family_t(AF_INET)
      guard inet_pton(AF_INET, address.host, &place.sin6_flowinfo) == 1 else {
        throw Failure(call: "inet_pton", code: 0)
      }
    }
    return place
  }

  func send(_ bytes: [UInt8], to address: HostPort) throws {
    var place = try Self.place(address)
    let size = Self.size(address.host.contains(":") ? AF_INET6 : AF_INET)
    let count = withUnsafePointer(to: &place) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { sendto(descriptor, bytes, bytes.count, 0, $0, size) }
    }
    guard count == bytes.count else { throw Failure(call: "sendto", code: errno) }
  }

  /// What waits here; nil when nothing does.
  func receive() -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    return count < 0 ? nil : Array(buffer.prefix(count))
  }
}
