public import Contract
internal import Coordination
public import Model
internal import Overlay

// Which of this node's collaborations a task goes to when nobody names one.
extension NodeEngine {
  /// The collaboration for a submission, the same for a plan that is only looked at; nil when none suits, and one has
  /// to be opened.
  ///
  /// Of those that suit, the one in which most live members could take a subtask, and the newest of equals.
  func suitableCollaboration(for submission: Submission, _ context: CoordinationContext) -> CollaborationID? {
    negotiator.negotiations.compactMap { id, negotiation -> (takers: Int, newness: Int64, id: CollaborationID)? in
      guard negotiation.phase != .failed, broken[id] == nil, negotiation.kind == submission.kind,
        negotiation.labels == submission.labels,
        negotiation.priceLimitMicroPerCPUSecond == submission.priceLimitMicroPerCPUSecond,
        let takers = takers(of: submission, in: id, negotiation, context)
      else { return nil }
      return (takers, negotiation.deadlineMilliseconds, id)
    }
    .max { ($0.takers, $0.newness, $0.id) < ($1.takers, $1.newness, $1.id) }?.id
  }

  /// How many live members could take a subtask; nil where the call asked for something else, and another call could
  /// bring nodes that are missing here.
  private func takers(
    of submission: Submission, in id: CollaborationID, _ negotiation: Negotiation, _ context: CoordinationContext
  ) -> Int? {
    let hasAskedTheSame = negotiation.needs == submission.needs
    let hasAskedForMore = !negotiation.needs.fits(in: submission.needs)
    guard let book = context.collaborations[id] else {
      // Who will decline the larger call is not known yet.
      guard hasAskedTheSame || !hasAskedForMore else { return nil }
      return negotiation.membersSoFar.count { !$0.total.isZero && submission.needs.fits(in: $0.total) }
    }
    let found = dispatcher.planner.candidates(
      for: submission, refusals: [:], subtaskNeeds: submission.needs, state: book,
      dispatcher.surroundings(of: nil, book, context))
    guard hasAskedTheSame || !found.usable.isEmpty || found.someMayCome || !hasOutsiders(book, context) else {
      return nil
    }
    let live = Set(context.live)
    let wereTooSmall = book.negotiation.contains { $0.code == DeclineCode.capacity.rawValue && live.contains($0.node) }
    return hasAskedForMore && wereTooSmall && !hasAskedTheSame ? nil : found.usable.count
  }

  /// Whether a new call would reach anybody who is not a member.
  private func hasOutsiders(_ book: CollaborationState, _ context: CoordinationContext) -> Bool {
    context.live.contains { book.roster[$0] == nil }
  }

  /// The plan that a submission would get now, where it would go now; refused when it would go to no open round.
  public func preview(_ submission: Submission, in collaboration: CollaborationID?, at now: Moment)
    -> Result<PlanView, Refusal>
  {
    let context = context(now)
    guard let id = collaboration ?? suitableCollaboration(for: submission, context) else {
      return .failure(
        Refusal(
          .unavailable, "no open collaboration suits this task: submitting it would call for a new one",
          next: "jointcloud submit FILE"))
    }
    guard let book = context.collaborations[id], book.coordinator == identity.node else {
      return .failure(
        Refusal(
          .unavailable, "no round of collaboration \(id.short) is open here, so nobody has said what it offers",
          subject: id.short, next: "jointcloud collaboration list"))
    }
    let candidates = dispatcher.planner.candidates(
      for: submission, refusals: [:], subtaskNeeds: submission.needs, state: book,
      dispatcher.surroundings(of: nil, book, context))
    let plan = dispatcher.planner.preview(submission, candidates: candidates)
    return .success(view(of: plan, entry: 0, book))
  }
}
