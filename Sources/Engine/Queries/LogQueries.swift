internal import Contract
internal import Coordination
public import Model
internal import Overlay

/// Where the log of an attempt can be read.
public struct LogSource: Sendable {
  public enum Place: Sendable {
    /// An object of the store.
    case kept(ObjectReference)
    /// With this node's adapters.
    case here
    case at(NodeID)
    /// Nowhere, and why.
    case nowhere(String)
  }

  public var attempt: AttemptID
  /// Who runs or ran it; nil for an attempt that nobody has taken.
  public var node: NodeID?
  public var nodeName: String
  public var place: Place
  /// Why the attempt failed; empty for one that did not.
  public var failure: String
  /// Nothing will come after what is there now: neither more of this attempt nor another one.
  public var isOver: Bool
  /// The node that coordinates the task and keeps what ended attempts wrote; nil where that is this node.
  public var keeper: String?
}

extension NodeEngine {
  /// Where the log of a subtask's attempt is.
  ///
  /// - Parameter attempt: its number; nil for the one that succeeded or runs, or else the last one that failed.
  /// - Returns: nil for a task, subtask or attempt that is not known here.
  public func logSource(of id: TaskID, subtask: Int, attempt wanted: Int?, stream: String) -> LogSource? {
    guard var source = foundSource(of: id, subtask: subtask, attempt: wanted, stream: stream) else { return nil }
    if let coordinator = book(of: id)?.coordinator, coordinator != identity.node {
      source.keeper = name(of: coordinator)
    }
    return source
  }

  private func foundSource(of id: TaskID, subtask: Int, attempt wanted: Int?, stream: String) -> LogSource? {
    guard let book = book(of: id), let task = book.tasks[id], task.subtasks.indices.contains(subtask) else {
      return nil
    }
    let record = task.subtasks[subtask]
    let current = AttemptID(task: id, subtask: subtask, number: record.attempt)
    switch record.state {
    case .succeeded(let node) where wanted ?? current.number == current.number:
      let file = record.result?.files.first { $0.path == stream }
      return source(current, node, kept: file?.content, isOver: true)
    case .assigned(let node, _) where wanted ?? current.number == current.number:
      return LogSource(
        attempt: current, node: node, nodeName: name(of: node), place: node == identity.node ? .here : .at(node),
        failure: "", isOver: false)
    default: break
    }
    if let failed = record.failed.last(where: { wanted == nil || $0.number == wanted }) {
      return source(
        AttemptID(task: id, subtask: subtask, number: failed.number), failed.node,
        kept: stream == "stdout" ? failed.standardOutput : failed.standardError,
        failure: "\(failed.failure.category): \(failed.failure.detail)", isOver: wanted != nil || task.isOver)
    }
    guard wanted ?? current.number == current.number else { return nil }
    return LogSource(
      attempt: current, node: nil, nodeName: "", place: .nowhere(look(at: task).stage(of: subtask).reason), failure: "",
      isOver: task.isOver)
  }

  private func source(
    _ attempt: AttemptID, _ node: NodeID, kept reference: ObjectReference?, failure: String = "", isOver: Bool
  ) -> LogSource {
    LogSource(
      attempt: attempt, node: node, nodeName: name(of: node),
      place: reference.map { .kept($0) } ?? .nowhere("nothing was kept of what it wrote"), failure: failure,
      isOver: isOver)
  }
}
