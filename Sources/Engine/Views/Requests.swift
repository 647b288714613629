public import Contract
public import Model

/// `collaboration create`.
public struct CollaborationRequest: Codable, Sendable, Hashable {
  public var name: String
  /// The kind of work that the call names; participants decide by it.
  public var kind: String
  public var labels: [String: String]
  /// What each subtask will need, as far as is known.
  public var needs: Amounts
  public var replyByMilliseconds: Int
  /// The most this node will pay for a CPU-second when a participant proposes another price; nil for the contract's.
  public var priceLimitMicroPerCPUSecond: Int?

  public init(
    name: String, kind: String, labels: [String: String], needs: Amounts, replyByMilliseconds: Int,
    priceLimitMicroPerCPUSecond: Int?
  ) {
    self.name = name
    self.kind = kind
    self.labels = labels
    self.needs = needs
    self.replyByMilliseconds = replyByMilliseconds
    self.priceLimitMicroPerCPUSecond = priceLimitMicroPerCPUSecond
  }
}

/// `submit`: the submission to sign, and where it goes.
public struct SubmissionRequest: Codable, Sendable, Hashable {
  public var submission: Submission
  /// nil: the collaboration that this node coordinates and that suits the task best, else a new one.
  public var collaboration: CollaborationID?
  /// Opens a new collaboration in any case.
  public var opensCollaboration: Bool

  public init(submission: Submission, collaboration: CollaborationID?, opensCollaboration: Bool) {
    self.submission = submission
    self.collaboration = collaboration
    self.opensCollaboration = opensCollaboration
  }
}

/// Something that a person may want to follow as it happens; the event stream carries these.
public struct NoticeView: Codable, Sendable, Hashable {
  public var timeMilliseconds: Int64
  /// information, business, control or resource.
  public var plane: String
  /// Such as task.running, attempt.lost, member.failed.
  public var kind: String
  public var task: TaskID?
  public var collaboration: CollaborationID?
  public var node: NodeID?
  public var text: String

  /// The kind of what stays wrong in the network until somebody does something.
  public static let overlayProblem = "overlay.problem"
}
