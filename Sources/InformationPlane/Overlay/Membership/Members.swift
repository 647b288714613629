public import Model
import Sodium

/// A node that is admitted and did not become a member here, and why.
struct KeptOut: Hashable, Sendable {
  let node: NodeID
  let obstacle: CloseReason
}

extension OverlayCore {
  /// The other members, sorted by id.
  public var members: [KnownMember] {
    table.members.keys.sorted().compactMap { member($0) }
  }

  /// How many other members are in each state.
  public var memberCounts: [MemberState: Int] {
    table.members.values.reduce(into: [:]) { $0[$1.state, default: 0] += 1 }
  }

  /// A member's newest record, whose signatures hold; nil for this node and for one that is not known.
  public func memberRecord(of node: NodeID) -> MemberRecord? { table[node]?.checked.record }

  /// Where this node says that it listens; empty before the start.
  public var ownAddresses: [String] { ownRecord?.record.addresses ?? [] }

  /// What this node says of itself; nil before the start.
  public var ownMemberRecord: MemberRecord? { ownRecord?.record }

  /// When this process started, milliseconds since 1970; 0 before the start.
  public var ownStartMilliseconds: Int64 { ownRecord?.record.startedMilliseconds ?? 0 }

  /// What is known of one member.
  public func member(_ node: NodeID) -> KnownMember? {
    guard let member = table[node] else { return nil }
    let record = member.checked.record
    return KnownMember(
      id: node, name: record.name, kind: record.kind, addresses: record.addresses, state: member.state,
      since: member.since, roundTrip: member.roundTrip, isLinked: linkOfNode[node] != nil,
      accusers: member.accusations.keys.sorted(), lastHeard: member.heardAt, incarnation: record.incarnation,
      epoch: member.checked.certificate.epoch, startedMilliseconds: record.startedMilliseconds,
      signingKey: member.checked.certificate.signingKey, certificate: record.certificate)
  }

  // MARK: This node's record

  mutating func announce(_ signed: SignedStatement, _ turn: inout Turn) {
    guard let record = try? CheckedMember(trusting: signed, network: network), record.node == node else {
      return turn.emit(
        .notice(.recordRefused(node, .mismatch(what: "the announced record and this node's identity"))))
    }
    if let old = ownRecord, !record.supersedes(old) { return }
    if let old = ownRecord { forgetRecordID(of: old) }
    ownRecord = record
    ownRefutation = 0
    keepRecordID(of: record)
    turn.emit(.present(signed))
    useRenewedKey(of: record, &turn)
    spread(record.signed, hops: 0, detour: false, except: [], &turn)
  }

  private mutating func keepRecordID(of record: CheckedMember) {
    if recordAuthors.updateValue(record.node, forKey: record.signed.id) == nil { summary.insert(record.signed.id) }
  }

  mutating func forgetRecordID(of record: CheckedMember) {
    if recordAuthors.removeValue(forKey: record.signed.id) != nil { summary.remove(record.signed.id) }
  }

  // MARK: Others' records

  mutating func recover(record signed: SignedStatement, _ turn: inout Turn) {
    do {
      // What comes back from the disk is checked in full: another process may have touched it.
      let checked = try CheckedMember(signed, genesis: genesis, network: network)
      guard checked.node != node else { return }
      if let known = table[checked.node]?.checked, !checked.supersedes(known) {
        if signed != known.signed { turn.emit(.forgetFact(signed.id)) }
        return
      }
      // Whether it still lives is for this node to find out.
      keep(checked, as: .suspected, &turn)
      // The disk may hold an earlier goodbye beside it.
      let isRevoked = revoked.contains(checked.node)
      setState(of: checked.node, checked.record.leaving || isRevoked ? .left : .suspected, &turn)
      // Nobody is told of it any more.
      if isRevoked { forgetRecordID(of: checked) }
    } catch {
      turn.emit(.notice(.recordRefused(signed.statement.author, error)))
    }
  }

  /// Takes a checked record: keeps it if it is news, and passes it on.
  ///
  /// - Returns: whether it was.
  @discardableResult
  mutating func take(
    _ checked: CheckedMember, hops: Int, from source: LinkID?, by peer: NodeID? = nil, _ turn: inout Turn
  ) -> Bool {
    guard checked.node != node else { return false }
    noteKey(of: checked, &turn)
    if let known = table[checked.node]?.checked, !checked.supersedes(known) { return false }
    if let obstacle = obstacle(to: checked) {
      keptOut(checked, by: obstacle, from: source, &turn)
      return false
    }
    guard facts.recordQuotas.admit(checked.node, at: turn.uptime, perMinute: limits.recordsPerMemberMinute) else {
      refuse(checked.signed.id, .authorQuota, from: source, by: peer ?? checked.node, &turn)
      return false
    }
    keep(checked, as: .alive, &turn)
    turn.emit(.storeRecord(checked.signed))
    turn.emit(.memberUpdated(checked.node))
    // A new record says that its node has just spoken; whether it still lives is found out by probing.
    setState(of: checked.node, checked.record.leaving ? .left : .alive, &turn)
    spread(checked.signed, hops: hops, detour: false, except: [source].compactMap(\.self), &turn)
    return true
  }

