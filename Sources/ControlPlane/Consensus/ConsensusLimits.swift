/// The bounds of consensus, in one place.
public enum ConsensusLimits {
  /// The largest batch that a coordinator signs, in bytes of entries: half of what is allowed, so that entries,
  /// proposal and framing always fit one message.
  public static let batchByteCount = 512 * 1_024
  /// Batches proposed and not decided: what comes meanwhile makes the next one larger.
  public static let proposalsInFlight = 4
  /// Entries and messages sent to a member beyond what it holds.
  public static let entriesInFlight = 1_024
  public static let messagesInFlight = 8
  /// The most entries and bytes in one message.
  public static let messageEntryCount = 256
  public static let messageByteCount = 1_024 * 1_024
  /// Segments that a member holds before they are stored.
  public static let pendingSegments = 16
  /// Of those that each member but the coordinator may send.
  public static let pendingSegmentsOfOthers = 2
  /// Terms that begin in one segment, and as many changes of members: each may hold a quorum of signatures to check.
  public static let proofsPerSegment = 64
  /// Entries above the last decision beyond which a coordinator proposes no more.
  public static let undecidedEntries = 1_024
  /// A member that tells no progress for so long gets again what it does not hold.
  public static let resendAfter = Duration.seconds(5)
  /// A member is sent again what it was sent already once in so long at most.
  public static let resumeInterval = Duration.seconds(1)
  /// Requests of one member that are served in a second.
  public static let requestsPerSecond = 32
  /// Messages of one sender whose signatures are being checked.
  public static let checksPerSender = 64
  /// Terms above the own one for which pre-votes and calls are remembered.
  public static let termsAhead = 4
  /// Terms end far below what a statement can hold: one that is near it was made up.
  public static let highestTerm = 1 << 50
  /// The longest document of a message, in bytes: credentials hold four certificates.
  public static let documentByteLimit = 256 * 1_024
  /// How long a start waits for more than a quorum to say where it stands, in timeouts.
  public static let wakingTimeouts = 3
  /// How many entries after a member has left it may still be told that this is decided.
  public static let departureEntries = 1_024
  /// How much more seldom signs of life come while nothing is under way.
  public static let quietFactor = 10
  /// How often those who follow a public ledger and lag behind are told again what is decided.
  public static let watchInterval = Duration.seconds(3)
}
