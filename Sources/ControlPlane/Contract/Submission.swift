public import Model

/// What a submitter signs and the ledger keeps of a task: everything that the contract judges. The commands
/// and inputs stand in the specification, which travels by digest to those who take part (design 6, step 1).
public struct Submission: StatementBody {
  public static let purpose = Purpose("task.submit")

  public var name: String
  /// What kind of work it is, such as `batch`; local policies decide by it.
  public var kind: String
  /// Free labels from the manifest's metadata, for policies.
  public var labels: [String: String]
  /// The `TaskSpecification` as an object.
  public var specification: ObjectReference
  /// Number of subtasks, without the one that reduces.
  public var subtaskCount: Int
  /// Whether one more subtask, with index `subtaskCount`, reduces the others' output.
  public var reduces: Bool
  /// What each subtask needs while it runs.
  public var needs: Amounts
  /// What the reducing subtask needs; equal to `needs` where the manifest is silent.
  public var reduceNeeds: Amounts
  /// Only participants with this adapter are asked; nil for any.
  public var adapter: String?
  public var timeouts: Timeouts
  /// Tries at each subtask, at most; the contract may allow fewer.
  public var attemptLimit: Int
  /// Higher goes first; 0 is normal, -100...100.
  public var priority: Int
  /// The most that one participant may ask for a CPU-second.
  public var priceLimitMicroPerCPUSecond: Int?
  public var trace: TraceID
  /// When it was asked for, by the submitter's clock: what people are shown, and what orders the list. The contract
  /// goes by the time of the entry.
  public var submittedMilliseconds: Int64
  /// Makes two submissions of one file two tasks, and one resent submission one task.
  public var nonce: String

  public struct Timeouts: Codable, Hashable, Sendable {
    /// For a round to open, when none is.
    public var negotiateMilliseconds: Int
    /// That a subtask may wait without anybody taking it.
    public var queueMilliseconds: Int
    /// For one attempt's run.
    public var executeMilliseconds: Int
    /// For the whole task.
    public var totalMilliseconds: Int

    public init(
      negotiateMilliseconds: Int, queueMilliseconds: Int, executeMilliseconds: Int, totalMilliseconds: Int
    ) {
      self.negotiateMilliseconds = negotiateMilliseconds
      self.queueMilliseconds = queueMilliseconds
      self.executeMilliseconds = executeMilliseconds
      self.totalMilliseconds = totalMilliseconds
    }
  }

  public init(
    name: String, kind: String, labels: [String: String], specification: ObjectReference, subtaskCount: Int,
    reduces: Bool, needs: Amounts, reduceNeeds: Amounts, adapter: String?, timeouts: Timeouts, attemptLimit: Int,
    priority: Int, priceLimitMicroPerCPUSecond: Int?, trace: TraceID,
    submittedMilliseconds: Int64, nonce: String
  ) {
    self.name = name
    self.kind = kind
    self.labels = labels
    self.specification = specification
    self.subtaskCount = subtaskCount
    self.reduces = reduces
    self.needs = needs
    self.reduceNeeds = reduceNeeds
    self.adapter = adapter
    self.timeouts = timeouts
    self.attemptLimit = attemptLimit
    self.priority = priority
    self.priceLimitMicroPerCPUSecond = priceLimitMicroPerCPUSecond
    self.trace = trace
    self.submittedMilliseconds = submittedMilliseconds
    self.nonce = nonce
  }

  /// All subtasks, the reducing one included.
  public var totalSubtasks: Int { subtaskCount + (reduces ? 1 : 0) }

  public func needs(ofSubtask index: Int) -> Amounts { index < subtaskCount ? needs : reduceNeeds }
}
