internal import Contract
internal import Model

// The inputs of subtasks that a plan gives to this node are brought here before they are offered, so that inputs of
// unfinished subtasks lie on two nodes (design 6, step 7). Only of work that the owner would take unasked (R58).
extension Executor {
  /// The most that is brought here ahead for one plan, in bytes.
  static let prefetchByteLimit = 1 << 30

  /// Asks for what the newest plans of open tasks give to this node; once a plan.
  mutating func prefetch(
    _ state: CollaborationState, _ context: CoordinationContext, _ effects: inout CoordinationEffects
  ) {
    for id in prefetchedPlan.keys where state.tasks[id]?.isOver == true { prefetchedPlan[id] = nil }
    for id in state.openTaskIDs {
      guard let task = state.tasks[id], wantsPrefetch(task, context) else { continue }
      let reference = task.submission.specification
      guard let specification = specifications[reference.digest] else {
        if !context.objects.contains(reference.digest) {
          effects.append(.fetch(reference, from: Self.holders(of: task, state, context)))
        }
        continue
      }
      prefetchedPlan[id] = task.planCount
      guard specification.disorder(for: task.submission) == nil else { continue }
      fetchInputs(of: task, specification, state, context, &effects)
    }
  }

  /// Whether this node is chosen by a plan whose inputs were not asked for yet.
  func wantsPrefetch(_ task: TaskRecord, _ context: CoordinationContext) -> Bool {
    !task.isOver && task.submitter != context.node && prefetchedPlan[task.id] != task.planCount
      && task.plans.last?.plan.choices.contains { $0.node == context.node } == true
      && !context.policy.decidesByHand
      && context.policy.objection(kind: task.submission.kind, labels: task.submission.labels) == nil
  }

  private func fetchInputs(
    of task: TaskRecord, _ specification: TaskSpecification, _ state: CollaborationState,
    _ context: CoordinationContext, _ effects: inout CoordinationEffects
  ) {
    guard let choice = task.plans.last?.plan.choices.first(where: { $0.node == context.node }) else { return }
    let holders = Self.holders(of: task, state, context)
    var seen: Set<Digest> = []
    var left = Self.prefetchByteLimit
    for subtask in choice.attempts.flatMap(\.subtasks) where subtask < task.submission.subtaskCount {
      for file in specification.inputs(ofSubtask: subtask).flatMap(\.files)
      where !context.objects.contains(file.content.digest) && seen.insert(file.content.digest).inserted {
        left -= file.content.byteCount
        guard left >= 0 else { return }
        effects.append(.fetch(file.content, from: holders))
      }
    }
  }
}
