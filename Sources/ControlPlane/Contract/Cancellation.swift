public import Model

/// A submitter asks the coordinator to end its task.
public struct Cancellation: StatementBody {
  public static let purpose = Purpose("task.cancel")
  /// The longest reason, in characters.
  public static let reasonLimit = 500

  public var task: TaskID
  public var reason: String

  public init(task: TaskID, reason: String) {
    self.task = task
    self.reason = String(reason.prefix(Self.reasonLimit))
  }
}
