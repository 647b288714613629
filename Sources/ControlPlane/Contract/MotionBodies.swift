public import Model

/// What the members of a network decide about one node (R20).
public enum MotionAct: String, Codable, Hashable, Sendable {
  /// It may be a member of the network, also after it was revoked.
  case admit
  /// It is cut off: no node of the network speaks with it any more.
  case revoke
}

/// A member of the network's own collaboration proposes to let a node in, or to cut it off. Its id is its statement's.
public struct Motion: StatementBody {
  public static let purpose = Purpose("network.propose")
  /// The longest reason, in Unicode scalars, which every program counts alike.
  public static let reasonLimit = 200
  /// The longest name of a person, in bytes.
  public static let personLimit = 64
  /// How long a proposal may be voted on, in milliseconds: a week at most.
  public static let lifetimeLimitMilliseconds: Int64 = 7 * 24 * 3_600_000

  public var act: MotionAct
  /// The newest decided entry that its author knew: what was decided and forgotten cannot be said again.
  public var after: Int
  /// Wall milliseconds: no vote counts from then on.
  public var expiresMilliseconds: Int64
  public var person: String
  public var reason: String
  /// Whom it is about.
  public var subject: NodeID

  public init(
    act: MotionAct, after: Int, subject: NodeID, person: String, reason: String, expiresMilliseconds: Int64
  ) {
    self.act = act
    self.after = after
    self.expiresMilliseconds = expiresMilliseconds
    self.person = person
    self.reason = reason
    self.subject = subject
  }

  /// What is out of range; nil when all is within it.
  public var disorder: String? {
    if !(1...Self.personLimit).contains(person.utf8.count) { return "the person's name has 1 to 64 bytes" }
    if reason.isEmpty || reason.unicodeScalars.count > Self.reasonLimit {
      return "the reason has 1 to 200 characters"
    }
    return nil
  }
}

/// A voter's word on a proposal.
public struct MotionVote: StatementBody {
  public static let purpose = Purpose("network.vote")

  /// The proposal's statement.
  public var motion: StatementID
  public var person: String
  public var yes: Bool

  public init(motion: StatementID, yes: Bool, person: String) {
    self.motion = motion
    self.person = person
    self.yes = yes
  }
}

/// Entry: a proposal is open from here on. A proposer that has a vote has voted yes by it.
public struct MotionProposed: EntryBody {
  public static let kind = "network.proposed"

  /// A signed `Motion`.
  public var proposal: SignedStatement

  public init(proposal: SignedStatement) {
    self.proposal = proposal
  }
}

/// Entry: a vote on an open proposal.
public struct MotionVoted: EntryBody {
  public static let kind = "network.voted"

  /// A signed `MotionVote`.
  public var vote: SignedStatement

  public init(vote: SignedStatement) {
    self.vote = vote
  }
}

extension Charter {
  private static let nonceText = "JointCloud network collaboration v1\n"

  /// The charter of a network's own collaboration: every node of the network makes the same one, so its id is known
  /// before anything of it is.
  ///
  /// - Parameter founder: the first founder that the genesis names.
  public static func ofNetwork(_ network: NetworkID, founder: NodeID) -> Charter {
    Charter(founder: founder, name: "network", network: network, nonce: nonce(of: network))
  }

  /// Whether it founds a network's own collaboration.
  public var isOfNetwork: Bool { nonce == Self.nonce(of: network) && name == "network" && continues == nil }

  private static func nonce(of network: NetworkID) -> String {
    Digest(of: Array(nonceText.utf8) + network.digest.bytes).hexadecimal
  }
}

extension ContractDocument {
  /// The contract of a network's own collaboration: 20 members, 7 of whom vote.
  public static let ofNetwork: ContractDocument = {
    var contract = standard
    contract.name = "network"
    return contract
  }()
}
