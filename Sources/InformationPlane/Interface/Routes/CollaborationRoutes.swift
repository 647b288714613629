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
  table.post("/v1/collaborations/{collaboration}/leave") { request, context in
    let body = try await request.document(LeaveCollaborationRequest.self, limit: limits.bodyBytes)
    try LeaveText.require(body.reason)
    return try await service.leave(try context.id("collaboration", of: CollaborationID.self), reason: body.reason)
  }
  table.post("/v1/collaborations/{collaboration}/join") { _, context in
    try await service.join(try context.id("collaboration", of: CollaborationID.self))
  }
  table.get("/v1/participants") { request, _ in
    try await service.participants(of: try request.queryID("collaboration", of: CollaborationID.self))
  }
  table.get("/v1/weights") { request, _ in
    try await service.weights(of: try request.queryID("collaboration", of: CollaborationID.self))
  }
}

/// The body of `POST /v1/collaborations/{collaboration}/leave`.
struct LeaveCollaborationRequest: Codable, Sendable {
  var reason: String
}

/// Why a node leaves: it is kept on the ledger of every member.
public enum LeaveText {
  /// In Unicode characters.
  public static let limit = 200

  /// What is wrong with it; nil for a text that is taken.
  public static func problem(_ text: String) -> String? {
    let count = text.unicodeScalars.count
    return count > limit ? "the reason has \(count) characters; at most \(limit) are kept on the ledger" : nil
  }

  static func require(_ text: String) throws(Refusal) {
    if let problem = problem(text) { throw Refusal(.invalid, problem, subject: "reason") }
  }
}
