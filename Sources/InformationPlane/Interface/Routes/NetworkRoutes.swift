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
  table.get("/v1/network/decisions") { _, _ in try await service.decisions() }
  table.post("/v1/network/decisions") { request, _ in
    try await service.propose(try await request.document(ProposalRequest.self, limit: limits.bodyBytes))
  }
  table.post("/v1/network/decisions/{decision}/vote") { request, context in
    let vote = try await request.document(VoteRequest.self, limit: limits.bodyBytes)
    return try await service.vote(on: try context.id("decision", of: StatementID.self), vote)
  }
  table.post("/v1/members/{node}/ping") { _, context in
    try await service.ping(try context.id("node", of: NodeID.self))
  }
}
