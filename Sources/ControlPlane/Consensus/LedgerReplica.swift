internal import Ledger
internal import Model
internal import Sodium

/// One ledger at this node, in whichever role.
struct LedgerReplica: Sendable {
  /// What the chain says of its members and voters.
  var membership: Membership
  let rules: ElectionRules
  var chain: Chain
  /// From entry 1 without a gap; the last is the chain's head.
  var entries: [Entry] = []
  /// Signed, in order; together they cover entries 1 to `proposed`.
  var proposals: [SignedProposal]
  var durability: DurableState
  /// The newest, on its way to the disk or there.
  var ballot: Ballot
  /// The highest that this node holds, on its way to the disk or there.
  var prepared: PrepareCertificate?
  var decision: CommitCertificate?
  /// Certificates whose entries are not durable here yet; the highest of each.
  var waitingPrepared: PrepareCertificate?
  var waitingDecision: CommitCertificate?
  var tenure = Tenure()
  var following = Following()
  var election: Election
  /// Nothing is signed meanwhile.
  var waking: Waking?
  /// Whom this node prefers, the best first.
  var ranking: [NodeID] = []
  /// The oldest valid request that is not decided.
  var requestSince: Moment?
  /// Work or requests are under way, as the engine knows.
  var isBusy = false
  var isHalted = false
  /// Nodes that are no members follow it, too.
  var isPublic = false
  var watch = Watch()
  /// Bundles of signatures of each sender that are being checked.
  var checks: [NodeID: Int] = [:]

  var collaboration: CollaborationID { members.collaboration }
  /// The members after the chain's head.
  var members: MemberSet { membership.newest }
  /// What the next entry is decided by, unless it changes that itself.
  var configuration: Configuration { members.configuration }

  init(_ members: MemberSet, _ rules: ElectionRules, recovered: RecoveredChain?, desk: ReplicaDesk) {
    membership = Membership(members)
    self.rules = rules
    durability = DurableState(recovered: recovered)
    chain = Chain(members.collaboration)
    proposals = recovered?.proposals ?? []
    ballot = recovered?.ballot ?? Ballot()
    prepared = recovered?.prepared
    decision = recovered?.decision
    election = Election(heardAt: desk.now)
    // Storage checked the links of what it recovered.
    for entry in recovered?.entries ?? [] { add(entry) }
  }

  /// Takes an entry whose link to the head was checked.
  mutating func add(_ entry: Entry) {
    do {
      try chain.append(entry)
    } catch {
      preconditionFailure("a checked entry does not fit: \(error)")
    }
    do {
      try membership.take(MembershipChange(kind: entry.kind, body: entry.record.body), at: entry.number)
    } catch {
      preconditionFailure("a checked change of members does not hold: \(error)")
    }
    entries.append(entry)
    if entry.kind == TermOpened.kind, let opening = try? TermOpened(entry) {
      following.coordinators[entry.term] = opening.coordinator
    }
  }

  // MARK: Where it stands

  func entry(_ number: Int) -> Entry? {
    entries.indices.contains(number - 1) ? entries[number - 1] : nil
  }

  /// The hash at a place of the chain; at 0 the collaboration's id.
  func hash(at number: Int) -> Digest? { number == 0 ? collaboration.digest : entry(number)?.hash }

  /// The last proposed entry, in memory.
  var proposed: Int { proposals.last?.proposal.last ?? 0 }
  var decidedNumber: Int { decision?.body.number ?? 0 }

  /// The other members in the order of their ids.
  func others(_ desk: ReplicaDesk) -> [NodeID] {
    let members = members.members.map(\.node)
    let contacts = self.members.contacts.filter { !members.contains($0) }
    return (members + contacts + departing).filter { $0 != desk.own }
  }

  /// Who left and has not heard yet that this is decided.
  private var departing: [NodeID] {
    guard membership.hasDepartures else { return [] }
    return membership.departed.filter { node in membership.departure(of: node).map { isDeparting(node, $0) } ?? false }
  }

  /// Whether who left with an entry has not said that it knows this as decided, for so many entries.
  func isDeparting(_ node: NodeID, _ departure: Int) -> Bool {
    (following.standings[node]?.decided ?? 0) < departure
      && decidedNumber - departure < ConsensusLimits.departureEntries
  }

