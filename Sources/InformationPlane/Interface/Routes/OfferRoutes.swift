import Hummingbird
import Model

func addOfferRoutes(to table: RouteTable) {
  let service = table.service
  let limits = table.limits
  table.get("/v1/offers") { _, _ in try await service.offers() }
  table.post("/v1/offers/{offer}/decision") { request, context in
    let decision = try await request.document(OfferDecision.self, limit: limits.bodyBytes)
    return try await service.decideOffer(
      try context.id("offer", of: OfferID.self), accept: decision.accept, reason: decision.reason)
  }
}

/// The body of `POST /v1/offers/{offer}/decision`.
struct OfferDecision: Codable, Sendable {
  var accept: Bool
  var reason: String
}