  /// Why a node cannot be a member here by this record, though it is admitted.
  func obstacle(to checked: CheckedMember) -> CloseReason? {
    if revoked.contains(checked.node) { return .revoked }
    // Known members stay, as they do when a grant has expired; and by a seed the newcomer was sent, which cannot know yet.
    if checked.record.admission == .voted, table[checked.node] == nil, seeds[checked.node] == nil,
      !admitted.contains(checked.node)
    {
      return .notVotedIn
    }
    if let known = table[checked.node] {
      // Who could take another invitation would leave the first to somebody else.
      let isSame = known.checked.record.admission.grant?.id == checked.record.admission.grant?.id
      return isSame || admitted.contains(checked.node) ? nil : .otherAdmission
    }
    if table.count >= limits.members { return .tooManyMembers }
    return table.isUsedUp(checked.record.admission, own: ownRecord?.record.admission) ? .invitationUsedUp : nil
  }

  private static func dropReason(_ obstacle: CloseReason) -> DropReason {
    switch obstacle {
    case .invitationUsedUp: .invitationUsedUp
    case .otherAdmission: .otherAdmission
    case .revoked: .revoked
    case .notVotedIn: .notVotedIn
    default: .busy
    }
  }

  mutating func keptOut(
    _ checked: CheckedMember, by obstacle: CloseReason, from link: LinkID?, _ turn: inout Turn
  ) {
    drop(Self.dropReason(obstacle), from: link, &turn)
    // Whoever knocks with a used invitation can do so as often as it likes.
    let what = KeptOut(node: checked.node, obstacle: obstacle)
    guard keptOutNotices.admits(what, at: turn.uptime, limits) else { return }
    turn.emit(.notice(.keptOut(checked.node, obstacle)))
  }

  private mutating func keep(_ checked: CheckedMember, as state: MemberState, _ turn: inout Turn) {
    let node = checked.node
    if let old = table[node] {
      forgetRecordID(of: old.checked)
      turn.emit(.forgetFact(old.checked.signed.id))
      if checked.certificate.signingKey != old.checked.certificate.signingKey {
        endFacts(by: node, &turn)
        endRumours(by: node, &turn)
      } else if checked.record.incarnation <= old.checked.record.incarnation {
        // What was heard of the other record is to be heard of this one, too, since it is said in the same words.
        heardRumours.forget(naming: node)
      }
      let isSameKey = old.key.key == checked.record.datagramKey
      table.change(node) { member in
        member.checked = checked
        member.refutation = 0
        member.objection = nil
        member.accusations = [:]
        member.ranks = [:]
        member.source = isSameKey ? member.source : nil
        member.earlierKey = (old.key, turn.uptime + limits.keyGrace)
      }
      datagramKeys.forget(node, except: [old.key.key, checked.record.datagramKey])
      gossip.settle(node, below: MemberVersion(incarnation: checked.record.incarnation))
    } else {
      table.add(
        Member(
          checked: checked, keys: Rings.Keys(of: node, in: network),
          state: checked.record.leaving ? .left : state, since: turn.now))
      // That those known from before are looked for is no news.
      if state == .alive, !checked.record.leaving {
        arrivals.note(at: turn.uptime, limits)
        if introducer == nil, seeds[node] != nil { introducer = (node, turn.uptime) }
        turn.emit(.memberChanged(node, state))
      }
    }
    keepRecordID(of: checked)
    facts.refused.becameKnown(node)
    targets[node]?.replace(checked.record.addresses)
    presenceChanged(&turn)
  }

  mutating func setState(of node: NodeID, _ state: MemberState, _ turn: inout Turn) {
    if revoked.contains(node), state != .left { return }
    guard table.setState(of: node, state, at: turn.now) else { return }
    switch state {
    case .alive:
      table.change(node) { member in
        member.accusations = [:]
        member.ranks = [:]
      }
    case .suspected: agenda.plan(.judge, at: turn.uptime + limits.suspicionLook)
    case .failed:
      traffic.failures += 1
      if let link = linkOfNode[node] { close(link, .silent, &turn) }
      agenda.plan(.revive, at: turn.uptime + turn.jittered(limits.reviveInterval))
    case .left: agenda.plan(.revive, at: turn.uptime + turn.jittered(limits.reviveInterval))
    }
    presenceChanged(&turn)
    turn.emit(.memberChanged(node, state))
  }

