public import Model

/// The body of a ledger entry of one kind.
public protocol EntryBody: Codable, Hashable, Sendable {
  /// Stands in the entry as `kind`.
  static var kind: String { get }
}

/// Entry 1: contract and roster 1, signed by every listed member over one hash (design 5, Membership).
public struct RoundOpened: EntryBody {
  public static let kind = "round.opened"

  public var charter: Charter
  /// Who votes, so that certificates can be checked from the ledger alone; follows from contract and roster.
  public var configuration: Configuration
  public var contract: ContractDocument
  public var coordinator: NodeID
  public var round: Int
  public var roster: Roster
  /// One `RosterSignature` of each member, by node id.
  public var signatures: [SignedStatement]
  /// Who was asked and what came of it, silence included (R4).
  public var negotiation: [NegotiationRecord]
  public var trace: TraceID

  public init(
    charter: Charter, configuration: Configuration, contract: ContractDocument, coordinator: NodeID, round: Int,
    roster: Roster, signatures: [SignedStatement], negotiation: [NegotiationRecord], trace: TraceID
  ) {
    self.charter = charter
    self.configuration = configuration
    self.contract = contract
    self.coordinator = coordinator
    self.round = round
    self.roster = roster
    self.signatures = signatures
    self.negotiation = negotiation
    self.trace = trace
  }
}

/// What one node answered to the call.
public struct NegotiationRecord: Codable, Hashable, Sendable {
  public enum Answer: String, Codable, Hashable, Sendable {
    case asked, joined, declined, countered, silent, refused, dropped
  }

  public var node: NodeID
  public var name: String
  public var answer: Answer
  /// A `DeclineCode`, or the admission condition that was not met; may be empty.
  public var code: String
  public var text: String
  /// Wall milliseconds of the coordinator when the answer came; 0 for none.
  public var timeMilliseconds: Int64

  public init(node: NodeID, name: String, answer: Answer, code: String, text: String, timeMilliseconds: Int64) {
    self.node = node
    self.name = name
    self.answer = answer
    self.code = code
    self.text = text
    self.timeMilliseconds = timeMilliseconds
  }
}

public struct TaskSubmitted: EntryBody {
  public static let kind = "task.submitted"

  /// A `Submission`, signed by its submitter; its id is the task's.
  public var submission: SignedStatement

  public init(submission: SignedStatement) {
    self.submission = submission
  }
}

/// A plan with its inputs and scores, so that anyone makes it again (R62).
public struct TaskPlanned: EntryBody {
  public static let kind = "task.planned"

  public struct Candidate: Codable, Hashable, Sendable {
    public var node: NodeID
    public var weightPPM: Int
    /// What the coordinator holds to be free there.
    public var free: Amounts
    /// Subtasks that fit side by side into what is free.
    public var fits: Int
    public var score: Int

    public init(node: NodeID, weightPPM: Int, free: Amounts, fits: Int, score: Int) {
      self.node = node
      self.weightPPM = weightPPM
      self.free = free
      self.fits = fits
      self.score = score
    }
  }

  public struct Filtered: Codable, Hashable, Sendable {
    public var node: NodeID
    public var constraint: String
    public var detail: String

    public init(node: NodeID, constraint: String, detail: String) {
      self.node = node
      self.constraint = constraint
      self.detail = detail
    }
  }

  public struct Choice: Codable, Hashable, Sendable {
    public var node: NodeID
    public var attempts: [AttemptRange]

    public init(node: NodeID, attempts: [AttemptRange]) {
      self.node = node
      self.attempts = attempts
    }
  }

  public var task: TaskID
  public var number: Int
  /// The plan that this one replaces; 0 for the first (R37).
  public var previous: Int
  public var cause: String
  public var strategy: String
  public var seed: Digest
  public var candidates: [Candidate]
  public var filtered: [Filtered]
  public var choices: [Choice]

  public init(
    task: TaskID, number: Int, previous: Int, cause: String, strategy: String, seed: Digest, candidates: [Candidate],
    filtered: [Filtered], choices: [Choice]
  ) {
    self.task = task
    self.number = number
    self.previous = previous
    self.cause = cause
    self.strategy = strategy
    self.seed = seed
    self.candidates = candidates
    self.filtered = filtered
    self.choices = choices
  }
}

/// An offer with its answer: what is accepted is assigned from here on, what is declined is free again.
public struct OfferAnswered: EntryBody {
  public static let kind = "offer.answered"

  public var offer: SignedStatement
  public var answer: SignedStatement

  public init(offer: SignedStatement, answer: SignedStatement) {
    self.offer = offer
    self.answer = answer
  }
}

/// An offer that nobody answered in time.
public struct OfferExpired: EntryBody {
  public static let kind = "offer.expired"

  public var offer: SignedStatement

  public init(offer: SignedStatement) {
    self.offer = offer
  }
}

public struct ResultsReported: EntryBody {
  public static let kind = "results.reported"

  public var report: SignedStatement

  public init(report: SignedStatement) {
    self.report = report
  }
}

/// Assigned attempts that will not be heard of: their participant failed, or the lease is over.
public struct AttemptsLost: EntryBody {
  public static let kind = "attempts.lost"

  public enum Cause: String, Codable, Hashable, Sendable {
    case participantFailed, leaseExpired, resultUnavailable
  }

  public var task: TaskID
  public var participant: NodeID
  public var attempts: [AttemptRange]
  public var cause: Cause

  public init(task: TaskID, participant: NodeID, attempts: [AttemptRange], cause: Cause) {
    self.task = task
    self.participant = participant
    self.attempts = attempts
    self.cause = cause
  }
}

public struct TaskEnded: EntryBody {
  public static let kind = "task.ended"

  public enum Outcome: String, Codable, Hashable, Sendable {
    case succeeded, failed, cancelled, unplaced
  }

  public var task: TaskID
  public var outcome: Outcome
  /// command, timeout, input ... for failed tasks; else empty.
  public var category: String
  public var reason: String

  public init(task: TaskID, outcome: Outcome, category: String, reason: String) {
    self.task = task
    self.outcome = outcome
    self.category = category
    self.reason = reason
  }
}

/// Entry: the digest of the state as the entry before leaves it. Every member checks it before it acknowledges it, so a
/// member that folds otherwise is found out within the contract's interval.
public struct StateDigested: EntryBody {
  public static let kind = "state.digested"

  public var digest: Digest

  public init(digest: Digest) {
    self.digest = digest
  }
}
