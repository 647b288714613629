/// Every number of the overlay's behaviour. Times are set for a local network of up to 20 nodes.
public struct OverlayLimits: Hashable, Sendable {
  /// The largest frame before encryption, in bytes.
  public static let frameByteLimit = 1_024 * 1_024

  /// How often the overlay looks at what is due, at most and, when nothing is, at least.
  public var pulse: Duration = .milliseconds(200)
  public var quietPulse: Duration = .seconds(1)
  /// A linked peer silent for this long is asked for a sign of life.
  public var pingInterval: Duration = .seconds(1)
  /// A linked peer silent for this long loses its link.
  public var silence: Duration = .seconds(3)
  /// From losing the link to being failed.
  public var suspicion: Duration = .seconds(2)
  public var dialTimeout: Duration = .seconds(8)
  /// The first wait before a node is dialled again; doubled each time, with jitter of a quarter either way.
  public var redialFirst: Duration = .milliseconds(250)
  public var redialMost: Duration = .seconds(10)
  /// The node with the higher id leaves the other this long to dial first.
  public var dialCourtesy: Duration = .milliseconds(700)
  /// How often linked peers compare which facts they hold.
  public var digestInterval: Duration = .seconds(10)
  /// How long an asked-for fact may take before it is asked for again.
  public var factPatience: Duration = .seconds(2)
  /// The longest validity of a fact.
  public var factLifetime: Duration = .seconds(24 * 3_600)
  /// How long a fact's id is remembered past its expiry.
  public var factMemory: Duration = .seconds(3_600)
  /// How often an unanswered direct statement is sent again.
  public var directRetry: Duration = .seconds(4)
  /// The longest wait for the answer to a direct statement.
  public var directLifetime: Duration = .seconds(24 * 3_600)

  public var links = 64
  public var members = 256
  public var facts = 4_096
  /// Facts of one author that are held at a time, so that nobody fills the shelf for all.
  public var factsPerAuthor = 512
  public var rememberedFacts = 65_536
  /// Facts of one author that are taken in a minute.
  public var factsPerAuthorMinute = 1_200
  /// Facts asked for, or sent, at a time.
  public var factBatch = 64
  public var factBatchBytes = 512 * 1_024
  /// Statements of one peer that await verification.
  public var verificationsPerPeer = 512
  /// Direct statements to one peer that await an answer or their turn.
  public var directsPerPeer = 8_192
  /// Direct statements to one peer that are under way at a time.
  public var directsInFlight = 256
  public var directBytesInFlight = 2 * 1_024 * 1_024
  /// Direct statements from one peer that the engine has not settled.
  public var unsettledPerPeer = 2_048
  public var rememberedOutcomes = 16_384
  /// Bad frames after which a peer's link is closed.
  public var badFrames = 8

  public init() {}
}
