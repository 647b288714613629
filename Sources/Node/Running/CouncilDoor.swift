internal import Engine
internal import Model

// What people do about who belongs to the network.
extension NodeDoor {
  func decisions() async throws -> [DecisionView] {
    try await loop.read { engine, now in
      Result { () throws(Refusal) in try engine.decisionViews(at: now) }
    }.get()
  }

  func propose(_ request: ProposalRequest) async throws -> ProposalReceipt {
    let answer = try await loop.command(
      .propose(request.act, request.node, person: request.person, reason: request.reason))
    guard case .proposed(let id) = answer else { throw Refusal(.failed, "the proposal was not made") }
    return ProposalReceipt(decision: id)
  }

  func vote(on decision: StatementID, _ request: VoteRequest) async throws -> [DecisionView] {
    _ = try await loop.command(.voteOnMotion(decision, yes: request.yes, person: request.person))
    return try await decisions()
  }
}