  /// Whether a node has a part in this ledger: a member, who is known to have joined, or who left.
  func knows(_ node: NodeID) -> Bool { members.knows(node) || membership.departure(of: node) != nil }

  /// Whether this node's word counts for the next entry.
  func hasVote(_ desk: ReplicaDesk) -> Bool { configuration.hasVote(desk.own) }

  /// Who elects: the voters at the place that this node would vote from. What was only proposed beyond it may be given up.
  var electorate: Configuration {
    credentials.configuration.flatMap { membership.configuration($0) } ?? membership.members(at: 1).configuration
  }

  /// What a member acknowledged or told.
  func heldNumber(by node: NodeID) -> Int {
    max(following.standings[node]?.number ?? 0, tenure.followers[node]?.held ?? 0)
  }

  // MARK: Office

  /// The term whose election this node acts upon; 1 needs none.
  var officeTerm: Int { ballot.office?.body.term ?? 1 }
  var coordinator: NodeID { ballot.office?.body.candidate ?? members.founder }
  /// An election runs: nobody is followed.
  var isElecting: Bool { ballot.promised > officeTerm }
  func isInOffice(_ desk: ReplicaDesk) -> Bool {
    coordinator == desk.own && !isElecting && !isHalted && !tenure.isSetBack
  }

  /// What the election of this term rests on.
  var base: Position { ballot.office?.body.base ?? .start(of: collaboration) }
  var hasBase: Bool { hash(at: base.number) == base.head }

  /// The highest position that this node holds a certificate for: it votes for nobody below (design 5).
  var lock: Position { credentials.position(in: collaboration) }

  var view: OfficeView {
    OfficeView(term: officeTerm, coordinator: coordinator, election: ballot.office, promised: ballot.promised)
  }

  var credentials: Credentials {
    Credentials(
      promised: ballot.promised, grounds: isElecting ? ballot.grounds : nil, office: ballot.office,
      prepared: prepared, decision: decision)
  }

  /// Nothing was ever promised or stored.
  var isBlank: Bool { entries.isEmpty && ballot == Ballot() }

  /// Nothing waits for a decision here. A request of which the coordinator may not know makes it say no more.
  var isQuiet: Bool { !isBusy && chain.number == decidedNumber && !isElecting }

  /// Whether signs of life come, or are expected, as often as the timeout asks for.
  var isLively: Bool {
    !isHalted && !isBlank && (!isQuiet || coordinatorIsBusy || waking != nil)
  }

  /// What the coordinator said last of itself.
  var coordinatorIsBusy: Bool { following.standings[coordinator].map { !$0.isQuiet } ?? false }

  // MARK: Life

  mutating func opened(_ recovered: RecoveredChain?, desk: inout ReplicaDesk) {
    if isElecting { election.enter(at: desk.now) }
    election.hears(at: desk.now, &desk.random, rules)
    for node in others(desk) { sendStanding(to: node, desk: &desk) }
    if let recovered { beginWaking(recovered, desk: &desk) }
    acknowledge(durability.held(proposals), desk: &desk)
    if let held = durability.prepared { confirm(held, desk: &desk) }
    castVote(durability.ballot, desk: &desk)
    if isInOffice(desk) { takeOffice(cause: cause(desk), desk: &desk) }
  }

  mutating func linkOpened(_ node: NodeID, desk: inout ReplicaDesk) {
    tellWatcher(node, desk: &desk)
    guard !isObserver(desk), knows(node) else { return }
    tenure.followers[node]?.linkOpened()
    sendStanding(to: node, desk: &desk)
    if waking != nil, hasVote(desk) { askCredentials(of: node, desk: &desk) }
    resendOwn(to: node, desk: &desk)
  }

  mutating func linkClosed(_ node: NodeID, desk: inout ReplicaDesk) {
    watch.linkClosed(node)
    tenure.followers[node]?.linkClosed()
    following.linkClosed(node)
  }

