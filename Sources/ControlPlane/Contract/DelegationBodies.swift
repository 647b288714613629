public import Model

/// A member wants a virtual operator, a member that offers no resources, to coordinate, or wants it no more (R10). Its
/// vote, acks and confirms stay its own.
public struct Delegation: StatementBody {
  public static let purpose = Purpose("election.delegate")
  /// The longest reason, in Unicode scalars, which every program counts alike.
  public static let reasonLimit = 200
  /// The longest name of a person, in bytes.
  public static let personLimit = 256

  /// The newest decided entry that its author knew: one from before its last delegation is worth nothing any more.
  public var after: Int
  /// Who is to coordinate; nil withdraws what the author said before.
  public var agent: NodeID?
  public var person: String
  /// May be empty.
  public var reason: String

  public init(after: Int, agent: NodeID?, person: String, reason: String) {
    self.after = after
    self.agent = agent
    self.person = person
    self.reason = String(String.UnicodeScalarView(reason.unicodeScalars.prefix(Self.reasonLimit)))
  }

  /// What is out of range; nil when all is within it.
  public var disorder: String? {
    if !(1...Self.personLimit).contains(person.utf8.count) { return "the person's name has 1 to 256 bytes" }
    if reason.unicodeScalars.count > Self.reasonLimit { return "the reason has at most 200 characters" }
    return nil
  }
}

/// Entry: what a member delegates from here on.
public struct CoordinationDelegated: EntryBody {
  public static let kind = "election.delegated"

  /// A signed `Delegation`.
  public var delegation: SignedStatement

  public init(delegation: SignedStatement) {
    self.delegation = delegation
  }
}
