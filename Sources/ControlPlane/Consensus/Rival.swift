internal import Ledger
internal import Model

/// A chain of others that leaves the one that is decided here, as far as it is known to link up.
struct Rival: Sendable {
  let from: NodeID
  /// The first entry that differs from a decided one.
  let differs: Int
  var last: Int
  var head: Digest
}

// Voters that decide anew what was decided are found out by who kept it (R71): their own certificate, over entries that
// link back to one that differs, is the proof.
extension LedgerReplica {
  /// Looks at a checked segment that does not join the chain here; asks its sender for what lies before and after until
  /// its decision proves a contradiction.
  mutating func lookInto(_ segment: Segment, desk: inout ReplicaDesk) {
    guard let first = segment.entries.first, let last = segment.entries.last else { return }
    let differing = segment.entries.first { $0.number <= decidedNumber && hash(at: $0.number) != $0.hash }
    if let differing, hash(at: differing.number - 1) == differing.previous {
      following.rival = Rival(from: segment.from, differs: differing.number, last: last.number, head: last.hash)
    } else if let rival = following.rival, rival.from == segment.from, rival.last + 1 == first.number,
      rival.head == first.previous
    {
      following.rival?.last = last.number
      following.rival?.head = last.hash
    } else if first.number - 1 <= decidedNumber, first.number > 1, hash(at: first.number - 1) != first.previous {
      return ask(segment.from, from: max(1, first.number - ConsensusLimits.messageEntryCount), desk: &desk)
    } else {
      return
    }
    guard let rival = following.rival, rival.from == segment.from else { return }
    if let decided = segment.decision?.body, let entry = segment.entry(decided.number), entry.hash == decided.head,
      decided.number >= rival.differs, entry.configuration == decided.configuration,
      counting(decided.configuration) != nil
    {
      return halt(at: rival.differs, desk: &desk)
    }
    ask(segment.from, from: rival.last + 1, desk: &desk)
  }

  private mutating func ask(_ node: NodeID, from number: Int, desk: inout ReplicaDesk) {
    guard !following.isRequesting else { return }
    following.isRequesting = true
    deliver(.request(from: number, limit: ConsensusLimits.messageEntryCount), to: node, desk: &desk)
  }
}
