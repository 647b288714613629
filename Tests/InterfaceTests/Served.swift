import AsyncHTTPClient
import Engine
import Glibc
import Interface
import Logging
import Model
import NIOCore
import NIOHTTP1

/// A server on real sockets, with a client on each of its addresses.
struct Served {
  static let token = "0123456789abcdef"

  let node: FakeNode
  let socketPath: String
  let tcp: String
  let client: Client

  /// Serves a fake node while `body` runs: on a socket in a folder of its own, and on a free port of loopback.
  static func run(limits: APILimits = APILimits(), _ body: (Served) async throws -> Void) async throws {
    let node = try FakeNode()
    var random = Random.system()
    let folder = "/tmp/jointcloud-interface-\(random.digest().short)"
    guard mkdir(folder, 0o700) == 0 else { throw Refusal(.failed, "cannot make \(folder)") }
    defer { rmdir(folder) }
    let (ready, source) = AsyncStream.makeStream(of: APIServer.Addresses.self)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let server = APIServer(
      service: node, socketPath: folder + "/api.sock", tcp: .init(host: "127.0.0.1", port: 0, token: token),
      limits: limits, logger: logger, metrics: { "measured 1\n" }, onReady: { source.yield($0) })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { source.finish() }
        try await server.run()
      }
      var addresses = ready.makeAsyncIterator()
      guard let found = await addresses.next(), let path = found.socketPath, let tcp = found.tcp else {
        return try await group.waitForAll()
      }
      try await Client.withClient(to: .socket(path: path, dataFolder: folder)) { client in
        try await body(Served(node: node, socketPath: path, tcp: tcp, client: client))
      }
      group.cancelAll()
    }
  }

  struct Answer {
    var status: UInt
    var body: String
    var headers: HTTPHeaders
  }

  /// A request as any program may make it.
  func raw(
    _ method: HTTPMethod, _ path: String, body: [UInt8]? = nil, headers: [(String, String)] = []
  ) async throws -> Answer {
    var request = HTTPClientRequest(url: "http://\(tcp)\(path)")
    request.method = method
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
    let content = try await response.body.collect(upTo: 32 * 1_024 * 1_024)
    return Answer(status: response.status.code, body: String(buffer: content), headers: response.headers)
  }

  var authorized: [(String, String)] { [("Authorization", "Bearer \(Self.token)")] }
}
