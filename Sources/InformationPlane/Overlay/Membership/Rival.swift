public import Model

/// Another process with this node's key, as long as its record stands before this one's everywhere.
struct Rival: Sendable {
  let incarnation: Int
  /// Where it says that it listens.
  let address: String?
  /// When it was dialled last, uptime, and how often in vain since it answered last.
  var dialledAt: Duration?
  var unanswered = 0
}

// Two processes with one key shut each other out: others believe the newer record. As long as both run, people must
// stop one. When the other has gone, this one speaks again, by a record that is newer still.
extension OverlayCore {
  /// A record of this node that this process did not make.
  mutating func metOwnKey(in checked: CheckedMember, _ turn: inout Turn) {
    // One of an earlier start is replaced everywhere by the present one.
    if let ownRecord, ownRecord.number > checked.number { return drop(.stale, from: nil, &turn) }
    drop(.sameKeyElsewhere, from: nil, &turn)
    ownKeyMetAt = turn.uptime
    let record = checked.record
    if record.leaving { return outbid(checked, &turn) }
    var met = Rival(incarnation: record.incarnation, address: record.addresses.first)
    if let rival, rival.incarnation == record.incarnation {
      (met.dialledAt, met.unanswered) = (rival.dialledAt, rival.unanswered)
    }
    rival = met
    // Two that live and cannot reach each other outbid each other more and more seldom.
    if met.unanswered >= limits.rivalDials << min(outbids, 8) { return outbid(checked, &turn) }
    if let dialledAt = met.dialledAt, turn.uptime - dialledAt < limits.noticePause { return }
    rival?.dialledAt = turn.uptime
    // The other process learns of this one when the two shake hands; and this one, whether the other still runs.
    if let address = met.address { turn.emit(.dial(address: address, expecting: node)) }
    tellOfRival(at: met.address, &turn)
  }

  /// A handshake found this node's key at the other end.
  mutating func metOwnKey(at address: String, _ turn: inout Turn) {
    drop(.sameKeyElsewhere, from: nil, &turn)
    ownKeyMetAt = turn.uptime
    rival?.unanswered = 0
    tellOfRival(at: address, &turn)
  }

  /// Nobody, or somebody else, is where the other process said that it listens.
  mutating func rivalDialFailed(_ turn: inout Turn) { rival?.unanswered += 1 }

  private mutating func tellOfRival(at address: String?, _ turn: inout Turn) {
    if let toldOfRivalAt, turn.uptime - toldOfRivalAt < limits.noticePause { return }
    toldOfRivalAt = turn.uptime
    turn.emit(.notice(.sameKeyElsewhere(address: address)))
  }

  private mutating func outbid(_ checked: CheckedMember, _ turn: inout Turn) {
    rival = nil
    ownKeyMetAt = nil
    // Of a later epoch there is nothing newer under this one's keys.
    guard checked.certificate.epoch == epoch, checked.record.incarnation < JSON.integerLimit / 2, !leaving else {
      return tellOfRival(at: checked.record.addresses.first, &turn)
    }
    outbids += 1
    if renewal == nil { turn.emit(.notice(.sameKeyGone)) }
    renewRecord(above: checked.record.incarnation, &turn)
  }

  /// Whether another process with this node's key was met of late, by its record or itself.
  public func metOwnKeyLately(at uptime: Duration) -> Bool {
    ownKeyMetAt.map { uptime - $0 < limits.encounterMemory } ?? false
  }

  /// Where the other process says that it listens, if its record is known.
  public var rivalAddress: String? { rival?.address }

  /// Members of whom two processes were met of late, sorted.
  public func membersRunningTwice(at uptime: Duration) -> [NodeID] {
    table.members.values.filter { $0.toldOfTwoAt.map { uptime - $0 < limits.encounterMemory } ?? false }.map(\.node)
      .sorted()
  }
}
