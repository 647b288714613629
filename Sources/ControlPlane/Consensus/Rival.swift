internal import Ledger
internal import Model

/// A chain of others that leaves the one that is decided here: what is known of it, and what is asked for next.
struct Rival: Sendable {
  var from: NodeID
  /// Asked for next: before the place where it leaves, until that is known, and then after what is known to link up.
  var wanted: Int
  var askedAt: Duration?
  /// Its first entry that differs from a decided one, and the end of what links back to that.
  var known: (differs: Int, last: Int, head: Digest)?
}

// Voters that decide anew what was decided are found out by who kept it (R71): their own certificate, over entries that
// link back to one that differs, is the proof.
extension LedgerReplica {
  /// Looks at a checked segment that does not join the chain here.
  mutating func lookInto(_ segment: Segment, desk: inout ReplicaDesk) {
    guard let first = segment.entries.first, let last = segment.entries.last else { return }
    let differing = segment.entries.first { $0.number <= decidedNumber && hash(at: $0.number) != $0.hash }
    if let differing, hash(at: differing.number - 1) == differing.previous {
      if let known = following.rival?.known, known.differs == differing.number, known.last >= last.number { return }
      following.rival = Rival(
        from: segment.from, wanted: last.number + 1, known: (differing.number, last.number, last.hash))
    } else if let known = following.rival?.known {
      guard known.last + 1 == first.number, known.head == first.previous else { return }
      following.rival?.known = (known.differs, last.number, last.hash)
      following.rival?.wanted = last.number + 1
      following.rival?.from = segment.from
    } else {
      // What is pushed meanwhile is no answer, and leads back no further.
      guard first.number - 1 <= decidedNumber, hash(at: first.number - 1) != first.previous,
        following.rival.map({ first.number <= $0.wanted }) ?? true
      else { return }
      following.rival = Rival(
        from: segment.from, wanted: max(1, first.number - ConsensusLimits.messageEntryCount))
    }
    if let known = following.rival?.known, let decided = segment.decision?.body,
      let entry = segment.entry(decided.number), entry.hash == decided.head, decided.number >= known.differs,
      entry.configuration == decided.configuration, counting(decided.configuration) != nil
    {
      return halt(at: known.differs, desk: &desk)
    }
    askRival(desk: &desk)
  }

  /// Asks again where nothing came.
  mutating func tickRival(desk: inout ReplicaDesk) {
    guard let rival = following.rival, desk.now.uptime - (rival.askedAt ?? .zero) >= ConsensusLimits.resumeInterval
    else { return }
    askRival(desk: &desk)
  }

  private mutating func askRival(desk: inout ReplicaDesk) {
    guard let rival = following.rival else { return }
    following.rival?.askedAt = desk.now.uptime
    deliver(.request(from: rival.wanted, limit: ConsensusLimits.messageEntryCount), to: rival.from, desk: &desk)
  }
}
