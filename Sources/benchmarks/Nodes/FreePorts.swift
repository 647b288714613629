import Glibc

/// Ports of 127.0.0.1 that nobody listens on.
enum FreePorts {
  /// They stay free as long as nobody else takes them: on a machine of one's own, or in a network namespace.
  ///
  /// - Throws: `BenchmarkFailure` when there are not so many.
  static func take(_ count: Int) throws -> [Int] {
    var sockets: [CInt] = []
    // All are held until the last is found, so that none comes twice.
    defer { for socket in sockets { close(socket) } }
    return try (0..<count).map { _ in
      let socket = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
      guard socket >= 0 else { throw problem() }
      sockets.append(socket)
      var address = LoopbackAddress.of(port: 0)
      let bound = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      guard bound == 0 else { throw problem() }
      var size = socklen_t(MemoryLayout<sockaddr_in>.size)
      let named = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
      }
      guard named == 0 else { throw problem() }
      return Int(UInt16(bigEndian: address.sin_port))
    }
  }

  private static func problem() -> BenchmarkFailure {
    BenchmarkFailure("no free port is to be had on 127.0.0.1: \(String(cString: strerror(errno)))")
  }
}

enum LoopbackAddress {
  static func of(port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }
}
