internal import Ledger
internal import Model

/// What a coordinator knows in its term; gone with the term.
struct Tenure: Sendable {
  var followers: [NodeID: FollowerProgress] = [:]
  var isSigningProposal = false
  /// Taken up again by a restart: until a quorum has said where it stands, this node may have been set back to an older
  /// copy of itself, and have proposed more than it remembers.
  var isResumed = false
  /// Others have proofs of this term that this node has lost: it does nothing more in it.
  var isSetBack = false
  /// Of batches that have no certificate yet, by their last entry.
  var acknowledgements: [Int: [NodeID: SignedStatement]] = [:]
  var confirmations: [Int: [NodeID: SignedStatement]] = [:]
  /// The newest prepare certificate of this term.
  var prepared: PrepareCertificate?
  /// The election that it rests on was shown to all.
  var isAnnounced = false
  var heartbeatAt: Moment?
  /// What the newest sign of life said: the next one is due at once when that is over.
  var wasQuiet = false
  /// Nothing is proposed until then: the office is being handed over.
  var transferringUntil: Moment?
  /// Who is to have it, and the person who said so, until the transfer is signed.
  var successor: (node: NodeID, person: String)?
}

/// What a coordinator knows about one member's copy.
struct FollowerProgress: Sendable {
  /// The member holds everything up to here: it signed so, or told so and its hash fits.
  private(set) var held = 0
  /// Sent up to here; never below `held`.
  private(set) var sent = 0
  /// The last entry of each message that the member does not hold yet.
  private var unanswered: [Int] = []
  /// The member has told where it stands on the current link.
  private(set) var isReady = false
  private var progressAt: Moment?
  /// When the member last got again what was sent already, and whether it has asked again since.
  private var resumedAt: Moment?
  private(set) var wantsResuming = false

  var hasRoom: Bool {
    sent - held < ConsensusLimits.entriesInFlight && unanswered.count < ConsensusLimits.messagesInFlight
  }

  /// A message up to `last` left.
  mutating func sends(through last: Int, at moment: Moment) {
    if unanswered.isEmpty { progressAt = moment }
    sent = last
    unanswered.append(last)
  }

  mutating func holds(_ number: Int, at moment: Moment) {
    guard number > held else { return }
    held = number
    sent = max(sent, number)
    unanswered.removeAll { $0 <= number }
    progressAt = moment
  }

  /// A new ledger is empty everywhere, so nobody needs to tell where it stands.
  mutating func isNew() { isReady = true }

  mutating func linkOpened() {
    isReady = false
    wantsResuming = false
  }

  mutating func linkClosed() { isReady = false }

  /// The member told that it holds the chain up to `number`: goes on from there; with what was sent already only once in
  /// a while, since to ask for it costs little and to send it much.
  mutating func resume(from number: Int, at moment: Moment) {
    if isReady, number >= sent { return holds(number, at: moment) }
    if isReady {
      holds(number, at: moment)
      if let resumedAt, moment.uptime - resumedAt.uptime < ConsensusLimits.resumeInterval {
        wantsResuming = true
        return
      }
      resumedAt = moment
    }
    wantsResuming = false
    isReady = true
    held = number
    sent = number
    unanswered = []
    progressAt = moment
  }

  mutating func resendIfStalled(at moment: Moment) {
    guard isReady, sent > held, let since = progressAt else { return }
    let patience = wantsResuming ? ConsensusLimits.resumeInterval : ConsensusLimits.resendAfter
    guard moment.uptime - since.uptime >= patience else { return }
    wantsResuming = false
    sent = held
    unanswered = []
    progressAt = moment
  }
}
