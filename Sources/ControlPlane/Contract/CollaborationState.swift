public import Model

/// A collaboration as its ledger makes it: contract, roster, weights, tasks. A pure fold: two nodes that apply
/// the same records hold the same value, and the first record that breaks a rule is refused (R5).
///
/// All that it stores stands in its form (`StateForm`), by its compiled coding; tasks in parts of their own (`TaskTable`).
public struct CollaborationState: Codable, Hashable, Sendable {
  public let id: CollaborationID
  public internal(set) var charter: Charter
  public internal(set) var contract: ContractDocument
  public internal(set) var contractHash: Digest
  public internal(set) var configuration: Configuration
  public internal(set) var coordinator: NodeID
  public internal(set) var term: Int
  /// Why each term but the first began, as its first entry says; the newest last, at most `termsKept`.
  public internal(set) var terms: [TermRecord] = []
  public internal(set) var round: Int
  public internal(set) var roster: Roster
  /// Roster 1, by which entry 1 is checked.
  public let foundingRoster: Roster
  public let foundingSignatures: [SignedStatement]
  /// Members that take nothing new and go once they have nothing left to do.
  @Ascending public internal(set) var leaving: Set<NodeID> = []
  /// Nodes that were members and left: they are not asked again, and may ask themselves.
  @Ascending public internal(set) var departed: Set<NodeID> = []
  /// The newest last, at most `rosterChangesKept`.
  public internal(set) var rosterChanges: [RosterChange] = []
  /// The newest entry about each node's membership since the round opened.
  var membershipEntries: [NodeID: Int] = [:]
  /// What each member said last about who should coordinate for it (R10).
  public internal(set) var delegations: [NodeID: DelegationRecord] = [:]
  /// Who has the delegation of a quorum, since somebody had it first.
  public internal(set) var agency: Agency?
  public internal(set) var weights: [NodeID: Weight]
  var table = TaskTable()
  public internal(set) var negotiation: [NegotiationRecord]
  /// Whom the members of the network's own collaboration let in and revoked; nil in any other collaboration.
  public internal(set) var council: Council?
  /// What is assigned to each member now.
  public internal(set) var committed: [NodeID: Amounts] = [:]
  public internal(set) var lastEntry: Int
  /// The newest entry that holds a digest of the state; 0 for none.
  public internal(set) var digestedEntry = 0
  public internal(set) var openedMilliseconds: Int64
  var keys: [NodeID: EpochCertificate]

  /// Opens the round from entry 1.
  ///
  /// - Throws: `Violation` when the agreement is not signed by exactly those listed, or anything in it does not fit.
  public init(id: CollaborationID, opening record: LedgerRecord) throws(Violation) {
    let judge = Judge(entry: record.number)
    try judge.require(record.number == 1 && record.term == 1, .order, "a round opens with entry 1 of term 1")
    let body = try judge.body(RoundOpened.self, record)
    try judge.require(
      try judge.canonical(body.charter.id) == id, .agreement, "the charter founds another collaboration")
    try judge.require(body.charter.continues?.isBounded ?? true, .limit, "what it continues is out of range")
    try judge.require(body.charter.founder == body.coordinator, .membership, "the founder coordinates term 1 (R2)")
    try judge.require(
      body.contract.rules == ContractDocument.rulesVersion, .agreement,
      "rules version \(body.contract.rules) is not known here")
    let problem = body.contract.disorder ?? body.roster.members.lazy.compactMap(\.disorder).first
    try judge.require(problem == nil, .limit, "\(problem ?? "") is out of range")
    let nodes = body.roster.members.map(\.node)
    try judge.require(
      zip(nodes, nodes.dropFirst()).allSatisfy { $0 < $1 } && body.roster.version == 1, .membership,
      "the roster is not version 1 in order of node ids, each once")
    try judge.require(nodes.contains(body.coordinator), .membership, "the coordinator is not on the roster")
    try judge.require(nodes.count <= body.contract.admission.membersAtMost, .limit, "\(nodes.count) members")
    for member in body.roster.members {
      let refusal = body.contract.refusal(of: member)
      try judge.require(refusal == nil, .membership, "\(member.name) \(refusal ?? "")")
    }
    try judge.require(
      body.configuration == (try judge.configuration(of: body)), .agreement,
      "the voters are not those whom contract and roster name")
    keys = try Self.keys(of: body.roster, judge)
    try Self.checkAgreement(
      Agreement(charter: body.charter, contract: body.contract, roster: body.roster, round: body.round),
      body.signatures, id: id, judge)
    self.id = id
    charter = body.charter
    contract = body.contract
    contractHash = try judge.canonical(body.contract.hash)
    configuration = try judge.configuration(of: body)
    coordinator = body.coordinator
    term = record.term
    round = body.round
    roster = body.roster
    foundingRoster = body.roster
    foundingSignatures = body.signatures
    weights = Dictionary(uniqueKeysWithValues: nodes.map { ($0, Weight(ppm: body.contract.weights.initialPPM)) })
    negotiation = body.negotiation
    lastEntry = record.number
    openedMilliseconds = record.timeMilliseconds
    council = body.charter.isOfNetwork ? Council() : nil
  }

  private static func keys(of roster: Roster, _ judge: Judge) throws(Violation) -> [NodeID: EpochCertificate] {
    var keys: [NodeID: EpochCertificate] = [:]
    for member in roster.members {
      do {
        let checked = try EpochCertificate(checking: member.certificate)
        try judge.require(checked.node == member.node, .membership, "\(member.name)'s certificate is another node's")
        keys[member.node] = checked
      } catch let violation as Violation {
        throw violation
      } catch {
        throw judge.violation(.signature, "\(member.name)'s certificate: \(error)")
      }
    }
    return keys
  }

