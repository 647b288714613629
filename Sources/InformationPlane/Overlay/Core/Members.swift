public import Model

/// Another node, as this one knows it.
struct Member: Sendable {
  var checked: CheckedMember
  var state: MemberState
  var since: Moment
  var roundTrip: Duration?
  var heardAt: Moment?
}

extension OverlayCore {
  /// The other members, sorted by id.
  public var members: [KnownMember] {
    memberTable.keys.sorted().compactMap { member($0) }
  }

  /// Where this node says that it listens; empty before the start.
  public var ownAddresses: [String] { ownRecord?.record.addresses ?? [] }

  /// What this node says of itself; nil before the start.
  public var ownMemberRecord: MemberRecord? { ownRecord?.record }

  /// When this process started, milliseconds since 1970; 0 before the start.
  public var ownStartMilliseconds: Int64 { ownRecord?.record.startedMilliseconds ?? 0 }

  /// What is known of one member.
  public func member(_ node: NodeID) -> KnownMember? {
    guard let member = memberTable[node] else { return nil }
    let record = member.checked.record
    return KnownMember(
      id: node, name: record.name, kind: record.kind, addresses: record.addresses, state: member.state,
      since: member.since, roundTrip: member.roundTrip, isLinked: linkOfNode[node] != nil, accusers: [],
      lastHeard: member.heardAt, incarnation: record.incarnation,
      epoch: member.checked.certificate.epoch, startedMilliseconds: record.startedMilliseconds,
      signingKey: member.checked.certificate.signingKey, certificate: record.certificate)
  }

  mutating func announce(_ signed: SignedStatement, _ turn: inout Turn) {
    guard let record = try? CheckedMember(trusting: signed, network: network), record.node == node else {
      return turn.emit(
        .notice(.recordRefused(node, .mismatch(what: "the announced record and this node's identity"))))
    }
    if let old = ownRecord, !record.supersedes(old) { return }
    if let old = ownRecord { recordIDs.remove(old.signed.id) }
    ownRecord = record
    recordIDs.insert(signed.id)
    transmitToAll(OverlayFrame.fact(signed), except: nil, &turn)
  }

  mutating func recover(record signed: SignedStatement, _ turn: inout Turn) {
    do {
      // What comes back from the disk is checked in full: another process may have touched it.
      let checked = try CheckedMember(signed, genesis: genesis, network: network)
      guard checked.node != node else { return }
      if let known = memberTable[checked.node]?.checked, !checked.supersedes(known) { return }
      keep(checked, &turn)
    } catch {
      turn.emit(.notice(.recordRefused(signed.statement.author, error)))
    }
  }

  /// Takes a checked record: keeps it if it is news, and passes it on.
  mutating func take(_ checked: CheckedMember, from source: LinkID?, _ turn: inout Turn) {
    if let known = memberTable[checked.node]?.checked, !checked.supersedes(known) { return }
    guard memberTable[checked.node] != nil || memberTable.count < limits.members else {
      return drop(.busy, from: source, &turn)
    }
    keep(checked, &turn)
    turn.emit(.storeRecord(checked.signed))
    turn.emit(.memberUpdated(checked.node))
    if checked.record.leaving {
      setState(of: checked.node, .left, &turn)
    } else if memberTable[checked.node]?.state == .left {
      setState(of: checked.node, linkOfNode[checked.node] == nil ? .suspected : .alive, &turn)
    }
    transmitToAll(OverlayFrame.fact(checked.signed), except: source, &turn)
    if linkOfNode[checked.node] == nil { scheduleDial(to: checked.node, &turn) }
  }

  private mutating func keep(_ checked: CheckedMember, _ turn: inout Turn) {
    let node = checked.node
    if let old = memberTable[node] {
      recordIDs.remove(old.checked.signed.id)
      memberTable[node]?.checked = checked
    } else {
      memberTable[node] = Member(
        checked: checked, state: checked.record.leaving ? .left : .suspected, since: turn.now)
    }
    recordIDs.insert(checked.signed.id)
    targets[node, default: DialTarget(dueAt: turn.uptime)].replace(checked.record.addresses)
    if linkOfNode[node] == nil { hasten(&turn) }
  }

  mutating func setState(of node: NodeID, _ state: MemberState, _ turn: inout Turn) {
    guard let old = memberTable[node]?.state, old != state else { return }
    memberTable[node]?.state = state
    memberTable[node]?.since = turn.now
    turn.emit(.memberChanged(node, state))
  }

  /// Turns suspicion into failure.
  mutating func ageMembers(_ turn: inout Turn) {
    for node in memberTable.keys.sorted() {
      guard let member = memberTable[node], member.state == .suspected else { continue }
      if turn.uptime - member.since.uptime >= limits.suspicion { setState(of: node, .failed, &turn) }
    }
  }

  /// A record that came as a fact.
  mutating func receiveRecord(_ signed: SignedStatement, on link: LinkID, _ turn: inout Turn) {
    guard let record = try? CheckedMember(trusting: signed, network: network) else {
      return drop(.malformed, from: link, &turn)
    }
    let author = signed.statement.author
    guard record.node == author else { return drop(.malformed, from: link, &turn) }
    let known = author == node ? ownRecord : memberTable[author]?.checked
    if let known, !record.supersedes(known) {
      // An older record of this node itself is left over from an earlier start; it is replaced everywhere by the new.
      let isForeign =
        author == node && record.record.instance != known.record.instance
        && record.record.incarnation == known.record.incarnation
      guard isForeign else { return drop(.stale, from: link, &turn) }
    }
    beginVerification(.member(signed, genesis, network), .record(signed), on: link, &turn)
  }

  mutating func recordVerified(
    _ signed: SignedStatement, via pending: PendingVerification, _ holds: Bool, _ turn: inout Turn
  ) {
    // Whatever comes of the record, what waited for it waits no longer.
    defer { releaseParked(by: signed.statement.author, &turn) }
    facts.pending.remove(signed.id)
    facts.pendingRecords[signed.statement.author, default: 1] -= 1
    if facts.pendingRecords[signed.statement.author] == 0 { facts.pendingRecords[signed.statement.author] = nil }
    guard holds, let checked = try? CheckedMember(trusting: signed, network: network) else {
      return drop(.badSignature, from: pending.link, &turn)
    }
    if checked.node == node {
      drop(.sameKeyElsewhere, from: nil, &turn)
      return turn.emit(.notice(.sameKeyElsewhere(address: checked.record.addresses.first)))
    }
    take(checked, from: pending.link, &turn)
  }
}
