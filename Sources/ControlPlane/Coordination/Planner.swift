public import Contract
public import Model

/// Makes plans for a task from what the ledger and the overlay say (design 6, step 4).
public struct Planner: Sendable {
  /// What the coordinator knows beyond the ledger.
  public struct Surroundings: Sendable {
    /// Nodes that can be reached.
    public var live: Set<NodeID>
    /// Amounts offered and not answered yet.
    public var offered: [NodeID: Amounts]
    /// Nodes to leave alone until these wall milliseconds, and why.
    public var resting: [NodeID: (untilMilliseconds: Int64, why: String)]
    public var nowMilliseconds: Int64

    public init(
      live: Set<NodeID>, offered: [NodeID: Amounts], resting: [NodeID: (untilMilliseconds: Int64, why: String)],
      nowMilliseconds: Int64
    ) {
      self.live = live
      self.offered = offered
      self.resting = resting
      self.nowMilliseconds = nowMilliseconds
    }
  }

  public struct Candidates: Sendable {
    public var usable: [TaskPlanned.Candidate]
    public var filtered: [TaskPlanned.Filtered]
    /// Whether some of the filtered may become usable by waiting.
    public var someMayCome: Bool
  }

  /// The constraints that pass by themselves.
  private static let passing: Set<String> = ["resting", "reachable"]

  public init() {}

  /// Who could take subtasks of this task, and who not and why not.
  public func candidates(
    for submission: Submission, refusals: [NodeID: TaskAnswer], subtaskNeeds needs: Amounts,
    state: CollaborationState, _ surroundings: Surroundings
  ) -> Candidates {
    var out = Candidates(usable: [], filtered: [], someMayCome: false)
    for member in state.roster.members {
      let free = state.free(member.node) - (surroundings.offered[member.node] ?? .zero)
      if let (constraint, detail) = obstacle(
        member, submission: submission, refusal: refusals[member.node], needs: needs, state: state, surroundings)
      {
        out.filtered.append(.init(node: member.node, constraint: constraint, detail: detail))
        if Self.passing.contains(constraint) { out.someMayCome = true }
        continue
      }
      out.usable.append(
        .init(
          node: member.node, weightPPM: state.weights[member.node]?.ppm ?? 0, free: free,
          fits: needs.count(fittingIn: free, limit: TaskSpecification.subtaskLimit), score: 0))
    }
    return out
  }

  private func obstacle(
    _ member: RosterMember, submission: Submission, refusal: TaskAnswer?, needs: Amounts,
    state: CollaborationState, _ surroundings: Surroundings
  ) -> (constraint: String, detail: String)? {
    if member.total.isZero { return ("resources", "offers nothing") }
    if state.leaving.contains(member.node) { return ("leaving", "takes nothing new") }
    if let adapter = submission.adapter, !member.adapters.contains(adapter) {
      return ("adapter", "has \(member.adapters.joined(separator: ", ")), asked is \(adapter)")
    }
    if let limit = submission.priceLimitMicroPerCPUSecond, member.priceMicroPerCPUSecond > limit {
      return (
        "price",
        Text.price(member.priceMicroPerCPUSecond)
          + ", the priceLimit is \(QuantityText.credits(micro: limit)); raise it to at least that"
      )
    }
    if !needs.fits(in: member.total) {
      let short = needs - member.total
      return (
        "size",
        "short by "
          + [
            short.cpuMillicores > 0 ? "\(QuantityText.cpu(short.cpuMillicores)) CPU" : nil,
            short.memoryBytes > 0 ? "\(QuantityText.bytes(short.memoryBytes)) of memory" : nil,
          ].compactMap(\.self).joined(separator: " and ") + " in all"
      )
    }
    if let refusal { return ("declined", "\(refusal.code): \(refusal.detail)") }
    guard surroundings.live.contains(member.node) else { return ("reachable", "has failed or left") }
    if let rest = surroundings.resting[member.node], rest.untilMilliseconds > surroundings.nowMilliseconds {
      return ("resting", rest.why)
    }
    return nil
  }

  /// The first plan of a task that is not submitted yet.
  public func preview(_ submission: Submission, candidates: Candidates) -> TaskPlanned {
    let seed = Digest.zero
    let shares = Strategy.weightedFairShare(
      subtasks: submission.subtaskCount, candidates: candidates.usable.map { ($0.node, $0.weightPPM, $0.fits) },
      seed: seed)
    var usable = candidates.usable
    var first = 0
    var choices: [TaskPlanned.Choice] = []
    for (index, (score, share)) in shares.enumerated() {
      usable[index].score = score
      guard share > 0 else { continue }
      choices.append(
        .init(node: usable[index].node, attempts: [AttemptRange(first: first, count: share, number: 1)]))
      first += share
    }
    return TaskPlanned(
      task: TaskID(.zero), number: 1, previous: 0, cause: "preview", strategy: "weightedFairShare", seed: seed,
      candidates: usable, filtered: candidates.filtered, choices: choices)
  }

  /// Hands subtasks to candidates by the contract's strategy. Each subtask avoids who failed it while there are others.
  public func plan(
    _ subtasks: [Int], of task: TaskRecord, candidates: Candidates, number: Int, cause: String, seed: Digest
  ) -> TaskPlanned {
    var usable = candidates.usable
    let shares = Strategy.weightedFairShare(
      subtasks: subtasks.count, candidates: usable.map { ($0.node, $0.weightPPM, $0.fits) }, seed: seed)
    var room: [NodeID: Int] = [:]
    for (index, (score, share)) in shares.enumerated() {
      usable[index].score = score
      room[usable[index].node] = share
    }
    var chosen: [NodeID: [AttemptID]] = [:]
    // Subtasks that failed somewhere choose first.
    let ordered = subtasks.sorted { left, right in
      let (leftBurnt, rightBurnt) = (!task.subtasks[left].failedAt.isEmpty, !task.subtasks[right].failedAt.isEmpty)
      return leftBurnt != rightBurnt ? leftBurnt : left < right
    }
    var cursor = 0
    for subtask in ordered {
      let avoided = Set(task.subtasks[subtask].failedAt)
      while cursor < usable.count, (room[usable[cursor].node] ?? 0) == 0 { cursor += 1 }
      let withRoom = usable[min(cursor, usable.count)...].first {
        (room[$0.node] ?? 0) > 0 && !avoided.contains($0.node)
      }
      let other = usable.filter { !avoided.contains($0.node) }.max { ($0.score, $1.node) < ($1.score, $0.node) }
      guard let node = (withRoom ?? other ?? usable.first)?.node else { continue }
      if let left = room[node], left > 0 { room[node] = left - 1 }
      chosen[node, default: []].append(
        AttemptID(task: task.id, subtask: subtask, number: task.subtasks[subtask].attempt))
    }
    return TaskPlanned(
      task: task.id, number: number, previous: number - 1, cause: cause, strategy: "weightedFairShare", seed: seed,
      candidates: usable, filtered: candidates.filtered,
      choices: usable.compactMap { candidate in
        chosen[candidate.node].map { .init(node: candidate.node, attempts: AttemptRange.ranges(of: $0)) }
      })
  }
}
