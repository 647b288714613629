import Glibc
import NIOPosix
import Overlay

/// A plain TCP connection, for peers that do not keep to the protocol. It blocks on threads of its own.
final class RawSocket: Sendable {
  private let descriptor: Int32

  struct Failure: Error {
    let call: String
    let code: Int32
  }

  init(_ address: HostPort) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Failure(call: "socket", code: errno) }
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_port = in_port_t(UInt16(address.port)).bigEndian
    inet_pton(AF_INET, address.host, &place.sin_addr)
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafePointer(to: &place) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
    }
    guard result == 0 else {
      let code = errno
      Glibc.close(descriptor)
      throw Failure(call: "connect", code: code)
    }
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { Glibc.close(descriptor) }

  private func blocking<Result: Sendable>(
    _ body: @escaping @Sendable (Int32) throws -> Result
  ) async throws -> Result {
    try await NIOThreadPool.singleton.runIfActive { [self] in try body(descriptor) }
  }

  func send(_ bytes: [UInt8]) async throws {
    try await blocking { descriptor in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count > 0 else { throw Failure(call: "send", code: errno) }
        rest = rest.dropFirst(count)
      }
    }
  }

  /// A message behind its length.
  func send(message: [UInt8]) async throws {
    try await send([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: message.count >> $0) } + message)
  }

  /// What comes until the other end closes.
  func readToEnd() async throws -> [UInt8] {
    var all: [UInt8] = []
    while let more = try await read(65_536), !more.isEmpty { all += more }
    return all
  }

  /// At most so many bytes; nil when the connection was reset.
  func read(_ limit: Int) async throws -> [UInt8]? {
    try await blocking { descriptor in
      var buffer = [UInt8](repeating: 0, count: limit)
      let count = recv(descriptor, &buffer, limit, 0)
      if count < 0 {
        if errno == ECONNRESET { return nil }
        throw Failure(call: "recv", code: errno)
      }
      return Array(buffer.prefix(count))
    }
  }

  /// One message.
  func readMessage() async throws -> [UInt8] {
    let length = try await readExactly(4).reduce(0) { $0 << 8 | Int($1) }
    return try await readExactly(length)
  }

  private func readExactly(_ count: Int) async throws -> [UInt8] {
    var all: [UInt8] = []
    while all.count < count {
      guard let more = try await read(count - all.count), !more.isEmpty else { throw Failure(call: "recv", code: 0) }
      all += more
    }
    return all
  }
}
