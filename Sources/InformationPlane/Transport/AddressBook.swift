import Glibc
import NIOCore
import NIOPosix
import Overlay
import Synchronization

/// Which addresses a host name stands for, for streams and datagrams alike. Members say by which names they are reached,
/// and a name's server may take its time: names are looked up on threads that do nothing else, slow ones that are not
/// known more seldom, and what is an address in itself waits for none.
final class AddressBook: Sendable {
  private struct Line {
    /// As the system found them, with port 0; empty when the name is not known.
    var addresses: [SocketAddress]
    /// From then on the name is looked up again.
    var staleAt: NIODeadline
  }

  private struct State {
    var lines: [String: Line] = [:]
    /// Names that are looked up, and who waits for each.
    var underWay: [String: [@Sendable ([SocketAddress]) -> Void]] = [:]
  }

  private enum Step {
    case known([SocketAddress])
    case wait
    /// As many names are looked up as may be.
    case busy
  }

  /// A name's addresses that are kept, of each family.
  private static let addressLimit = 8
  /// Those that are looked at.
  private static let entryLimit = 64
  /// Never stopped: who is stopped would wait for the slowest name. Its threads begin with the first name.
  private static let threadCount = 16
  private static let threads: NIOThreadPool = {
    let pool = NIOThreadPool(numberOfThreads: threadCount)
    pool.start()
    return pool
  }()

  private let state = Mutex(State())
  private let limits: TransportLimits
  private let find: @Sendable (String) -> [SocketAddress]

  /// - Parameter find: asks for a name's addresses, and may take seconds.
  init(limits: TransportLimits, find: @escaping @Sendable (String) -> [SocketAddress] = AddressBook.askSystem) {
    self.limits = limits
    self.find = find
  }

  /// - Parameter family: of the socket that is to send there; a name may have addresses of several.
  /// - Returns: nil for a name that is not known, or not yet.
  func address(of text: String, family: NIOBSDSocket.ProtocolFamily) -> SocketAddress? {
    guard let place = HostPort(text) else { return nil }
    if let literal = Self.literal(place) { return literal }
    guard case .known(let addresses) = look(up: place.host, then: nil) else { return nil }
    return addresses.first { $0.protocol == family }.map { Self.address($0, port: place.port) }
  }

  /// - Returns: nil for what is a name.
  static func literal(_ place: HostPort) -> SocketAddress? {
    try? SocketAddress(ipAddress: place.host, port: place.port)
  }

  /// The addresses of a name, all with this port; none when it is not known.
  fileprivate func addresses(of host: String, port: Int, on loop: any EventLoop) -> EventLoopFuture<[SocketAddress]> {
    let promise = loop.makePromise(of: [SocketAddress].self)
    switch look(up: host, then: { promise.succeed($0) }) {
    case .known(let addresses): promise.succeed(addresses)
    case .busy: promise.fail(Unreachable(description: "too many names are looked up at the moment"))
    case .wait: break
    }
    return promise.futureResult.map { $0.map { Self.address($0, port: port) } }
  }

  private static func address(_ address: SocketAddress, port: Int) -> SocketAddress {
    var address = address
    address.port = port
    return address
  }

  /// What is known of a name. What was known before serves until a newer answer is there.
  ///
  /// - Parameter waiter: is told the answer where nothing is known; nil for who does not wait. Dials wait for
  ///   their turn where many names are looked up, as far as there is room.
  private func look(up host: String, then waiter: (@Sendable ([SocketAddress]) -> Void)?) -> Step {
    let (step, isDue) = state.withLock { state -> (Step, Bool) in
      let line = state.lines[host]
      if let line, line.staleAt > .now() { return (.known(line.addresses), false) }
      let old = line?.addresses ?? []
      let waiters = state.underWay[host]
      let waits = old.isEmpty && waiter != nil && (waiters?.count ?? 0) < limits.dials
      let room = limits.lookUps + (waits ? limits.lookUpsOfDials : 0)
      guard waiters != nil || state.underWay.count < room else { return (old.isEmpty ? .busy : .known(old), false) }
      state.underWay[host] = (waiters ?? []) + (waits ? [waiter].compactMap(\.self) : [])
      return (waits ? .wait : .known(old), waiters == nil)
    }
    if isDue { begin(host) }
    return step
  }

  private func begin(_ host: String) {
    Self.threads.submit { [self] phase in
      let began = NIODeadline.now()
      let found = phase == .active ? find(host) : []
      let kept = [NIOBSDSocket.ProtocolFamily.inet, .inet6].flatMap { family in
        found.filter { $0.protocol == family }.prefix(Self.addressLimit)
      }
      let took = NIODeadline.now() - began
      let (addresses, waiters) = state.withLock { state in
        // A name server that fails makes nobody unknown who was known: whoever is there by now fails in the handshake.
        let addresses = kept.isEmpty ? state.lines[host]?.addresses ?? [] : kept
        // Others say how many there are. Beginning anew is simpler than telling which are still wanted.
        if state.lines[host] == nil, state.lines.count >= limits.addresses { state.lines = [:] }
        state.lines[host] = Line(addresses: addresses, staleAt: .now() + pause(after: took, isKnown: !kept.isEmpty))
        return (addresses, state.underWay.removeValue(forKey: host) ?? [])
      }
      for waiter in waiters { waiter(addresses) }
    }
  }

  /// How long an answer serves: names that are slow take few of the threads.
  private func pause(after took: TimeAmount, isKnown: Bool) -> TimeAmount {
    isKnown ? limits.nameLifetime : min(max(limits.unknownNamePatience, took * 3), limits.nameLifetime)
  }

  /// Asks the system, which may take seconds.
  static func askSystem(_ host: String) -> [SocketAddress] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, nil, &hints, &found) == 0, let found else { return [] }
    defer { freeaddrinfo(found) }
    return sequence(first: found) { $0.pointee.ai_next }.prefix(entryLimit).compactMap { entry in
      switch entry.pointee.ai_family {
      case AF_INET:
        entry.pointee.ai_addr?.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { SocketAddress($0.pointee) }
      case AF_INET6:
        entry.pointee.ai_addr?.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { SocketAddress($0.pointee) }
      default: nil
      }
    }
  }
}

/// The book for one attempt to connect, which tries the addresses of both families (RFC 8305).
struct BookResolver: Resolver, Sendable {
  let book: AddressBook
  let loop: any EventLoop

  func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
    book.addresses(of: host, port: port, on: loop).map { $0.filter { $0.protocol == .inet } }
  }

  func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
    book.addresses(of: host, port: port, on: loop).map { $0.filter { $0.protocol == .inet6 } }
  }

  /// What is looked up goes into the book all the same.
  func cancelQueries() {}
}
