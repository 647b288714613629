import Engine
import Hummingbird
import Model

func addNetworkRoutes(to table: RouteTable) {
  let service = table.service
  let limits = table.limits
  table.get("/v1/announcements") { _, _ in try await service.announcements() }
  table.post("/v1/announcements") { request, _ in
    try await service.announce(try await request.document(AnnouncementRequest.self, limit: limits.bodyBytes))
  }
  table.post("/v1/members/{node}/ping") { _, context in
    try await service.ping(try context.id("node", of: NodeID.self))
  }
}
