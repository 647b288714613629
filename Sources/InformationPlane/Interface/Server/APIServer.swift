import Engine
import Glibc
import Hummingbird
public import Logging
import Model
import NIOCore
import NIOPosix
public import ServiceLifecycle
import Synchronization

/// Why the interface could not be opened.
public enum APIServerError: Error, Sendable, Hashable, CustomStringConvertible {
  case addressInUse(String)
  case cannotListen(String, reason: String)

  init(_ error: any Error, listeningOn address: String) {
    let isTaken = (error as? IOError)?.errnoCode == EADDRINUSE
    self = isTaken ? .addressInUse(address) : .cannotListen(address, reason: ConnectionWords.text(error))
  }

  public var description: String {
    switch self {
    case .addressInUse(let address):
      "\(address) is in use by another process; give --http another port, or port 0 for any"
    case .cannotListen(let address, let reason): "cannot listen on \(address): \(reason)"
    }
  }
}

/// The node's HTTP interface (docs/openapi.yaml): one router on a unix socket, whose file mode is its guard, and,
/// where wanted, on a TCP address, where a bearer token is.
public struct APIServer: Service {
  /// A host and port to listen on; port 0 takes any.
  public struct TCP: Sendable, Hashable {
    public var host: String
    public var port: Int
    public var token: String

    public init(host: String, port: Int, token: String) {
      self.host = host
      self.port = port
      self.token = token
    }
  }

  /// Where it listens once it is up.
  public struct Addresses: Sendable, Hashable {
    public var socketPath: String?
    /// HOST:PORT with the actual port.
    public var tcp: String?
  }

  private let service: any NodeService
  private let socketPath: String?
  private let tcp: TCP?
  private let limits: APILimits
  private let logger: Logger
  private let metrics: @Sendable () async -> String
  private let onReady: @Sendable (Addresses) async -> Void

  /// - Parameters:
  ///   - socketPath: at most 107 bytes; the file gets mode 0600, and its folder should be its owner's alone.
  ///   - metrics: the text for `/metrics`, such as `PrometheusRegistry.exposition`; asked for at each request.
  ///   - onReady: called once, when all addresses accept connections.
  public init(
    service: any NodeService, socketPath: String?, tcp: TCP?, limits: APILimits = APILimits(), logger: Logger,
    metrics: @escaping @Sendable () async -> String, onReady: @escaping @Sendable (Addresses) async -> Void
  ) {
    self.service = service
    self.socketPath = socketPath
    self.tcp = tcp
    self.limits = limits
    self.logger = logger
    self.metrics = metrics
    self.onReady = onReady
  }

  /// Serves until cancelled or gracefully shut down, then removes the socket's file.
  ///
  /// - Throws: `APIServerError`.
  public func run() async throws {
    let ready = Readiness(expected: (socketPath == nil ? 0 : 1) + (tcp == nil ? 0 : 1))
    defer { if let socketPath { unlink(socketPath) } }
    try await withThrowingTaskGroup(of: Void.self) { group in
      if let socketPath {
        group.addTask { try await serveSocket(socketPath, ready) }
      }
      if let tcp {
        group.addTask { try await serve(tcp, ready) }
      }
      defer { group.cancelAll() }
      for try await _ in group {}
    }
  }

  /// Fails at once where the address cannot be listened on later: for whoever has more to do before it serves.
  ///
  /// - Throws: `APIServerError`.
  public static func requireFree(_ host: String, port: Int) async throws(APIServerError) {
    do {
      let channel = try await ServerBootstrap(group: NIOSingletons.posixEventLoopGroup)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .bind(host: host, port: port).get()
      try await channel.close()
    } catch {
      throw APIServerError(error, listeningOn: "\(host):\(port)")
    }
  }

  private func serveSocket(_ path: String, _ ready: Readiness) async throws {
    // Who is not let in must not find the socket open: a mode that cannot be set ends the server.
    let (modes, mode) = AsyncStream.makeStream(of: Int32.self)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { mode.finish() }
        try await serve(.unixDomainSocket(path: path), named: path, access: .everybody) { _ in
          mode.yield(chmod(path, 0o600) == 0 ? 0 : errno)
          mode.finish()
        }
      }
      group.addTask {
        for await code in modes {
          // A server that is stopping has removed the file already.
          guard code == 0 || Task.isCancelled else {
            throw APIServerError.cannotListen(path, reason: "its mode: \(String(cString: strerror(code)))")
          }
          if let all = ready.add({ $0.socketPath = path }) { await onReady(all) }
        }
      }
      for try await _ in group {}
    }
  }

  private func serve(_ tcp: TCP, _ ready: Readiness) async throws {
    let name = "\(tcp.host):\(tcp.port)"
    let access = Access.bearer(token: tcp.token)
    try await serve(.hostname(tcp.host, port: tcp.port), named: name, access: access) { channel in
      let port = channel.localAddress?.port ?? tcp.port
      if let all = ready.add({ $0.tcp = "\(tcp.host):\(port)" }) { await onReady(all) }
    }
  }

  private func serve(
    _ address: BindAddress, named name: String, access: Access,
    onRunning: @escaping @Sendable (any Channel) async -> Void
  ) async throws {
    let router = makeRouter(service: service, access: access, limits: limits, logger: logger, metrics: metrics)
    // The framework calls every connection that a stopping node closes an error; what fails in a request is logged
    // by the router, and what keeps the server from listening is thrown.
    var quiet = logger
    if quiet.logLevel > .debug { quiet.logLevel = .critical }
    let application = Application(
      router: router,
      server: .http1(
        configuration: .init(
          idleTimeout: .nanoseconds(limits.idle.milliseconds * 1_000_000),
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes, maxHeaderFieldCount: 100))),
      configuration: ApplicationConfiguration(
        address: address, serverName: "jointcloud",
        availableConnectionsDelegate: .maximum(limits.connections, logger: logger)),
      onServerRunning: onRunning, logger: quiet)
    do {
      try await application.run()
    } catch let error where error is IOError || error is SocketAddressError.UnknownHost {
      throw APIServerError(error, listeningOn: name)
    }
  }
}

/// Counts the addresses that are up.
private final class Readiness: Sendable {
  private let state: Mutex<(left: Int, addresses: APIServer.Addresses)>

  init(expected: Int) {
    state = Mutex((expected, .init()))
  }

  /// - Returns: all addresses when this was the last one.
  func add(_ change: @Sendable (inout APIServer.Addresses) -> Void) -> APIServer.Addresses? {
    state.withLock {
      change(&$0.addresses)
      $0.left -= 1
      return $0.left == 0 ? $0.addresses : nil
    }
  }
}
