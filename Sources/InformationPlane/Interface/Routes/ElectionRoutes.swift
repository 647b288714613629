import Engine
import Hummingbird
import Model

func addElectionRoutes(to table: RouteTable) {
  let service = table.service
  let limits = table.limits
  table.get("/v1/elections") { _, _ in try await service.elections() }
  table.get("/v1/collaborations/{collaboration}/election") { _, context in
    try await service.election(of: try context.id("collaboration", of: CollaborationID.self))
  }
  table.post("/v1/collaborations/{collaboration}/election/call") { request, context in
    let call = try await request.document(ElectionCallRequest.self, limit: limits.bodyBytes)
    try ElectionText.require(call.person, "person")
    try ElectionText.require(call.reason, "reason")
    return try await service.callElection(
      of: try context.id("collaboration", of: CollaborationID.self), person: call.person, reason: call.reason)
  }
  table.post("/v1/collaborations/{collaboration}/election/transfer") { request, context in
    let transfer = try await request.document(ElectionTransferRequest.self, limit: limits.bodyBytes)
    try ElectionText.require(transfer.person, "person")
    return try await service.transferOffice(
      of: try context.id("collaboration", of: CollaborationID.self), to: transfer.node, person: transfer.person)
  }
  table.post("/v1/collaborations/{collaboration}/election/delegation") { request, context in
    let delegation = try await request.document(ElectionDelegationRequest.self, limit: limits.bodyBytes)
    try ElectionText.require(delegation.person, "person")
    if !delegation.reason.isEmpty { try ElectionText.require(delegation.reason, "reason") }
    return try await service.delegate(
      try context.id("collaboration", of: CollaborationID.self), to: delegation.agent, person: delegation.person,
      reason: delegation.reason)
  }
  table.post("/v1/collaborations/{collaboration}/election/preference") { request, context in
    let preference = try await request.document(ElectionPreferenceRequest.self, limit: limits.bodyBytes)
    return try await service.prefer(
      preference.nodes, in: try context.id("collaboration", of: CollaborationID.self))
  }
  table.post("/v1/collaborations/{collaboration}/reconstitute") { request, context in
    let body = try await request.document(ReconstituteRequest.self, limit: limits.bodyBytes)
    try ElectionText.require(body.person, "person")
    try ElectionText.require(body.reason, "reason")
    return try await service.reconstitute(
      try context.id("collaboration", of: CollaborationID.self), person: body.person, reason: body.reason)
  }
}

/// The body of `POST /v1/collaborations/{collaboration}/election/delegation`: without an agent it withdraws.
struct ElectionDelegationRequest: Codable, Sendable {
  var agent: NodeID?
  var person: String
  var reason: String
}

/// The body of `POST /v1/collaborations/{collaboration}/election/preference`: the best first.
struct ElectionPreferenceRequest: Codable, Sendable {
  var nodes: [NodeID]
}

/// The body of `POST /v1/collaborations/{collaboration}/reconstitute`.
struct ReconstituteRequest: Codable, Sendable {
  var person: String
  var reason: String
}

/// The body of `POST /v1/collaborations/{collaboration}/election/call`.
struct ElectionCallRequest: Codable, Sendable {
  var person: String
  var reason: String
}

/// The body of `POST /v1/collaborations/{collaboration}/election/transfer`.
struct ElectionTransferRequest: Codable, Sendable {
  var node: NodeID
  var person: String
}

/// What people write into elections: it is kept on the ledger of every member.
public enum ElectionText {
  /// In Unicode characters, so that none is cut on its way to the ledger.
  public static let limit = 64

  /// What is wrong with it; nil for a text that is taken.
  public static func problem(_ text: String, _ name: String) -> String? {
    let count = text.unicodeScalars.count
    if text.allSatisfy(\.isWhitespace) { return "\(name) is empty" }
    return count > limit ? "\(name) has \(count) characters; at most \(limit) are kept on the ledger" : nil
  }

  static func require(_ text: String, _ name: String) throws(Refusal) {
    if let problem = problem(text, name) { throw Refusal(.invalid, problem, subject: name) }
  }
}
