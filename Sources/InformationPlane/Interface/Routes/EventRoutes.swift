import Hummingbird
import Model

func addEventRoutes(to table: RouteTable) {
  let service = table.service
  let rows = table.limits.rows
  table.get("/v1/events") { request, _ in
    try await service.events(limit: try request.queryNumber("limit", default: 100, in: 1...rows))
  }
  table.get("/v1/events/{event}") { _, context in
    try await service.event(try context.text("event"))
  }
  table.get("/v1/traces/{trace}") { _, context in
    try await service.trace(try context.id("trace", of: TraceID.self))
  }
}
