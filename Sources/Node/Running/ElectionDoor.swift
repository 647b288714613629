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

  func delegate(
    _ collaboration: CollaborationID, to agent: NodeID?, person: String, reason: String
  ) async throws -> ElectionView {
    _ = try await loop.command(.delegate(collaboration, to: agent, person: person, reason: reason))
    return try await election(of: collaboration)
  }

  func prefer(_ nodes: [NodeID], in collaboration: CollaborationID) async throws -> ElectionView {
    _ = try await loop.command(.preferCoordinators(collaboration, nodes))
    return try await election(of: collaboration)
  }

  func reconstitute(_ collaboration: CollaborationID, person: String, reason: String) async throws -> CollaborationView
  {
    guard
      case .collaboration(let id) = try await loop.command(
        .reconstitute(collaboration, person: person, reason: reason)),
      let view = await loop.read({ engine, _ in engine.collaborationView(id) })
    else { throw Refusal(.failed, "the collaboration was not kept") }
    return view
  }

  func transferOffice(of collaboration: CollaborationID, to node: NodeID, person: String) async throws -> ElectionView {
    _ = try await loop.command(.transferOffice(collaboration, to: node, person: person))
    return try await election(of: collaboration)
  }
}
