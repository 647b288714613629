import Hummingbird
import Model

func addLedgerRoutes(to table: RouteTable) {
  let service = table.service
  let rows = table.limits.rows
  table.get("/v1/ledgers") { _, _ in try await service.ledgers() }
  table.get("/v1/ledgers/{collaboration}/entries") { request, context in
    try await service.entries(
      of: try context.id("collaboration", of: CollaborationID.self),
      from: try request.queryNumber("from", default: 1, in: 1...Int(JSON.integerLimit)),
      limit: try request.queryNumber("limit", default: 100, in: 1...rows))
  }
}
