/// The voters of a ledger from some place on, with the key epochs that speak for them, and the quorum rule. Its hash
/// stands in every entry and every consensus statement.
///
/// While voters change, both the old and the next ones are asked: a joint configuration, whose quorums are quorums of each.
public struct Configuration: Hashable, Sendable {
  public struct Voter: Codable, Hashable, Sendable {
    public let epoch: Int
    public let node: NodeID

    public init(node: NodeID, epoch: Int) {
      self.epoch = epoch
      self.node = node
    }
  }

  /// The most voters of a configuration.
  public static let voterLimit = 31

  /// By node id, each once.
  public let voters: [Voter]
  /// Of a joint configuration those that come after; by node id, each once.
  public let next: [Voter]?
  /// SHA-256 over the canonical form (docs/formats.md).
  public let hash: Digest

  /// - Throws: `ConfigurationError` for no voter or over `voterLimit`, for one that stands twice, for an epoch below 1.
  public init(voters: [Voter], next: [Voter]? = nil) throws(ConfigurationError) {
    self.voters = try Self.ordered(voters)
    self.next = try next.map { voters throws(ConfigurationError) in try Self.ordered(voters) }
    let document = Document(next: self.next, quorum: Self.rule(of: self.voters.count), voters: self.voters)
    do {
      hash = Digest(of: try CanonicalJSON.encode(document))
    } catch {
      throw .unwritable("\(error)")
    }
  }

  private static func ordered(_ voters: [Voter]) throws(ConfigurationError) -> [Voter] {
    guard (1...voterLimit).contains(voters.count) else { throw .count(voters.count) }
    let ordered = voters.sorted { $0.node < $1.node }
    for (before, after) in zip(ordered, ordered.dropFirst()) where before.node == after.node {
      throw .repeated(after.node)
    }
    for voter in ordered where voter.epoch < 1 || Int64(voter.epoch) > JSON.integerLimit {
      throw .epoch(voter.node, voter.epoch)
    }
    return ordered
  }

  // MARK: Quorums

  /// How many of `count` voters may lie without breaking agreement: none up to three, where a majority decides that is
  /// safe against crashes and only accountable against liars (design 5).
  public static func faultsTolerated(of count: Int) -> Int { count >= 4 ? (count - 1) / 3 : 0 }

  /// How many of `count` voters decide.
  public static func quorum(of count: Int) -> Int {
    count >= 4 ? (count + faultsTolerated(of: count)) / 2 + 1 : count / 2 + 1
  }

  private static func rule(of count: Int) -> String { count >= 4 ? "byzantine" : "majority" }

  /// Whether these nodes decide together, whoever else is among them.
  public func isQuorum(_ nodes: Set<NodeID>) -> Bool {
    Self.isQuorum(nodes, of: voters) && (next.map { Self.isQuorum(nodes, of: $0) } ?? true)
  }

  private static func isQuorum(_ nodes: Set<NodeID>, of voters: [Voter]) -> Bool {
    voters.count { nodes.contains($0.node) } >= quorum(of: voters.count)
  }

  /// How many votes are missing at least for a decision with only these nodes; 0 when they are a quorum.
  public func missing(from nodes: Set<NodeID>) -> Int {
    [voters, next ?? voters].map { voters in
      Self.quorum(of: voters.count) - voters.count { nodes.contains($0.node) }
    }.reduce(0) { max($0, $1) }
  }

  /// Voters of either side, by node id, each once.
  public var allVoters: [Voter] {
    guard let next else { return voters }
    let known = Set(voters.map(\.node))
    return (voters + next.filter { !known.contains($0.node) }).sorted { $0.node < $1.node }
  }

  /// - Returns: the epoch under which a voter signs; nil for who has no vote.
  public func epoch(of node: NodeID) -> Int? {
    (voters.first { $0.node == node } ?? next?.first { $0.node == node })?.epoch
  }

  public func hasVote(_ node: NodeID) -> Bool { epoch(of: node) != nil }
}

extension Configuration: Codable {
  /// As it stands in documents; `hash` is made from it.
  private struct Document: Codable {
    var next: [Voter]?
    var quorum: String
    var voters: [Voter]
  }

  public init(from decoder: any Decoder) throws {
    let document = try Document(from: decoder)
    try self.init(voters: document.voters, next: document.next)
    // The rule follows from the number of voters: another one, or another order, is not this configuration.
    guard document.quorum == Self.rule(of: voters.count), document.voters == voters, document.next == next else {
      throw ConfigurationError.unwritable("its quorum rule or the order of its voters is another")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    try Document(next: next, quorum: Self.rule(of: voters.count), voters: voters).encode(to: encoder)
  }
}

/// Why voters make no configuration.
public enum ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
  case count(Int)
  case repeated(NodeID)
  case epoch(NodeID, Int)
  case unwritable(String)

  public var description: String {
    switch self {
    case .count(let count): "\(count) voters; 1 to \(Configuration.voterLimit) are possible"
    case .repeated(let node): "voter \(node.short) stands twice"
    case .epoch(let node, let epoch): "voter \(node.short) has epoch \(epoch); epochs count from 1"
    case .unwritable(let reason): "a configuration that cannot be used: \(reason)"
    }
  }
}
