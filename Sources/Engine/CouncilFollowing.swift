internal import Consensus
internal import Contract
internal import Coordination
internal import Ledger
internal import Model
internal import Overlay

// The network's own collaboration (R20): its first founder founds it, live nodes join it up to its bound, and all others
// follow its ledger as observers.
extension NodeEngine {
  /// What the disk holds of it is in force before the first packet is taken.
  mutating func beginCouncil(_ turn: inout Turn) {
    guard let id = council?.id else { return }
    council?.beganAt = turn.now.uptime
    if consensus.members(of: id) != nil {
      consensusStep(.publish(id), &turn)
      councilDecided(&turn)
    }
    turn.act(.setTimer(.council, after: CouncilDesk.interval))
  }

  mutating func tendCouncil(_ turn: inout Turn) {
    guard let desk = council else { return }
    turn.act(.setTimer(.council, after: CouncilDesk.interval))
    guard broken[desk.id] == nil else { return }
    guard consensus.members(of: desk.id) != nil else {
      // Who knows others may have founded it before, on data that is gone: they have time to tell.
      let isAlone = overlay.members.isEmpty
      let patience = isAlone ? CouncilDesk.listening : CouncilDesk.listeningToOthers
      let isHeard = turn.now.uptime - (desk.beganAt ?? .zero) >= patience
      if desk.charter.founder == identity.node, isHeard, consensus.isNewestCopy, isAlone || !overlay.linkedPeers.isEmpty
      {
        return foundCouncil(&turn)
      }
      return askForCouncil(&turn)
    }
    joinCouncil(&turn)
    handOverMotions(&turn)
  }

  // MARK: Founding

  private mutating func foundCouncil(_ turn: inout Turn) {
    guard let desk = council, !desk.isFounding, let agreement = try? councilAgreement(desk).hash() else { return }
    council?.isFounding = true
    let body = RosterSignature(agreement: agreement, call: StatementID(desk.id.digest))
    sign(context(turn.now).statement(body, in: desk.id), for: .councilRoster, &turn)
  }

  /// What others see of this node there: it lends nothing and takes no work.
  private var councilMember: RosterMember {
    var member = rosterMember
    member.adapters = []
    member.sandboxed = true
    member.total = .zero
    member.priceMicroPerCPUSecond = 0
    return member
  }

  private func councilAgreement(_ desk: CouncilDesk) -> Agreement {
    Agreement(
      charter: desk.charter, contract: .ofNetwork, roster: Roster(version: 1, members: [councilMember]), round: 1)
  }

  mutating func openCouncil(_ signed: SignedStatement, _ turn: inout Turn) {
    guard let desk = council, consensus.members(of: desk.id) == nil else { return }
    let agreement = councilAgreement(desk)
    guard
      let configuration = try? agreement.roster.configuration(
        founder: identity.node, votersAtMost: agreement.contract.election.votersAtMost)
    else { return }
    open(
      RoundOpened(
        charter: desk.charter, configuration: configuration, contract: agreement.contract,
        coordinator: identity.node, round: 1, roster: agreement.roster, signatures: [signed], negotiation: [],
        trace: TraceID(desk.id.digest)), &turn)
    consensusStep(.publish(desk.id), &turn)
  }

  // MARK: Following

  /// Asks one neighbour after another for the ledger's beginning.
  private mutating func askForCouncil(_ turn: inout Turn) {
    guard let desk = council else { return }
    let linked = overlay.linkedPeers
    guard let peer = linked.first(where: { node in desk.lastAsked.map { $0 < node } ?? true }) ?? linked.first else {
      return
    }
    council?.lastAsked = peer
    let parts = ConsensusMessage.request(from: 1, limit: ConsensusLimits.messageEntryCount).parts
    let message = PeerMessage.Consensus(
      collaboration: desk.id, kind: parts.kind, statements: parts.statements, entries: parts.entries,
      document: parts.document)
    overlayStep(.sendMessage(.consensus(message), to: peer), &turn)
  }

  /// The first that is heard of the ledger: its entry 1 says under which key the founder signs, by a certificate of the
  /// founder's root key, whose hash stands in the charter. All else is checked as any other entries are.
  mutating func findCouncil(in message: PeerMessage.Consensus, _ turn: inout Turn) {
    guard let desk = council, message.collaboration == desk.id, consensus.members(of: desk.id) == nil,
      broken[desk.id] == nil, !desk.isFounding
    else { return }
    guard let bytes = message.entries.first else {
      // A neighbour tells where it stands: it is asked at once.
      return message.kind == "standing" ? askForCouncil(&turn) : ()
    }
    guard let entry = try? Entry(bytes: bytes), entry.number == 1, entry.collaboration == desk.id,
      let state = try? CollaborationState(id: desk.id, opening: entry.record), state.charter == desk.charter,
      state.foundingRoster.members.map(\.node) == [desk.charter.founder],
      let set = Self.memberSet(desk.id, founder: desk.charter.founder, state.contract, state.foundingRoster)
    else { return journal.count("ledger: malformed") }
    // This node may have been a member before, on data that is gone: it signs nothing until it knows.
    let nothing = RecoveredChain(collaboration: desk.id, entries: [], proposals: [])
    consensusStep(.open(set, Self.electionRules(of: state.contract), recovered: nothing), &turn)
    consensusStep(.publish(desk.id), &turn)
  }

  /// As many live nodes as there is room for, by id, ask to be members.
  private mutating func joinCouncil(_ turn: inout Turn) {
    guard let desk = council, let book = books[desk.id], book.roster[identity.node] == nil,
      !book.departed.contains(identity.node), book.council?.revoked[identity.node] == nil,
      book.coordinator != identity.node
    else { return }
    if let last = desk.joinAskedAt, turn.now.uptime - last < CouncilDesk.joinInterval { return }
    let room = book.contract.admission.membersAtMost - book.roster.members.count
    let before = overlay.members.prefix { $0.id < identity.node }.count {
      ($0.state == .alive || $0.state == .suspected) && book.roster[$0.id] == nil && !book.departed.contains($0.id)
    }
    council?.joinAskedAt = turn.now.uptime
    council?.joinLooks = min(desk.joinLooks + 1, 1_024)
    guard before < room * (1 + desk.joinLooks) else { return }
    let request = JoinRequest(after: book.lastEntry, contract: book.contractHash, member: councilMember)
    tell(
      book.coordinator, context(turn.now).statement(request, in: desk.id),
      turn.now.wallMilliseconds + CouncilDesk.joinInterval.milliseconds, &turn)
  }

  // MARK: Decisions

  /// The overlay goes by what is decided.
  mutating func councilDecided(_ turn: inout Turn) {
    guard let id = council?.id, let decided = books[id]?.council else { return }
    let revoked = Set(decided.revoked.keys)
    // Who is cut off hears why, last of all.
    for node in revoked.subtracting(overlay.revoked).sorted() where node != identity.node {
      consensusStep(.farewell(id, to: node), &turn)
      turn.act(.expel(node))
      let motion = decided.revoked[node].flatMap { decided[$0] }
      notice(
        "information", "member.revoked", node: node,
        "\(name(of: node)) is cut off by a decision of the network: \(motion?.motion.reason ?? "")", &turn)
    }
    for node in Set(decided.admitted.keys).subtracting(overlay.admitted).sorted() {
      notice(
        "information", "member.admitted", node: node, "\(name(of: node)) may join by a decision of the network", &turn)
    }
    overlayStep(.decided(revoked: revoked, admitted: Set(decided.admitted.keys)), &turn)
    settleMotions(&turn)
  }
}
