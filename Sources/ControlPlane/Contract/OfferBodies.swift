public import Model

/// Consecutive subtasks at the same try. Written `[first, count, number]`.
public struct AttemptRange: Codable, Hashable, Sendable {
  public var first: Int
  public var count: Int
  /// The try's number, from 1.
  public var number: Int

  public init(first: Int, count: Int, number: Int) {
    self.first = first
    self.count = count
    self.number = number
  }

  public var subtasks: Range<Int> { first..<(first + count) }

  public func attempts(of task: TaskID) -> [AttemptID] {
    subtasks.map { AttemptID(task: task, subtask: $0, number: number) }
  }

  public init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    first = try container.decode(Int.self)
    count = try container.decode(Int.self)
    number = try container.decode(Int.self)
    let limit = 1 << 31
    guard container.isAtEnd, (0..<limit).contains(first), (1..<limit).contains(count), (1..<limit).contains(number)
    else { throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected [first, count, number]") }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    try container.encode(first)
    try container.encode(count)
    try container.encode(number)
  }

  /// The shortest list of ranges that holds exactly these attempts, ascending.
  public static func ranges(of attempts: [AttemptID]) -> [AttemptRange] {
    var out: [AttemptRange] = []
    for attempt in attempts.sorted() {
      if let last = out.last, last.number == attempt.number, last.first + last.count == attempt.subtask {
        out[out.count - 1].count += 1
      } else {
        out.append(AttemptRange(first: attempt.subtask, count: 1, number: attempt.number))
      }
    }
    return out
  }

  /// How many attempts the ranges hold.
  public static func count(_ ranges: [AttemptRange]) -> Int { ranges.reduce(0) { $0 + $1.count } }
}

/// The coordinator asks one participant to run subtasks.
public struct Offer: StatementBody {
  public static let purpose = Purpose("offer")

  public var task: TaskID
  /// Whom it asks: nobody else can answer it, or be charged for silence.
  public var participant: NodeID
  public var attempts: [AttemptRange]
  public var priceMicroPerCPUSecond: Int
  /// Wall milliseconds of the coordinator: unanswered by then, it lapses.
  public var expiresMilliseconds: Int64
  /// How long an accepted attempt may take from its assignment until it is reported.
  public var leaseMilliseconds: Int
  /// The ledger entry of the plan behind it, which a participant must hold before it can judge.
  public var plan: Int
  /// The coordinator's: an offer of an older term binds nobody (R15).
  public var term: Int
  public var trace: TraceID

  public init(
    task: TaskID, participant: NodeID, attempts: [AttemptRange], priceMicroPerCPUSecond: Int,
    expiresMilliseconds: Int64, leaseMilliseconds: Int, plan: Int, term: Int, trace: TraceID
  ) {
    self.task = task
    self.participant = participant
    self.attempts = attempts
    self.priceMicroPerCPUSecond = priceMicroPerCPUSecond
    self.expiresMilliseconds = expiresMilliseconds
    self.leaseMilliseconds = leaseMilliseconds
    self.plan = plan
    self.term = term
    self.trace = trace
  }
}

/// A participant's answer to all of an offer: what it takes, what it does not and why.
public struct OfferAnswer: StatementBody {
  public static let purpose = Purpose("offer.answer")

  public struct Decline: Codable, Hashable, Sendable {
    public var attempts: [AttemptRange]
    public var code: DeclineCode
    public var text: String
    public var retryAfterMilliseconds: Int?

    public init(attempts: [AttemptRange], code: DeclineCode, text: String, retryAfterMilliseconds: Int?) {
      self.attempts = attempts
      self.code = code
      self.text = text
      self.retryAfterMilliseconds = retryAfterMilliseconds
    }
  }

  public var offer: OfferID
  public var task: TaskID
  public var accepted: [AttemptRange]
  public var declined: [Decline]
  public var trace: TraceID

  public init(offer: OfferID, task: TaskID, accepted: [AttemptRange], declined: [Decline], trace: TraceID) {
    self.offer = offer
    self.task = task
    self.accepted = accepted
    self.declined = declined
    self.trace = trace
  }
}
