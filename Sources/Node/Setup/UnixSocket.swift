internal import Glibc

/// Sockets of this machine that have a path.
enum UnixSocket {
  /// Whether a process listens there. One that is stopped does, too; what a killed one left has nobody.
  static func hasListener(at path: String) -> Bool {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(AF_UNIX, kind, 0)
    // Who cannot look must not say that nobody is there.
    guard descriptor >= 0 else { return true }
    defer { close(descriptor) }
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    return result == 0 || ![ECONNREFUSED, ENOENT, ENOTSOCK].contains(errno)
  }
}
