public import Model

/// What one record changed, so that nobody looks at every subtask for it.
public struct TaskChange: Hashable, Sendable {
  public enum Extent: Hashable, Sendable {
    case whole
    /// These attempts stand otherwise than before: assigned, given back, done or lost.
    case attempts([AttemptID])
  }

  public let task: TaskID
  public let extent: Extent

  public init(task: TaskID, extent: Extent) {
    self.task = task
    self.extent = extent
  }
}
