import AsyncHTTPClient
import Engine
import Model
import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks a node through its HTTP interface: one function for each call of `NodeService`. Every function throws
/// `ClientError`, and gives up after `timeout` unless it says otherwise.
///
/// ```swift
/// try await Client.withClient(to: endpoint) { client in
///   print(try await client.status().name)
/// }
/// ```
public struct Client: Sendable {
  public let endpoint: Endpoint
  /// For one request and its whole answer.
  public var timeout = Duration.seconds(30)
  /// The largest document accepted as an answer, in bytes.
  public static let answerLimit = 64 * 1_024 * 1_024

  let http: HTTPClient

  /// Opens a client, runs `body`, and closes its connections.
  public static func withClient<Value>(
    to endpoint: Endpoint, _ body: (Client) async throws -> Value
  ) async throws -> Value {
    let client = Client(to: endpoint)
    do {
      let value = try await body(client)
      try await client.close()
      return value
    } catch {
      // The first error is the one that says what went wrong.
      try? await client.close()
      throw error
    }
  }

  /// The caller must `close` it.
  public init(to endpoint: Endpoint) {
    self.endpoint = endpoint
    var configuration = HTTPClient.Configuration()
    configuration.redirectConfiguration = .disallow
    configuration.timeout.connect = .seconds(5)
    configuration.timeout.read = .seconds(60)
    // Shorter than the server's, so that no request meets a connection that is just being closed.
    configuration.connectionPool.idleTimeout = .seconds(20)
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.httpVersion = .http1Only
    http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  public func close() async throws {
    do { try await http.shutdown() } catch { throw broken(error) }
  }

  func get<Answer: Decodable>(_ path: String, _ query: [(String, String?)] = []) async throws -> Answer {
    try await answer(to: request(.GET, path, query))
  }

  func post<Answer: Decodable>(_ path: String, _ body: some Encodable) async throws -> Answer {
    var request = request(.POST, path)
    do {
      request.body = .bytes(ByteBuffer(bytes: try CanonicalJSON.encode(body)))
    } catch {
      throw ClientError.refused(Refusal(.invalid, "\(error)", subject: "request"))
    }
    request.headers.add(name: "Content-Type", value: "application/json")
    return try await answer(to: request)
  }

  func request(_ method: HTTPMethod, _ path: String, _ query: [(String, String?)] = []) -> HTTPClientRequest {
    let pairs = query.compactMap { pair in pair.1.map { "\(pair.0)=\(percentEncoded($0))" } }
    let suffix = pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    var request = HTTPClientRequest(url: endpoint.base + path + suffix)
    request.method = method
    if case .http(_, let token) = endpoint, !token.isEmpty {
      request.headers.add(name: "Authorization", value: "Bearer \(token)")
    }
    return request
  }

  private func answer<Answer: Decodable>(to request: HTTPClientRequest) async throws -> Answer {
    let response = try await send(request, timeout: timeout)
    let body = try await collect(response.body)
    do {
      let json = try CanonicalJSON.parseAnyForm(body, limit: Self.answerLimit)
      return try CanonicalJSON.decodeIgnoringUnknownKeys(Answer.self, from: json)
    } catch {
      throw ClientError.broken(what: "the answer is not understood: \(error)", endpoint: endpoint.name)
    }
  }

  /// Waits for a sign of life of the node: any answer is one.
  ///
  /// - Throws: `ClientError.timedOut` where none comes within `limit`.
  public func requireLife(within limit: Duration) async throws {
    let response = try await execute(request(.GET, "/healthz"), timeout: limit)
    // Read to its end: the connection carries more requests.
    _ = try await collect(response.body)
  }

  /// The head of a good answer; a bad one is thrown as what it says.
  @concurrent
  func send(_ request: HTTPClientRequest, timeout: Duration) async throws -> HTTPClientResponse {
    let response = try await execute(request, timeout: timeout)
    guard response.status.code < 300 else { throw try await refusal(from: response) }
    return response
  }

  @concurrent
  private func execute(_ request: HTTPClientRequest, timeout: Duration) async throws -> HTTPClientResponse {
    do {
      return try await http.execute(request, timeout: .nanoseconds(timeout.milliseconds * 1_000_000))
    } catch let error as HTTPClientError where error == .deadlineExceeded || error == .connectTimeout {
      throw ClientError.timedOut(what: "\(request.method.rawValue) \(path(of: request))", endpoint: endpoint.name)
    } catch {
      throw broken(error)
    }
  }

  private func refusal(from response: HTTPClientResponse) async throws -> ClientError {
    let body = try await collect(response.body)
    if let json = try? CanonicalJSON.parseAnyForm(body, limit: Self.answerLimit),
      let refusal = try? CanonicalJSON.decodeIgnoringUnknownKeys(Refusal.self, from: json)
    {
      return .refused(refusal)
    }
    // HEAD has no body to say more.
    if response.status == .notFound { return .refused(Refusal(.notFound, "the node does not have it")) }
    return .broken(what: "status \(response.status.code) without a reason", endpoint: endpoint.name)
  }

  @concurrent
  private func collect(_ body: HTTPClientResponse.Body) async throws -> [UInt8] {
    do {
      return Array(try await body.collect(upTo: Self.answerLimit).readableBytesView)
    } catch {
      throw broken(error)
    }
  }

  private func path(of request: HTTPClientRequest) -> String {
    String(request.url.dropFirst(endpoint.base.count).prefix { $0 != "?" })
  }

  func broken(_ error: any Error) -> any Error {
    switch error {
    case let error as ClientError: error
    case let error as CancellationError: error
    case let error as HTTPClientError where error == .cancelled: CancellationError()
    case let error as IOError where [2, 111].contains(error.errnoCode):  // ENOENT, ECONNREFUSED
      ClientError.notRunning(endpoint: endpoint.name, next: endpoint.start)
    case let error as IOError where [1, 13].contains(error.errnoCode):  // EPERM, EACCES
      ClientError.notPermitted(endpoint: endpoint.name)
    case let error as NIOConnectionError where ConnectionWords.unknownHost(error) != nil:
      ClientError.broken(what: ConnectionWords.text(error), endpoint: endpoint.name)
    case is NIOConnectionError:
      ClientError.notRunning(endpoint: endpoint.name, next: endpoint.start)
    case let error as HTTPClientError where error == .deadlineExceeded:
      ClientError.timedOut(what: "a request", endpoint: endpoint.name)
    default:
      ClientError.broken(
        what: "the connection to the node broke: \(ConnectionWords.text(error))", endpoint: endpoint.name)
    }
  }
}
