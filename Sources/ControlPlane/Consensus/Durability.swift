internal import Ledger
internal import Model

/// Proof that everything up to `number` is on this node's disk. Only `Durability` makes one, from a finished
/// write or from what was recovered; promises are made from such places and nothing else.
struct DurablePlace: Hashable, Sendable {
  let number: Int
  fileprivate init(_ number: Int) { self.number = number }
}

/// What of one ledger is durable here, and what is on its way.
struct Durability: Sendable {
  enum Pending: Sendable {
    case entries(through: Int)
    case proposal(through: Int)
    /// Entries with the proposals that cover them.
    case batch(through: Int)
    case acknowledgement
  }

  private(set) var entries = DurablePlace(0)
  /// Up to where the entries are proposed, durably.
  private(set) var proposed = DurablePlace(0)
  private var pending: [WriteToken: Pending] = [:]
  private(set) var proposalsPending = 0

  init(recovered: RecoveredChain?) {
    guard let recovered else { return }
    entries = DurablePlace(recovered.entries.count)
    proposed = DurablePlace(min(recovered.proposals.last?.proposal.last ?? 0, recovered.entries.count))
  }

  mutating func started(_ token: WriteToken, _ what: Pending) {
    pending[token] = what
    if case .proposal = what { proposalsPending += 1 }
  }

  /// - Returns: what finished, nil for a token that is not of this ledger.
  mutating func finished(_ token: WriteToken) -> Pending? {
    guard let what = pending.removeValue(forKey: token) else { return nil }
    switch what {
    case .entries(let number): entries = DurablePlace(max(entries.number, number))
    case .proposal(let number):
      proposalsPending -= 1
      proposed = DurablePlace(max(proposed.number, number))
    case .batch(let number):
      entries = DurablePlace(max(entries.number, number))
      proposed = DurablePlace(max(proposed.number, number))
    case .acknowledgement: break
    }
    return what
  }
}
