/// Every number of the overlay's behaviour.
public struct OverlayLimits: Hashable, Sendable {
  /// The largest frame before encryption, in bytes.
  public static let frameByteLimit = 1_024 * 1_024

  // MARK: Time

  /// How often facts that are over are taken out.
  public var expireInterval: Duration = .seconds(5)

  // MARK: Probing (SWIM 3.1, Lifeguard)

  /// Each member probes one other in this time.
  public var probeInterval: Duration = .seconds(1)
  /// After a start: between probes of members known from before, and in which time all are probed at most.
  public var confirmInterval: Duration = .milliseconds(50)
  public var confirmMost: Duration = .seconds(15)
  /// When other ways are tried, by the round trip; from then on these have `probeSecond`.
  public var probeFirstLeast: Duration = .milliseconds(150)
  public var probeFirstMost: Duration = .milliseconds(300)
  public var probeSecond: Duration = .milliseconds(400)
  public var indirectProbes = 3
  public var localHealthMost = 8
  /// For each so many members that came of late answers, and objections, have once more the usual time, and how many of
  /// them are forgotten in a second.
  public var arrivalsPerPatience = 8
  public var arrivalsForgottenPerSecond = 4.0
  /// How often this node objects at most.
  public var refutationPause: Duration = .milliseconds(500)
  /// How often being accused counts against this node's own health.
  public var accusedPause: Duration = .seconds(5)
  /// Streams that are opened for probes in a second.
  public var probeDials = 2
  /// A timer that comes so late shows that this process did not run.
  public var lateness: Duration = .milliseconds(200)
  /// How often a failed member is probed, one at a time.
  public var reviveInterval: Duration = .seconds(1)
  /// The same, for a while after one has come back.
  public var reviveBurst: Duration = .milliseconds(20)
  public var reviveBurstLength: Duration = .seconds(5)

  // MARK: Suspicion

  /// Accusers whom removal takes besides the first.
  public var confirmers = 3
  /// Members that may accuse, at first, in the order drawn for the accused.
  public var accuserCircle = 16
  /// The circles of those who look and who may accuse double this often.
  public var suspicionWidening: Duration = .seconds(1)
  /// How often suspects are looked at.
  public var suspicionLook: Duration = .milliseconds(200)
  /// How long a suspect has to object, in a network of up to 99; longer in larger ones.
  public var suspicionLeast: Duration = .milliseconds(900)
  /// For so long who has come holds the seed that it came through for no worse than suspected: where many come at once,
  /// that one is busy with all of them, and they know few others yet who could tell.
  public var introducerPatience: Duration = .seconds(15)
  /// After this a node believes what it saw itself, though too few others say so.
  public var suspicionMost: Duration = .seconds(30)
  /// Accusations of one accuser that are taken in a minute, its objections aside. Ten members who were cut off from a
  /// thousand find ten dead a second, and each signs some four of these.
  public var accusationsPerMinute = 600
  /// How old an accusation may be by the wall clock of who hears it.
  public var accusationLife: Duration = .seconds(60)
  /// Failed members that are explained to who opens a stream.
  public var explainedFailures = 256

  // MARK: Gossip

  public var gossipInterval: Duration = .milliseconds(100)
  public var gossipFanout = 3
  /// Datagrams to one node in one tick.
  public var gossipPackets = 8

  // MARK: Datagrams

  /// How long a datagram key is used.
  public var keyLife: Duration = .seconds(6 * 3_600)
  /// How long the one before is still understood.
  public var keyGrace: Duration = .seconds(60)
  public var greetingInterval: Duration = .seconds(1)
  /// Records from datagrams in clear that are being verified.
  public var greetingsUnderCheck = 64
  /// Checks of signatures under way, of statements and of rumours each.
  public var verifications = 4_096
  /// Rumours of one peer that are being verified.
  public var rumoursPerPeer = 256

  // MARK: Streams

  /// A stream on which something was said and nothing heard for this long is asked for a sign of life.
  public var pingAfter: Duration = .seconds(2)
  /// A stream that does not answer for this long is given up.
  public var silence: Duration = .seconds(5)
  /// A quiet stream is asked this often.
  public var quietPing: Duration = .seconds(60)
  /// A stream that nobody here wants is closed when it was quiet for this long.
  public var idleLink: Duration = .seconds(30)
  /// How often streams are looked at while there is something to wait for.
  public var tendInterval: Duration = .milliseconds(250)
  public var tendLeast: Duration = .milliseconds(10)
  /// The same when nothing is.
  public var quietTendInterval: Duration = .seconds(10)
  public var dialTimeout: Duration = .seconds(8)
  /// The first wait before a node is dialled again; doubled each time, with jitter of a quarter either way.
  public var redialFirst: Duration = .milliseconds(250)
  public var redialMost: Duration = .seconds(10)
  /// The node with the higher id leaves the other this long to dial first.
  public var dialCourtesy: Duration = .milliseconds(700)
  /// A stream that the peer closes sooner than this was refused.
  public var refusalPatience: Duration = .seconds(2)
  public var links = 128
  /// Dials under way.
  public var dials = 32

