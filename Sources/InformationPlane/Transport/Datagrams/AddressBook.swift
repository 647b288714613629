import Glibc
import NIOCore
import NIOPosix
import Overlay
import Synchronization

/// Which address a HOST:PORT stands for. Host names are looked up beside whoever asks, who goes without an answer
/// meanwhile.
final class AddressBook: Sendable {
  private struct Line {
    /// nil when the name is not known.
    var address: SocketAddress?
    /// From then on it is looked up again; `.distantFuture` for what is an address in itself.
    var staleAt: NIODeadline
  }

  private struct State {
    var lines: [String: Line] = [:]
    var underWay: Set<String> = []
  }

  private let state = Mutex(State())
  private let limits: TransportLimits

  init(limits: TransportLimits) {
    self.limits = limits
  }

  /// - Parameter family: of the socket that is to send there; a name may have addresses of several.
  /// - Returns: nil for a name that is not known, or not yet.
  func address(of text: String, family: NIOBSDSocket.ProtocolFamily) -> SocketAddress? {
    let line = state.withLock { $0.lines[text] }
    if let line, line.staleAt > .now() { return line.address }
    guard let place = HostPort(text) else { return nil }
    if let literal = try? SocketAddress(ipAddress: place.host, port: place.port) {
      write(Line(address: literal, staleAt: .distantFuture), for: text)
      return literal
    }
    lookUp(place, family, for: text)
    // What was known before serves until the answer is there.
    return line?.address
  }

  private func write(_ line: Line, for text: String) {
    state.withLock { state in
      // Others say how many there are. Beginning anew is simpler than telling which are still wanted.
      if state.lines.count >= limits.addresses { state.lines = [:] }
      state.lines[text] = line
    }
  }

  /// Has a name looked up, unless that is under way, or too many are.
  private func lookUp(_ place: HostPort, _ family: NIOBSDSocket.ProtocolFamily, for text: String) {
    let isDue = state.withLock { state in
      state.underWay.count < limits.lookUps && state.underWay.insert(text).inserted
    }
    guard isDue else { return }
    NIOThreadPool.singleton.submit { [self] phase in
      let found = phase == .active ? Self.find(place, family) : nil
      let lifetime = found == nil ? limits.unknownNamePatience : limits.nameLifetime
      write(Line(address: found, staleAt: .now() + lifetime), for: text)
      state.withLock { _ = $0.underWay.remove(text) }
    }
  }

  /// Asks the system, which may take seconds.
  private static func find(_ place: HostPort, _ family: NIOBSDSocket.ProtocolFamily) -> SocketAddress? {
    var hints = addrinfo()
    hints.ai_family = family == .inet6 ? AF_INET6 : AF_INET
    hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(place.host, nil, &hints, &found) == 0, let found else { return nil }
    defer { freeaddrinfo(found) }
    var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    let result = getnameinfo(
      found.pointee.ai_addr, found.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
    guard result == 0 else { return nil }
    let host = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return try? SocketAddress(ipAddress: host, port: place.port)
  }
}