  mutating func durable(_ token: WriteToken, desk: inout ReplicaDesk) {
    switch durability.finished(token) {
    case .entries: break
    case .proposals(let held):
      acknowledge(held, desk: &desk)
      // Who signs nothing says where it stands, so that it is sent more.
      if !hasVote(desk) || ballot.silenced == officeTerm { sendStanding(to: coordinator, desk: &desk) }
      propose(desk: &desk)
      if isInOffice(desk) { for node in others(desk) { push(to: node, desk: &desk) } }
      takeWaiting(desk: &desk)
      catchUp(desk: &desk)
      considerWaking(desk: &desk)
    case .ballot(let held):
      castVote(held, desk: &desk)
      announceOffice(held, desk: &desk)
    case .prepared(let held): confirm(held, desk: &desk)
    case .other, nil: break
    }
  }

  mutating func tick(desk: inout ReplicaDesk) {
    guard !isHalted else { return }
    following.isRequesting = false
    tickWatch(desk: &desk)
    if isObserver(desk) { return }
    tickWaking(desk: &desk)
    tickRival(desk: &desk)
    if isInOffice(desk) {
      tickInOffice(desk: &desk)
    } else {
      if isLively { tellOthers(desk: &desk) }
      catchUp(desk: &desk)
      tickElection(desk: &desk)
    }
  }

  mutating func signed(_ job: ReplicaDesk.Job, _ signature: Signature, desk: inout ReplicaDesk) {
    switch job {
    case .proposal(let body): signed(body, signature, desk: &desk)
    case .acknowledgement(let body):
      let signed = SignedStatement(desk.statement(body, in: collaboration), signature: signature)
      // Said in a term that is over it is worth nothing, and a coordinator of that term might still count it.
      guard body.term == officeTerm, !isElecting else { break }
      if body.number > following.acknowledged {
        (following.acknowledged, following.newestAcknowledgement) = (body.number, signed)
      }
      deliver(.acknowledgement(signed), to: coordinator, desk: &desk)
    case .confirmation(let body):
      let signed = SignedStatement(desk.statement(body, in: collaboration), signature: signature)
      guard body.term == officeTerm, !isElecting else { break }
      if body.number > following.confirmed {
        (following.confirmed, following.newestConfirmation) = (body.number, signed)
      }
      deliver(.confirmation(signed), to: coordinator, desk: &desk)
    case .preVote(let body):
      let signed = SignedStatement(desk.statement(body, in: collaboration), signature: signature)
      signedPreVote(body, signed, desk: &desk)
    case .vote(let body):
      let signed = SignedStatement(desk.statement(body, in: collaboration), signature: signature)
      guard ballot.vote == body else { break }
      election.newestVote = (body, signed)
      deliver(.vote(signed), to: body.candidate, desk: &desk)
    case .call(let body):
      spread(.call(SignedStatement(desk.statement(body, in: collaboration), signature: signature)), desk: &desk)
    case .transfer(let body):
      let signed = SignedStatement(desk.statement(body, in: collaboration), signature: signature)
      deliver(.transfer(signed), to: body.successor, desk: &desk)
    case .check, .segment, .judge: preconditionFailure("a check gave a signature")
    }
  }

  // MARK: Sending

  /// To another member, or here.
  mutating func deliver(_ message: ConsensusMessage, to node: NodeID, desk: inout ReplicaDesk) {
    if node == desk.own { return handle(message, from: node, desk: &desk) }
    if desk.linked.contains(node) { desk.effects.append(.send(collaboration, message, to: node)) }
  }

  /// To all others.
  func broadcast(_ message: ConsensusMessage, desk: inout ReplicaDesk) {
    for node in others(desk) where desk.linked.contains(node) {
      desk.effects.append(.send(collaboration, message, to: node))
    }
  }

  /// To all others, and here.
  mutating func spread(_ message: ConsensusMessage, desk: inout ReplicaDesk) {
    broadcast(message, desk: &desk)
    handle(message, from: desk.own, desk: &desk)
  }

  func drop(_ reason: ConsensusDrop, from node: NodeID, desk: inout ReplicaDesk) {
    desk.effects.append(.dropping(reason, collaboration, from: node))
  }

  /// Nothing of this ledger is acted upon here any more.
  mutating func halt(at number: Int, desk: inout ReplicaDesk) {
    guard !isHalted else { return }
    isHalted = true
    desk.effects.append(.contradicted(collaboration, number: number))
  }
}
