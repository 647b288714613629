import Engine
import Hummingbird
import Model

func addCollaborationRoutes(to table: RouteTable) {
  let service = table.service
  let limits = table.limits
  table.get("/v1/collaborations") { _, _ in try await service.collaborations() }
  table.post("/v1/collaborations") { request, _ in
    try await service.createCollaboration(
      try await request.document(CollaborationRequest.self, limit: limits.bodyBytes))
  }
  table.get("/v1/participants") { request, _ in
    try await service.participants(of: try request.queryID("collaboration", of: CollaborationID.self))
  }
  table.get("/v1/weights") { request, _ in
    try await service.weights(of: try request.queryID("collaboration", of: CollaborationID.self))
  }
}
