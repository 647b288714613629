internal import Ledger
internal import Model

/// Entries with the proposals that cover them, on their way through a member's checks.
struct Segment: Sendable {
  let id: UInt64
  let from: NodeID
  let entries: [Entry]
  let proposals: [SignedProposal]
  var decision: CommitCertificate?
  /// What its entries say of members and voters, by place.
  let changes: [Int: MembershipChange]
  /// The terms that begin in it.
  let openings: [TermOpened]
  var isChecked = false
  var isJudging = false

  var first: Int { entries.first?.number ?? 0 }
  var last: Int { entries.last?.number ?? 0 }
  var lastTerm: Int { entries.last?.term ?? 0 }

  func entry(_ number: Int) -> Entry? {
    entries.indices.contains(number - first) ? entries[number - first] : nil
  }

  /// Whether its decision says that its entry `number` and all before it are decided.
  func isDecided(_ number: Int) -> Bool {
    guard let decision, decision.body.number >= number else { return false }
    return entry(decision.body.number)?.hash == decision.body.head
  }

  /// Reads a message into entries that link up and that proposals cover, one by one.
  ///
  /// - Throws: `ConsensusDrop`.
  init(_ bytes: SegmentBytes, id: UInt64, from node: NodeID, collaboration: CollaborationID) throws(ConsensusDrop) {
    guard (1...ConsensusLimits.messageEntryCount).contains(bytes.entries.count),
      bytes.proposals.count <= bytes.entries.count,
      bytes.entries.reduce(0, { $0 + $1.count }) <= ConsensusLimits.messageByteCount
    else { throw .tooLarge }
    var entries: [Entry] = []
    var proposals: [SignedProposal] = []
    do throws(LedgerError) {
      for content in bytes.entries { entries.append(try Entry(bytes: content)) }
      for statement in bytes.proposals { proposals.append(try SignedProposal(statement)) }
    } catch {
      throw .malformed("\(error)")
    }
    for (before, after) in zip(entries, entries.dropFirst()) {
      guard after.number == before.number + 1, after.previous == before.hash, after.term >= before.term else {
        throw .malformed("entry \(after.number) does not follow entry \(before.number) before it")
      }
    }
    guard entries.allSatisfy({ $0.collaboration == collaboration }) else {
      throw .malformed("an entry of another collaboration")
    }
    self.id = id
    from = node
    self.entries = entries
    self.proposals = proposals
    decision = bytes.decision
    openings = try Self.openings(in: entries)
    changes = try Self.changes(in: entries)
    try checkCover()
  }

  /// Cuts it in two at a place where a batch ends.
  func split(after number: Int, id: UInt64) -> (Segment, Segment) {
    (
      Segment(
        self, id: self.id, entries: entries.filter { $0.number <= number },
        proposals: proposals.filter { $0.proposal.last <= number }, decision: nil),
      Segment(
        self, id: id, entries: entries.filter { $0.number > number },
        proposals: proposals.filter { $0.proposal.first > number }, decision: decision)
    )
  }

  private init(
    _ whole: Segment, id: UInt64, entries: [Entry], proposals: [SignedProposal], decision: CommitCertificate?
  ) {
    self.id = id
    from = whole.from
    self.entries = entries
    self.proposals = proposals
    self.decision = decision
    let numbers = Set(entries.map(\.number))
    // A term opens with the entry after the place that its election names.
    openings = whole.openings.filter { numbers.contains($0.election.body.position.number + 1) }
    changes = whole.changes.filter { numbers.contains($0.key) }
    isChecked = whole.isChecked
  }

  private static func openings(in entries: [Entry]) throws(ConsensusDrop) -> [TermOpened] {
    var openings: [TermOpened] = []
    for (index, entry) in entries.enumerated() {
      let rises = index > 0 && entry.term > entries[index - 1].term
      guard rises || entry.kind == TermOpened.kind else { continue }
      do throws(LedgerError) {
        openings.append(try TermOpened(entry))
      } catch {
        throw .malformed("entry \(entry.number): \(error)")
      }
    }
    guard openings.count <= ConsensusLimits.proofsPerSegment else { throw .tooLarge }
    return openings
  }

  private static func changes(in entries: [Entry]) throws(ConsensusDrop) -> [Int: MembershipChange] {
    var changes: [Int: MembershipChange] = [:]
    for entry in entries {
      do throws(LedgerError) {
        changes[entry.number] = try MembershipChange(kind: entry.kind, body: entry.record.body)
      } catch {
        throw .malformed("entry \(entry.number): \(error)")
      }
    }
    guard changes.count <= ConsensusLimits.proofsPerSegment else { throw .tooLarge }
    return changes
  }

  private func checkCover() throws(ConsensusDrop) {
    var next = first
    for signed in proposals {
      let proposal = signed.proposal
      guard proposal.first == next, let last = entry(proposal.last), last.hash == proposal.head else {
        throw .uncovered
      }
      // A batch lies in one term and one configuration.
      for number in signed.numbers {
        guard let covered = entry(number), covered.term == proposal.term,
          covered.configuration == proposal.configuration
        else { throw .uncovered }
      }
      next = proposal.last + 1
    }
    guard next == last + 1 else { throw .uncovered }
  }
}

extension Entry {
  /// Whether it begins a term or changes members: a message holds a bounded number of these, each with signatures to check.
  var bearsProof: Bool { kind == TermOpened.kind || MembershipChange.changesMembers(kind) }
}
