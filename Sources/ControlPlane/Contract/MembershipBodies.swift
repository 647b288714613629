public import Model

/// The coordinator of an open round asks one node whether it takes part, too (R7).
public struct MemberInvitation: StatementBody {
  public static let purpose = Purpose("member.invite")

  /// The coordinator's newest decided entry.
  public var after: Int
  public var charter: Charter
  public var contract: ContractDocument
  /// Members besides those of the first roster, so that whoever joins hears all of them.
  public var contacts: [NodeID]
  public var kind: String
  public var labels: [String: String]
  public var needs: Amounts
  /// Wall milliseconds of the coordinator.
  public var replyByMilliseconds: Int64
  /// Roster 1, whose members entry 1 is checked by.
  public var roster: Roster
  /// Under roster 1, as in entry 1: nobody else makes up a round.
  public var signatures: [SignedStatement]
  public var trace: TraceID

  public init(
    after: Int, charter: Charter, contract: ContractDocument, contacts: [NodeID], kind: String,
    labels: [String: String], needs: Amounts, replyByMilliseconds: Int64, roster: Roster,
    signatures: [SignedStatement], trace: TraceID
  ) {
    self.after = after
    self.charter = charter
    self.contract = contract
    self.contacts = contacts
    self.kind = kind
    self.labels = labels
    self.needs = needs
    self.replyByMilliseconds = replyByMilliseconds
    self.roster = roster
    self.signatures = signatures
    self.trace = trace
  }

  /// Whether all members of roster 1 signed for this contract.
  ///
  /// - Throws: `Violation`.
  public func checkFounding(_ id: CollaborationID) throws(Violation) {
    try CollaborationState.checkAgreement(
      Agreement(charter: charter, contract: contract, roster: roster, round: 1), signatures, id: id, Judge(entry: 1))
  }

  /// The same question as a round that is not open yet asks it.
  public var call: Call {
    Call(
      charter: charter, contract: contract, kind: kind, labels: labels, needs: needs,
      replyByMilliseconds: replyByMilliseconds, trace: trace)
  }
}

/// A node wants to be a member under a contract, and says as what.
public struct JoinRequest: StatementBody {
  public static let purpose = Purpose("member.join")

  /// A decided entry that it knows of: what it asked for before it left is no request any more.
  public var after: Int
  /// The contract's hash.
  public var contract: Digest
  public var member: RosterMember

  public init(after: Int, contract: Digest, member: RosterMember) {
    self.after = after
    self.contract = contract
    self.member = member
  }
}

/// A node does not want to be a member.
public struct InvitationDeclined: StatementBody {
  public static let purpose = Purpose("member.decline")

  public var code: DeclineCode
  public var text: String

  public init(code: DeclineCode, text: String) {
    self.code = code
    self.text = text
  }
}

/// A member wants to leave once what it has taken on is done or planned again.
public struct LeaveRequest: StatementBody {
  public static let purpose = Purpose("member.leave")
  /// The longest reason, in characters.
  public static let reasonLimit = 200

  /// The newest decided entry that it knows of.
  public var after: Int
  public var reason: String

  public init(after: Int, reason: String) {
    self.after = after
    self.reason = String(reason.prefix(Self.reasonLimit))
  }
}

/// A node is a member from here on: it holds the ledger and gets work. It votes once it has caught up.
public struct MemberJoined: EntryBody {
  public static let kind = "member.joined"

  public var member: RosterMember
  /// Its signed `JoinRequest` for this very member.
  public var request: SignedStatement
  /// Of the roster from here on.
  public var version: Int

  public init(member: RosterMember, request: SignedStatement, version: Int) {
    self.member = member
    self.request = request
    self.version = version
  }
}

/// A member takes nothing new from here on.
public struct MemberLeaving: EntryBody {
  public static let kind = "member.leaving"

  public var node: NodeID
  /// Its signed `LeaveRequest`.
  public var request: SignedStatement

  public init(node: NodeID, request: SignedStatement) {
    self.node = node
    self.request = request
  }
}

/// A leaving member has nothing left to do and no vote any more.
public struct MemberLeft: EntryBody {
  public static let kind = "member.left"

  public var node: NodeID
  public var version: Int

  public init(node: NodeID, version: Int) {
    self.node = node
    self.version = version
  }
}

/// Voters and the next ones decide together from this entry on.
public struct VotersChanging: EntryBody {
  public static let kind = "voters.changing"

  public var configuration: Configuration

  public init(configuration: Configuration) {
    self.configuration = configuration
  }
}

/// The next voters decide alone from this entry on.
public struct VotersChanged: EntryBody {
  public static let kind = "voters.changed"

  public var configuration: Configuration
  /// The commit certificate of an entry under the joint configuration. It is consensus that checks it.
  public var decided: JSON

  public init(configuration: Configuration, decided: JSON) {
    self.configuration = configuration
    self.decided = decided
  }
}
