import Glibc

/// Ports of 127.0.0.1 that nobody listens on.
enum FreePorts {
  /// Below those that Linux gives to whoever connects (32,768 on): nobody who is started before takes one by chance.
  private static let range = 20_000...32_767
  private static let triesPerPort = 50

  /// They stay free as long as nobody else takes them: on a machine of one's own, or in a network namespace.
  ///
  /// - Throws: `BenchmarkFailure` when there are not so many.
  static func take(_ count: Int) throws -> [Int] {
    var sockets: [CInt] = []
    // All are held until the last is found, so that none comes twice.
    defer { for socket in sockets { close(socket) } }
    return try (0..<count).map { _ in
      for _ in 0..<triesPerPort {
        let port = Int.random(in: range)
        let socket = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { throw problem() }
        sockets.append(socket)
        var address = LoopbackAddress.of(port: port)
        let bound = withUnsafePointer(to: &address) { pointer in
          pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
          }
        }
        if bound == 0 { return port }
      }
      throw problem()
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
