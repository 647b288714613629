internal import Model

/// Who votes at each place of a ledger, as its entries say it one after another (docs/consensus.md).
struct VoterHistory: Sendable {
  private var known: [Digest: Configuration]
  /// Of the newest entry.
  private(set) var inForce: Configuration
  /// The entries that the joint configuration in force decides, by number: one of them is what proves its end.
  private var jointHashes: [Int: Digest] = [:]

  init(_ founding: Configuration) {
    known = [founding.hash: founding]
    inForce = founding
  }

  /// A configuration that was in force up to here.
  func configuration(_ hash: Digest) -> Configuration? { known[hash] }

  /// Takes an entry after the first.
  ///
  /// - Parameter follows: whether the entry before it was taken as well. Past a gap the entry's own word has to do.
  /// - Returns: the proof on which a joint configuration ends, whose signatures are still to be checked.
  /// - Throws: `LedgerError.statement` for an entry under another configuration than those before it make.
  mutating func take(_ entry: Entry, follows: Bool) throws(LedgerError) -> CommitCertificate? {
    if !follows { pass(to: entry.configuration) }
    let change = try MembershipChange(kind: entry.kind, body: entry.record.body)
    let next = try change?.configuration(after: inForce) ?? inForce
    defer {
      known[next.hash] = next
      if next.hash != inForce.hash { jointHashes = [:] }
      if next.next != nil { jointHashes[entry.number] = entry.hash }
      inForce = next
    }
    guard entry.configuration == next.hash else {
      throw .statement("under configuration \(entry.configuration.short), where \(next.hash.short) is in force")
    }
    guard case .changed(_, let decided) = change else { return nil }
    guard decided.body.configuration == inForce.hash, jointHashes[decided.body.number] == decided.body.head else {
      throw .statement("new voters alone, proved by no decision of an entry under the joint configuration")
    }
    return decided
  }

  private mutating func pass(to hash: Digest) {
    guard let configuration = known[hash], hash != inForce.hash else { return }
    inForce = configuration
    jointHashes = [:]
  }
}