  /// A record that came as a fact.
  mutating func receiveRecord(_ signed: SignedStatement, hops: Int, on link: LinkID, _ turn: inout Turn) {
    let author = signed.statement.author
    switch standing(of: signed) {
    case .malformed: return drop(.malformed, from: link, &turn)
    case .stale: return refuse(signed.id, .stale, from: link, &turn)
    case .news:
      // By what it claims: checks of signatures are for those who could become or are members.
      if author != node, let claimed = try? CheckedMember(trusting: signed, network: network),
        let obstacle = obstacle(to: claimed), !provesSecondKey(claimed)
      {
        return refuse(signed.id, Self.dropReason(obstacle), from: link, &turn)
      }
      beginVerification(.member(signed, genesis, network), .record(signed), on: link, &turn)
    case .foreign: beginVerification(.member(signed, genesis, network), .record(signed), on: link, &turn)
    }
  }

  enum RecordStanding {
    case malformed, stale, news
    /// No newer than what is known, and not made by whom that was: another process with this node's key, or another
    /// key that was certified for a member.
    case foreign
  }

  /// What a record is to what is known, by its claims: nothing of it is checked yet.
  func standing(of signed: SignedStatement) -> RecordStanding {
    let body = signed.statement.body
    guard let incarnation = body["incarnation"]?.integerValue else { return .malformed }
    let author = signed.statement.author
    let number = (signed.statement.epoch, Int(incarnation))
    if author == node {
      guard let ownRecord, number <= ownRecord.number else { return .news }
      let isForeign =
        number == ownRecord.number && body["instance"]?.stringValue != ownRecord.record.instance.hexadecimal
      return isForeign ? .foreign : .stale
    }
    guard let member = table[author] else { return .news }
    let known = member.checked
    if number == known.number ? signed.id > known.signed.id : number > known.number { return .news }
    // Most come again with the certificate that is known: reading it would cost more than all else.
    guard number.0 == known.number.epoch, member.twoKeysEpoch != number.0,
      body["certificate"] != known.signed.statement.body["certificate"],
      let record = try? CheckedMember(trusting: signed, network: network), record.showsOtherKey(than: known)
    else { return .stale }
    return .foreign
  }

  /// A checked record, whether it is taken or not, may show that its operator, or whoever has its root key, certified
  /// two working keys for one epoch.
  mutating func noteKey(of checked: CheckedMember, _ turn: inout Turn) {
    guard provesSecondKey(checked) else { return }
    table.change(checked.node) { $0.twoKeysEpoch = checked.certificate.epoch }
    turn.emit(.notice(.memberHasTwoKeys(checked.node)))
  }

  private func provesSecondKey(_ record: CheckedMember) -> Bool {
    guard let member = table[record.node] else { return false }
    return record.showsOtherKey(than: member.checked) && member.twoKeysEpoch != record.certificate.epoch
  }

  /// Members for whose present epoch two working keys were met, sorted.
  public var membersWithTwoKeys: [NodeID] {
    table.members.values.filter { $0.twoKeysEpoch == $0.checked.certificate.epoch }.map(\.node).sorted()
  }

  mutating func recordVerified(
    _ signed: SignedStatement, via pending: PendingVerification, _ finding: Verification.Finding, _ turn: inout Turn
  ) {
    // Whatever comes of the record, what waited for it waits no longer.
    defer { releaseParked(by: signed.statement.author, &turn) }
    let check = endRecordCheck(signed)
    guard case .member(let checked) = finding else {
      drop(.badSignature, from: pending.link, by: pending.node, &turn)
      return fetchAgain(signed.id, after: check, from: pending.node, &turn)
    }
    wanted.remove(signed.id)
    if checked.node == node { return metOwnKey(in: checked, &turn) }
    noteKey(of: checked, &turn)
    if let obstacle = obstacle(to: checked) {
      facts.refused.insert(
        signed.id, from: pending.node, isPassing: Self.dropReason(obstacle).isPassing, at: turn.uptime, limits)
      return keptOut(checked, by: obstacle, from: pending.link, &turn)
    }
    if take(checked, hops: 1, from: pending.link, by: pending.node, &turn) { traffic.factsTaken += 1 }
  }

  private mutating func endRecordCheck(_ signed: SignedStatement) -> FactShelf.Check? {
    defer { recordCheckEnded(of: signed.statement.author) }
    return facts.pending.removeValue(forKey: signed.id)
  }

  private mutating func recordCheckEnded(of author: NodeID) {
    facts.pendingRecords[author, default: 1] -= 1
    if facts.pendingRecords[author] == 0 { facts.pendingRecords[author] = nil }
  }
}
