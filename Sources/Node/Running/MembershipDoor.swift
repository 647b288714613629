internal import Engine
internal import Model

// What people here do about this node's part in open rounds.
extension NodeDoor {
  func leave(_ collaboration: CollaborationID, reason: String) async throws -> CollaborationView {
    _ = try await loop.command(.leaveCollaboration(collaboration, reason: reason))
    return try await known(collaboration)
  }

  func join(_ collaboration: CollaborationID) async throws -> CollaborationView {
    _ = try await loop.command(.joinCollaboration(collaboration))
    return try await known(collaboration)
  }

  private func known(_ collaboration: CollaborationID) async throws -> CollaborationView {
    guard let view = await loop.read({ engine, _ in engine.collaborationView(collaboration) }) else {
      throw Refusal(
        .notFound, "collaboration \(collaboration.short) is not known here", subject: collaboration.short,
        next: "jointcloud collaboration list")
    }
    return view
  }
}
