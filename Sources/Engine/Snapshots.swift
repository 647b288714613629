internal import Consensus
internal import Contract
internal import Ledger
internal import Model

// The state of each ledger by digest: the coordinator has it decided every so many entries, each node keeps the state
// of the newest such entry, and takes it up at its next start.
extension NodeEngine {
  /// Proposes the state's digest once it is due.
  mutating func proposeDigest(of id: CollaborationID, _ turn: inout Turn) {
    guard isDigestDue(in: id) else { return }
    do {
      guard let digest = try drafts[id]?.digest() else { return }
      append(StateDigested.kind, Self.json(StateDigested(digest: digest)), to: id, &turn)
    } catch {
      notice("control", "entry.refused", collaboration: id, "the state has no written form: \(error)", &turn)
    }
  }

  /// Whether as many entries as the contract says were decided since the last digest was proposed.
  private func isDigestDue(in id: CollaborationID) -> Bool {
    guard let decided = books[id]?.lastEntry, let draft = coordinatedDraft(id) else { return false }
    return decided - draft.digestedEntry >= draft.contract.snapshots.intervalEntries
  }

  /// The newest entry in a range that holds a digest of the state.
  func newestDigest(in id: CollaborationID, after first: Int, through last: Int) -> Int? {
    stride(from: last, to: first, by: -1).first {
      consensus.entry($0, of: id)?.record.kind == StateDigested.kind
    }
  }

  /// Keeps the state as it is before a decided entry with its digest; what the disk holds of it already stays there.
  mutating func keepState(of id: CollaborationID, _ turn: inout Turn) {
    var kept = keptParts[id] ?? KeptParts()
    let parts: [StatePart]
    do {
      parts = try books[id]?.parts(beyond: &kept) ?? []
    } catch {
      preconditionFailure("a state whose digest is decided has no written form: \(error)")
    }
    let stored = parts.map { StoredSnapshot.Part(name: $0.name, bytes: $0.bytes) }
    turn.write(.snapshot(StoredSnapshot(id, isWhole: keptParts[id] == nil, parts: stored)))
    keptParts[id] = kept
  }

  static func decidedDigests(of chain: RecoveredChain) -> [Entry] {
    chain.entries.prefix(chain.decision?.body.number ?? 0).filter { $0.kind == StateDigested.kind }
  }

  /// The state as the disk has it, if a decided entry vouches for it; otherwise people are told, and all is folded anew.
  mutating func takeUpState(
    of chain: RecoveredChain, _ parts: [String: [UInt8]], _ turn: inout Turn
  ) -> CollaborationState? {
    let digests = Self.decidedDigests(of: chain)
    guard !parts.isEmpty || !digests.isEmpty else { return nil }
    do throws(StateFormError) {
      guard let head = parts[CollaborationState.headPart] else { throw .missing(CollaborationState.headPart) }
      let digest = Digest(of: head)
      guard let entry = digests.last(where: { $0.record.body["digest"]?.stringValue == digest.hexadecimal }) else {
        throw .other(CollaborationState.headPart)
      }
      var kept = KeptParts()
      let state = try CollaborationState(parts: parts, digest: digest, kept: &kept)
      guard state.lastEntry == entry.number - 1, state.id == chain.collaboration else {
        throw .other(CollaborationState.headPart)
      }
      keptParts[chain.collaboration] = kept
      notice(
        "control", "ledger.takenUp", collaboration: chain.collaboration,
        "the state before entry \(entry.number) was taken up, entries from there to \(chain.entries.count) are folded",
        &turn)
      return state
    } catch {
      notice(
        "control", "ledger.foldedAnew", collaboration: chain.collaboration,
        "the kept state was not taken up, and all entries are folded anew: \(error)", &turn)
      return nil
    }
  }
}
