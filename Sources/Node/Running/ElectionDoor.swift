internal import Engine
internal import Model

// Who coordinates, and what people here do about it.
extension NodeDoor {
  func elections() async throws -> [ElectionView] { await loop.read { engine, _ in engine.electionViews() } }

  func election(of collaboration: CollaborationID) async throws -> ElectionView {
    guard let view = await loop.read({ engine, _ in engine.electionView(collaboration) }) else {
      throw Refusal(
        .notFound, "collaboration \(collaboration.short) is not open here", subject: collaboration.short,
        next: "jointcloud collaboration list")
    }
    return view
  }

  func callElection(of collaboration: CollaborationID, person: String, reason: String) async throws -> ElectionView {
    _ = try await loop.command(.callElection(collaboration, person: person, reason: reason))
    return try await election(of: collaboration)
  }

  func transferOffice(of collaboration: CollaborationID, to node: NodeID, person: String) async throws -> ElectionView {
    _ = try await loop.command(.transferOffice(collaboration, to: node, person: person))
    return try await election(of: collaboration)
  }
}
