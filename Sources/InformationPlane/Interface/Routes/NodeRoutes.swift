import Hummingbird
import Model

func addNodeRoutes(to table: RouteTable) {
  let service = table.service
  table.get("/v1/status") { _, _ in try await service.status() }
  table.get("/v1/members") { _, _ in try await service.members() }
  table.get("/v1/members/{node}") { _, context in
    try await service.member(try context.id("node", of: NodeID.self))
  }
  table.get("/v1/adapters") { _, _ in try await service.adapters() }
  table.get("/v1/doctor") { _, _ in try await service.doctor() }
}
