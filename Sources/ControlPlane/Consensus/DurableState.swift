internal import Ledger
internal import Model

/// Proof that `value` is on this node's disk. Only `DurableState` makes one, from a finished write or from what was
/// recovered; what a node signs is made from such proofs, so that nothing unsynced can be signed.
struct Durable<Value: Sendable>: Sendable {
  let value: Value
  fileprivate init(_ value: Value) { self.value = value }
}

/// What of one ledger is durable here, and what is on its way.
struct DurableState: Sendable {
  enum Pending: Sendable {
    case entries(through: Int)
    /// Entries of a coordinator's own, signed.
    case proposal(SignedProposal)
    /// Entries with the proposals that cover them.
    case segment(through: Int, [SignedProposal])
    case ballot(Ballot)
    case prepared(PrepareCertificate)
    case other
  }

  enum Finished: Sendable {
    case entries
    case proposals([Durable<SignedProposal>])
    case ballot(Durable<Ballot>)
    case prepared(Durable<PrepareCertificate>)
    case other
  }

  /// The last durable entry, and the last one that is durable with a proposal over it.
  private(set) var entries = 0
  private(set) var proposed = 0
  private(set) var prepared: Durable<PrepareCertificate>?
  private(set) var ballot: Durable<Ballot>
  private var pending: [WriteToken: Pending] = [:]
  /// Proposals signed and not durable yet.
  private(set) var proposalsPending = 0

  init(recovered: RecoveredChain?) {
    ballot = Durable(recovered?.ballot ?? Ballot())
    guard let recovered else { return }
    entries = recovered.entries.count
    proposed = min(recovered.proposals.last?.proposal.last ?? 0, entries)
    prepared = recovered.prepared.map { Durable($0) }
  }

  /// What of the chain's proposals is durable, to be acknowledged anew.
  func held(_ proposals: [SignedProposal]) -> [Durable<SignedProposal>] {
    proposals.filter { $0.proposal.last <= proposed }.map { Durable($0) }
  }

  mutating func started(_ token: WriteToken, _ what: Pending) {
    pending[token] = what
    if case .proposal = what { proposalsPending += 1 }
  }

  /// - Returns: what finished, nil for a token that is not of this ledger.
  mutating func finished(_ token: WriteToken) -> Finished? {
    guard let what = pending.removeValue(forKey: token) else { return nil }
    switch what {
    case .entries(let number):
      entries = max(entries, number)
      return .entries
    case .proposal(let proposal):
      proposalsPending -= 1
      // Dropped meanwhile: nothing of it is promised.
      guard proposal.proposal.last <= entries else { return .other }
      proposed = max(proposed, proposal.proposal.last)
      return .proposals([Durable(proposal)])
    case .segment(let number, let proposals):
      entries = max(entries, number)
      proposed = max(proposed, number)
      return .proposals(proposals.map { Durable($0) })
    case .ballot(let ballot):
      self.ballot = Durable(ballot)
      return .ballot(Durable(ballot))
    case .prepared(let certificate):
      prepared = Durable(certificate)
      return .prepared(Durable(certificate))
    case .other: return .other
    }
  }

  /// Entries above `number` are given up: writes under way count up to there only.
  mutating func drop(after number: Int) {
    entries = min(entries, number)
    proposed = min(proposed, number)
    for (token, what) in pending {
      switch what {
      case .entries(let through): pending[token] = .entries(through: min(through, number))
      case .segment(let through, let proposals):
        pending[token] = .segment(
          through: min(through, number), proposals.filter { $0.proposal.last <= number })
      case .proposal(let proposal) where proposal.proposal.last > number:
        proposalsPending -= 1
        pending[token] = .other
      case .proposal, .ballot, .prepared, .other: break
      }
    }
  }
}
