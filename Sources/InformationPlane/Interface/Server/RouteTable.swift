import Engine
import HTTPTypes
import Hummingbird
import Logging

/// Adds routes to a router: the path, what answers, and the bound on the time that it may take.
struct RouteTable {
  typealias Handler<Answer> = @Sendable (Request, APIContext) async throws -> Answer

  let router: Router<APIContext>
  let service: any NodeService
  let limits: APILimits

  func get<Answer: Encodable & Sendable>(_ path: String, _ handler: @escaping Handler<Answer>) {
    on(path, .get, handler)
  }

  func post<Answer: Encodable & Sendable>(_ path: String, _ handler: @escaping Handler<Answer>) {
    on(path, .post, handler)
  }

  private func on<Answer: Encodable & Sendable>(
    _ path: String, _ method: HTTPRequest.Method, _ handler: @escaping Handler<Answer>
  ) {
    let limit = limits.request
    router.on(RouterPath(path), method: method) { request, context in
      try Response.json(try await within(limit) { try await handler(request, context) })
    }
  }

  /// A route that streams: no bound on its whole time, only on the time in which nothing moves.
  func stream(_ path: String, _ method: HTTPRequest.Method, _ handler: @escaping Handler<Response>) {
    router.on(RouterPath(path), method: method, use: handler)
  }
}

/// Runs `work`, or throws `Refusal.timedOut` and cancels it once `limit` is over.
func within<Value: Sendable>(
  _ limit: Duration, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  try await withThrowingTaskGroup(of: Value?.self) { group in
    group.addTask { try await work() }
    group.addTask {
      try await Task.sleep(for: limit)
      return nil
    }
    defer { group.cancelAll() }
    guard let first = try await group.next(), let value = first else {
      throw Refusal(
        .timedOut, "the node did not answer within \(limit)", next: "jointcloud doctor")
    }
    return value
  }
}

/// The whole API, for one address.
func makeRouter(
  service: any NodeService, access: Access, limits: APILimits, logger: Logger,
  metrics: @escaping @Sendable () async -> String
) -> Router<APIContext> {
  // HEAD is answered only where openapi.yaml says so.
  let router = Router(context: APIContext.self, options: [])
  router.middlewares.add(RefusalMiddleware(logger: logger))
  router.middlewares.add(MetricsMiddleware())
  router.middlewares.add(AccessMiddleware(access: access))
  let table = RouteTable(router: router, service: service, limits: limits)
  addOpenRoutes(to: table, metrics: metrics)
  addNodeRoutes(to: table)
  addNetworkRoutes(to: table)
  addCollaborationRoutes(to: table)
  addElectionRoutes(to: table)
  addTaskRoutes(to: table)
  addOfferRoutes(to: table)
  addEventRoutes(to: table)
  addLedgerRoutes(to: table)
  addObjectRoutes(to: table)
  addNoticeRoutes(to: table)
  return router
}

/// Every route as `METHOD /path`, for the test that holds docs/openapi.yaml against them.
package func routeNames(of service: any NodeService) -> [String] {
  makeRouter(
    service: service, access: .everybody, limits: APILimits(), logger: Logger(label: "routes"), metrics: { "" }
  )
  .routes.map { "\($0.method.rawValue) \($0.path)" }
}

/// What anybody on this machine may ask without a token.
private func addOpenRoutes(to table: RouteTable, metrics: @escaping @Sendable () async -> String) {
  table.stream("/healthz", .get) { _, _ in .text("ok\n", type: "text/plain; charset=utf-8") }
  table.stream("/metrics", .get) { _, _ in .text(await metrics(), type: "text/plain; version=0.0.4; charset=utf-8") }
  table.stream("/openapi.yaml", .get) { _, _ in .text(openAPIDocument, type: "application/yaml") }
}

/// docs/openapi.yaml, as it was when this was built.
public let openAPIDocument = String(decoding: PackageResources.openapi_yaml, as: UTF8.self)