  // MARK: Broadcast

  /// Neighbours are chosen anew once who is present has not changed for this long, or has changed for the other.
  public var neighbourDelay: Duration = .milliseconds(300)
  public var neighbourDelayMost: Duration = .milliseconds(1_200)
  /// How long who has just come gets facts from whom it came through.
  public var newcomerGrace: Duration = .seconds(10)
  /// Larger statements are announced, and fetched by who lacks them.
  public var pushByteLimit = 1_024
  /// What comes within this long of an announcement is announced together, after it.
  public var announceInterval: Duration = .milliseconds(20)
  /// So many do not wait for more.
  public var announceBatch = 1_024
  /// How long a fact that was announced beside the tree may take to come along it.
  public var lazyPatience: Duration = .milliseconds(150)
  /// Ways that are opened at a time for what came late: one may be in vain; all at once would bring it all six times.
  public var graftsPerLook = 2
  /// How often one other member is asked whether it holds the same facts.
  public var compareInterval: Duration = .seconds(10)
  /// The same after many facts came at once.
  public var compareSoon: Duration = .seconds(1)
  /// How many facts are many.
  public var burst = 32
  /// How long the next of asked-for facts may take before others are asked for what is missing, and how long all may.
  public var factPatience: Duration = .seconds(2)
  public var answerPatience: Duration = .seconds(10)
  /// The longest validity of a fact.
  public var factLifetime: Duration = .seconds(24 * 3_600)
  /// How far an author's clock may be ahead.
  public var clockTolerance: Duration = .seconds(60)
  /// How long a fact's id is remembered past its expiry.
  public var factMemory: Duration = .seconds(3_600)
  /// How long what was refused is not fetched again, at first and at most, and how many ids are kept for that.
  public var refusalMemory: Duration = .seconds(60)
  public var refusalMemoryMost: Duration = .seconds(64 * 60)
  public var refusedFacts = 8_192
  /// Comparisons that a peer brings about, on however many streams: so many at once, and one more each `comparePause`.
  public var compareBurst = 16
  public var comparePause: Duration = .milliseconds(500)
  public var members = 4_096
  public var facts = 4_096
  /// Facts of one author that are held at a time, so that nobody fills the shelf for all.
  public var factsPerAuthor = 512
  public var factBytes = 64 * 1_024 * 1_024
  public var factBytesPerAuthor = 8 * 1_024 * 1_024
  public var rememberedFacts = 65_536
  /// Facts of one author that are taken in a minute.
  public var factsPerAuthorMinute = 1_200
  /// New records of one member that are taken in a minute, from whomever they come.
  public var recordsPerMemberMinute = 60
  /// Facts that are known by their id only, and those that one stream told of.
  public var wantedFacts = 65_536
  public var wantedFactsPerLink = 8_193
  /// Facts asked for, or sent, at a time.
  public var factBatch = 64
  public var factBatchBytes = 512 * 1_024
  /// What a peer gets of facts that it asks for: so many KiB at once, a full shelf and the records of all members, and one
  /// more each pause (1 MiB a second).
  public var fetchBurstKiB = 96 * 1_024
  public var fetchPausePerKiB: Duration = .microseconds(977)
  /// Streams that are remembered for having brought what is being verified.
  public var linksRemembered = 8
  /// Statements of one peer that await verification.
  public var verificationsPerPeer = 512

  /// How often people hear at most of two processes with one key, of who is kept out, and of who keeps this node out; and
  /// how often the other process with this node's key is dialled.
  public var noticePause: Duration = .seconds(10)
  /// How often people hear of one node that is kept out, or of one that refuses this one, for one reason.
  public var noticeRepetition: Duration = .seconds(3_600)
  /// After so many dials in vain the other process is held to have gone.
  public var rivalDials = 2
  /// How long people are told that it, a member that runs twice, or who kept this node out was met.
  public var encounterMemory: Duration = .seconds(60)

  // MARK: Direct delivery

  /// How often an unanswered direct statement is sent again.
  public var directRetry: Duration = .seconds(4)
  /// The longest wait for the answer to a direct statement.
  public var directLifetime: Duration = .seconds(24 * 3_600)
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