  /// Checks that exactly the members of a roster signed an agreement, each under the key that its certificate names.
  static func checkAgreement(
    _ agreement: Agreement, _ signatures: [SignedStatement], id: CollaborationID, _ judge: Judge
  ) throws(Violation) {
    let keys = try keys(of: agreement.roster, judge)
    let expected = try judge.canonical(agreement.hash)
    try judge.require(
      signatures.map(\.statement.author) == agreement.roster.members.map(\.node), .agreement,
      "not signed by exactly the members, in order")
    for signed in signatures {
      try judge.require(
        (try? signed.statement.decode(RosterSignature.self))?.agreement == expected
          && signed.statement.collaboration == id,
        .agreement, "\(signed.statement.author.short) signed something else")
      try judge.require(
        keys[signed.statement.author]?.made(signed) == true, .signature, "\(signed.statement.author.short)")
    }
  }

  /// Takes the next record. After a throw the value is as it was.
  ///
  /// - Returns: what it changed of a task; nil when it is about none.
  /// - Throws: `Violation`.
  @discardableResult
  public mutating func apply(_ record: LedgerRecord) throws(Violation) -> TaskChange? {
    let judge = Judge(entry: record.number)
    try judge.require(record.number == lastEntry + 1, .order, "expected entry \(lastEntry + 1)")
    try judge.require(
      record.term == term || record.kind == TermRecord.kind, .order, "term \(record.term) began without an entry")
    let change: TaskChange? =
      switch record.kind {
      case MemberJoined.kind: try Self.aboutNoTask(memberJoined(record))
      case MemberLeaving.kind: try Self.aboutNoTask(memberLeaving(record))
      case MemberLeft.kind: try Self.aboutNoTask(memberLeft(record))
      case VotersChanging.kind: try Self.aboutNoTask(votersChanging(record))
      case VotersChanged.kind: try Self.aboutNoTask(votersChanged(record))
      case CoordinationDelegated.kind: try Self.aboutNoTask(coordinationDelegated(record))
      case MotionProposed.kind: try Self.aboutNoTask(motionProposed(record))
      case MotionVoted.kind: try Self.aboutNoTask(motionVoted(record))
      case StateDigested.kind: try Self.aboutNoTask(stateDigested(record))
      case TermRecord.kind: try termOpened(record)
      case TaskSubmitted.kind: try taskSubmitted(record)
      case TaskPlanned.kind: try taskPlanned(record)
      case OfferAnswered.kind: try offerAnswered(record)
      case OfferExpired.kind: try offerExpired(record)
      case ResultsReported.kind: try resultsReported(record)
      case AttemptsLost.kind: try attemptsLost(record)
      case TaskEnded.kind: try taskEnded(record)
      default: throw judge.violation(.kind, "'\(record.kind)' is no kind of entry of rules \(contract.rules)")
      }
    lastEntry = record.number
    if change == nil { settleAgency(record) }
    return change
  }

  private static func aboutNoTask(_: Void) -> TaskChange? { nil }

  public var tasks: [TaskID: TaskRecord] { table.records }
  /// In order of submission.
  public var taskOrder: [TaskID] { table.order }
  /// Those that are not over, in order of submission.
  public var openTaskIDs: [TaskID] { table.open }
  public var openTasks: Int { openTaskIDs.count }

  /// Whether a task may be added to those that are open.
  public func hasRoom(for submission: Submission) -> Bool {
    let open = openTaskIDs.reduce(0) { $0 + (tasks[$1]?.subtasks.count ?? 0) }
    return open + submission.totalSubtasks <= Submission.openSubtaskLimit
  }

  /// What the ledger leaves free at a member.
  public func free(_ node: NodeID) -> Amounts {
    (roster[node]?.total ?? .zero) - (committed[node] ?? .zero)
  }

  /// Whether a member's current key made a statement.
  public func made(_ signed: SignedStatement) -> Bool {
    keys[signed.statement.author]?.made(signed) == true && signed.statement.collaboration == id
  }
}

/// Says no with the entry's number.
struct Judge {
  let entry: Int

  func violation(_ rule: Violation.Rule, _ detail: String) -> Violation {
    Violation(entry: entry, rule: rule, detail: detail)
  }

  func require(_ holds: Bool, _ rule: Violation.Rule, _ detail: @autoclosure () -> String) throws(Violation) {
    if !holds { throw violation(rule, detail()) }
  }

  func body<Body: EntryBody>(_ type: Body.Type, _ record: LedgerRecord) throws(Violation) -> Body {
    guard record.kind == Body.kind else { throw violation(.kind, "expected \(Body.kind), found \(record.kind)") }
    do {
      return try CanonicalJSON.decode(type, from: record.body)
    } catch {
      throw violation(.malformed, String(describing: error))
    }
  }

  func statement<Body: StatementBody>(_ type: Body.Type, in signed: SignedStatement) throws(Violation) -> Body {
    do {
      return try signed.statement.decode(type)
    } catch {
      throw violation(.malformed, String(describing: error))
    }
  }

  /// The voters that follow from contract and roster.
  func configuration(of body: RoundOpened) throws(Violation) -> Configuration {
    do {
      return try body.roster.configuration(founder: body.coordinator, votersAtMost: body.contract.election.votersAtMost)
    } catch {
      throw violation(.membership, "\(error)")
    }
  }

  func canonical<Value>(_ make: () throws(JSONError) -> Value) throws(Violation) -> Value {
    do {
      return try make()
    } catch {
      throw violation(.malformed, error.description)
    }
  }
}
