internal import Ledger
internal import Model

/// Where a candidate stands, and under which voters: those at the place that it proved.
struct Candidacy: Hashable, Sendable {
  let position: Position
  let configuration: Digest
}

/// What a member knows of the coordinator's health and of the election that runs; none of it survives a restart, and
/// none of it needs to.
struct Election: Sendable {
  /// When the coordinator was heard last, and how long to wait for it from then on.
  private(set) var heardAt: Moment
  private var patience: Duration = .zero
  /// When the overlay last said that the coordinator is gone.
  private var lostAt: Moment?
  /// The coordinator signed what it may not.
  var hasMisbehaved = false
  /// Since when something that was proposed waits for its decision.
  private var undecidedSince: Moment?
  /// Terms in a row that decided nothing.
  private(set) var barrenTerms = 0

  /// When the promised term was entered, while it has no coordinator.
  private(set) var enteredAt: Moment?
  /// Terms entered in a row without an outcome.
  private(set) var attempts = 0
  /// The highest position that anybody proved: who stands should have it.
  private(set) var goal: Position?
  /// Who proved it, and so should have its entries.
  private(set) var goalHolder: NodeID?
  /// Why the office was left first, until somebody holds it again: votes that come to nothing do not change that.
  var cause: TermCause?

  // By the term to be entered.
  var preVotes: [Int: [NodeID: SignedStatement]] = [:]
  var calls: [Int: [NodeID: SignedStatement]] = [:]
  /// When each member's call last counted.
  var countedCalls: [NodeID: Moment] = [:]
  /// This node's pre-vote, under the voters whom it knew then, and when it was sent last.
  var preVote: (term: Int, configuration: Digest, signed: SignedStatement?, sentAt: Moment)?

  // In the promised term.
  var candidacies: [NodeID: Candidacy] = [:]
  var votes: [Position: [NodeID: SignedStatement]] = [:]
  var newestVote: (vote: Vote, signed: SignedStatement)?
  /// Where this node stood last, and when it said so.
  var stood: (position: Position, at: Moment)?
  /// All positions at which it stood in this term, each a certificate that it held, with their voters.
  var stoodAt: [Position: Digest] = [:]

  init(heardAt: Moment) { self.heardAt = heardAt }

  // MARK: The coordinator's health

  mutating func hears(at moment: Moment, _ random: inout Random, _ rules: ElectionRules) {
    heardAt = moment
    patience = Self.patience(&random, rules)
    preVotes = [:]
  }

  /// From when on signs of life are expected often.
  private var livelySince: Moment?
  private var wasQuiet = true

  mutating func notes(isQuiet: Bool, at moment: Moment) {
    if wasQuiet, !isQuiet { livelySince = moment }
    wasQuiet = isQuiet
  }

  mutating func losesCoordinator(at moment: Moment) { lostAt = moment }

  /// The timeout, a fifth more or less, so that not all act at once.
  private static func patience(_ random: inout Random, _ rules: ElectionRules) -> Duration {
    rules.timeout * Int.random(in: 800...1_200, using: &random) / 1_000
  }

  mutating func holdsUndecided(since moment: Moment) {
    if undecidedSince == nil { undecidedSince = moment }
  }

  /// Something was decided; a term's own opening alone brings nobody further.
  mutating func progresses(isWork: Bool) {
    undecidedSince = nil
    if isWork { barrenTerms = 0 }
  }

  /// Why the coordinator should be replaced; nil while it should not.
  func suspicion(
    at moment: Moment, requestSince: Moment?, isQuiet: Bool, _ rules: ElectionRules
  ) -> (TermCause.Kind, String)? {
    if hasMisbehaved { return (.misbehaved, "it signed what it may not") }
    let silence = moment.uptime - heardAt.uptime
    if lostAt.map({ $0.uptime > heardAt.uptime }) ?? false, silence > patience {
      return (.lost, "the overlay holds it for gone")
    }
    if isUnheard(at: moment, isQuiet: isQuiet) {
      return (.lost, "nothing was heard of it for \(silence.milliseconds) ms")
    }
    let deadline = rules.requestDeadline * (1 << min(barrenTerms, 6))
    for since in [requestSince, undecidedSince].compactMap({ $0 }) {
      // A new coordinator has its time as well.
      let waited = moment.uptime - max(since.uptime, termSince?.uptime ?? .zero)
      if waited > deadline { return (.idle, "a request waits for its decision for \(waited.milliseconds) ms") }
    }
    return nil
  }

  /// Whether the coordinator was silent for longer than it may be.
  private func isUnheard(at moment: Moment, isQuiet: Bool) -> Bool {
    let silence = moment.uptime - heardAt.uptime
    if isQuiet { return silence > patience * ConsensusLimits.quietFactor }
    return min(silence, moment.uptime - (livelySince?.uptime ?? heardAt.uptime)) > patience
  }

  /// Since when nobody is heard that coordinates; nil while somebody is.
  func leaderlessSince(at moment: Moment, isQuiet: Bool) -> Moment? {
    enteredAt != nil || isUnheard(at: moment, isQuiet: isQuiet) ? heardAt : nil
  }

  /// When the term in office was adopted here.
  private var termSince: Moment?

  // MARK: The election

  /// A term without a coordinator begins.
  mutating func enter(at moment: Moment) {
    enteredAt = moment
    attempts += 1
    clearTerm()
  }

  /// A term has a coordinator.
  mutating func ends(at moment: Moment) {
    enteredAt = nil
    attempts = 0
    cause = nil
    hasMisbehaved = false
    termSince = moment
    undecidedSince = nil
    barrenTerms += 1
    clearTerm()
  }

  private mutating func clearTerm() {
    candidacies = [:]
    votes = [:]
    newestVote = nil
    stood = nil
    stoodAt = [:]
  }

  /// Forgets what is said for terms that were entered.
  mutating func forget(through term: Int) {
    preVotes = preVotes.filter { $0.key > term }
    calls = calls.filter { $0.key > term }
    if let known = preVote, known.term <= term { preVote = nil }
  }

  mutating func aims(at position: Position, shownBy node: NodeID) {
    if goal.map({ position > $0 }) ?? true { (goal, goalHolder) = (position, node) }
  }

  /// How long to wait for each candidate that stands before another: longer with each vote that came to nothing, since
  /// votes split where machines are slower than that.
  func stagger(_ rules: ElectionRules) -> Duration { rules.stagger * (1 << min(max(attempts - 1, 0), 3)) }

  /// How long a term may be without a coordinator: longer with each one that came to nothing.
  private var electionPatience: Duration { patience * (1 << min(max(attempts - 1, 0), 3)) }

  func isOverdue(at moment: Moment) -> Bool {
    enteredAt.map { moment.uptime - $0.uptime > electionPatience } ?? false
  }

  /// Whoever waited for better candidates, or for missing entries, for half of that time acts with what there is.
  func isHalfOver(at moment: Moment) -> Bool {
    enteredAt.map { moment.uptime - $0.uptime > electionPatience / 2 } ?? false
  }
}
