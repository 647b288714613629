import Glibc

/// A connection to a Serf agent's RPC port: MessagePack maps, a header and a body for each command. Answers are not
/// read; what came of a command shows in the agents' logs.
final class SerfControl: Sendable {
  private let socket: CInt

  /// - Throws: `BenchmarkFailure` when nobody listens.
  init(port: Int) throws {
    socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var address = LoopbackAddress.of(port: port)
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard socket >= 0, connected == 0 else {
      let problem = String(cString: strerror(errno))
      close(socket)
      throw BenchmarkFailure("the Serf agent at port \(port) does not answer: \(problem)")
    }
    try send("handshake", [("Version", .integer(1))])
  }

  deinit { close(socket) }

  func join(_ address: String) throws {
    try send("join", [("Existing", .list([.text(address)])), ("Replay", .boolean(false))])
  }

  func event(_ name: String, payload: String) throws {
    try send("event", [("Name", .text(name)), ("Payload", .text(payload)), ("Coalesce", .boolean(false))])
  }

  private func send(_ command: String, _ body: [(String, MessagePack)]) throws {
    let bytes =
      MessagePack.map([("Command", .text(command)), ("Seq", .integer(1))]).bytes + MessagePack.map(body).bytes
    // Far less than a socket's buffer holds: it goes out whole or not at all.
    guard Glibc.send(socket, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count else {
      throw BenchmarkFailure("a Serf agent takes no command: \(String(cString: strerror(errno)))")
    }
  }
}

/// As much of MessagePack as Serf's commands need.
enum MessagePack {
  case integer(UInt8)
  case boolean(Bool)
  case text(String)
  case list([MessagePack])
  case map([(String, MessagePack)])

  var bytes: [UInt8] {
    switch self {
    case .integer(let value): [0xcc, value]
    case .boolean(let value): [value ? 0xc3 : 0xc2]
    case .text(let text): [0xda] + Self.length(text.utf8.count) + Array(text.utf8)
    case .list(let items): [0xdc] + Self.length(items.count) + items.flatMap(\.bytes)
    case .map(let pairs):
      [0xde] + Self.length(pairs.count) + pairs.flatMap { MessagePack.text($0.0).bytes + $0.1.bytes }
    }
  }

  private static func length(_ count: Int) -> [UInt8] {
    [UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)]
  }
}
