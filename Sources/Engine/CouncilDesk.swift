internal import Contract
internal import Model
internal import Overlay

/// What a node holds of the network's own collaboration beside its ledger (R20).
struct CouncilDesk: Sendable {
  /// A proposal or a vote of a person here, until it stands on the ledger or is worth nothing any more.
  struct Waiting: Sendable {
    var statement: Statement
    /// Wall milliseconds.
    var expiresMilliseconds: Int64

    init(statement: Statement, expiresMilliseconds: Int64) {
      self.statement = statement
      self.expiresMilliseconds = expiresMilliseconds
    }

    /// From the disk: a vote's time is the proposal's, which its ledger knows.
    init(restored statement: Statement) {
      self.statement = statement
      expiresMilliseconds = (try? statement.decode(Motion.self))?.expiresMilliseconds ?? .max
    }
  }

  /// Proposals and votes that wait here at one time.
  static let waitingLimit = 64
  /// How often it is looked after while there is nothing to wait for.
  static let interval = Duration.milliseconds(500)
  /// How long a proposal may be voted on.
  static let motionMilliseconds: Int64 = 24 * 3_600_000
  /// How long a vote is worth saying again.
  static let voteMilliseconds: Int64 = 60_000
  /// How long the founder listens for what it may have founded before.
  static let listening = Duration.seconds(1)
  static let listeningToOthers = Duration.seconds(30)
  static let joinInterval = Duration.seconds(5)

  let charter: Charter
  let id: CollaborationID
  var waiting: [StatementID: Waiting] = [:]
  /// Uptimes.
  var beganAt: Duration?
  var joinAskedAt: Duration?
  /// How often this node looked for room on the roster: who stands before it may never ask.
  var joinLooks = 0
  var lastAsked: NodeID?
  var isFounding = false

  static func key(_ id: StatementID) -> String { "motion/\(id.hexadecimal)" }

  /// - Returns: nil in a network that decides nothing by vote.
  init?(_ identity: LocalIdentity) {
    guard identity.genesis.admission.vote, let key = identity.genesis.founders.first else { return nil }
    charter = Charter.ofNetwork(identity.network, founder: NodeID(rootKey: key))
    guard let id = try? charter.id() else { return nil }
    self.id = id
  }
}
