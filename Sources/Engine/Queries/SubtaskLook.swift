internal import Contract
internal import Coordination
internal import Model

/// One look at a task's subtasks: what it needs beyond the ledger is gathered once, since there may be 100,000.
struct SubtaskLook {
  let task: TaskRecord
  let attempts: [AttemptID: Executor.Attempt]
  let dispatcher: Dispatcher
  let offered: [Int: NodeID]
  /// Of everybody who has a part in the task.
  let names: [NodeID: String]
  let waitingReason: String

  struct Stage {
    var state: String
    var reason = ""
    var nativeID = ""
    var nativeState = ""
  }

  /// A subtask's state beyond the ledger, as far as this node knows it.
  func stage(of index: Int) -> Stage {
    let subtask = task.subtasks[index]
    let id = AttemptID(task: task.id, subtask: index, number: subtask.attempt)
    switch subtask.state {
    case .succeeded:
      return Stage(
        state: "succeeded", nativeID: subtask.result?.nativeID ?? "", nativeState: subtask.result?.nativeState ?? "")
    case .assigned:
      if let own = attempts[id] {
        return Stage(
          state: own.stage.rawValue, reason: own.reason, nativeID: own.nativeID, nativeState: own.nativeState)
      }
      if let told = dispatcher.reportedProgress(of: id) { return Stage(state: told.state, reason: told.reason) }
      return Stage(state: "accepted", reason: "assigned, not begun yet")
    case .pending: return pendingStage(of: index, subtask)
    }
  }

  private func pendingStage(of index: Int, _ subtask: SubtaskRecord) -> Stage {
    if task.isOver {
      guard let failure = subtask.lastFailure else {
        return Stage(state: "cancelled", reason: task.ending?.body.reason ?? "")
      }
      return Stage(state: failure.category == "lost" ? "lost" : "failed", reason: failure.detail)
    }
    if let node = offered[index] { return Stage(state: "offered", reason: "offered to \(names[node] ?? node.short)") }
    if index == task.submission.subtaskCount, !task.isReadyToReduce {
      return Stage(state: "pending", reason: "waits for the other subtasks")
    }
    return Stage(
      state: task.planCount > 0 ? "planned" : "pending",
      reason: waitingReason.isEmpty ? "waits for its turn" : waitingReason)
  }

  func view(of index: Int) -> SubtaskView {
    let subtask = task.subtasks[index]
    let stage = stage(of: index)
    var (attempt, node) = (subtask.attempt, subtask.assignee)
    if case .succeeded(let by) = subtask.state { node = by }
    // No further attempt comes once the task is over: what stands there is the one that failed.
    if task.isOver, subtask.isPending, let failed = subtask.failed.last {
      (attempt, node) = (failed.number, failed.node)
    }
    return SubtaskView(
      index: index, stage: index < task.submission.subtaskCount ? "map" : "reduce", state: stage.state,
      reason: stage.reason, attempt: attempt, node: node, nodeName: node.map { names[$0] ?? $0.short } ?? "",
      nativeID: stage.nativeID, nativeState: stage.nativeState,
      results: (subtask.result?.files ?? []).map {
        ResultFileView(subtask: index, path: $0.path, digest: $0.content.digest, byteCount: $0.content.byteCount)
      })
  }
}

extension NodeEngine {
  func look(at task: TaskRecord) -> SubtaskLook {
    let offered = dispatcher.offeredSubtasks(of: task.id)
    let nodes = Set(offered.values).union(task.shares.keys)
    return SubtaskLook(
      task: task, attempts: executor.attempts, dispatcher: dispatcher, offered: offered,
      names: Dictionary(uniqueKeysWithValues: nodes.map { ($0, name(of: $0)) }),
      waitingReason: dispatcher.waitingReason(of: task.id))
  }
}
