/// Who signed what, over the whole run and from wherever a signature was seen.
struct Tally: Sendable {
  /// What signatures are counted for. Votes count for the candidate, and for the candidate at the position too.
  enum Count: Hashable, Sendable {
    case pledge(Pledge, configuration: Digest)
    case candidate(Digest, term: Int, configuration: Digest)
  }

  private var signers: [Count: Set<Voter>] = [:]
  private var reached: Set<Count> = []

  /// Counts a signer; true when that makes the quorum.
  mutating func add(_ signer: Voter, for count: Count, in configuration: Configuration) -> Bool {
    guard !reached.contains(count), signers[count, default: []].insert(signer).inserted,
      configuration.isQuorum(signers[count, default: []])
    else { return false }
    reached.insert(count)
    return true
  }

  /// Whether the signers and one more are a quorum: a node's own signature may count for it before it leaves.
  func isQuorum(for count: Count, with node: Digest, in configuration: Configuration) -> Bool {
    var all = signers[count, default: []]
    for voter in configuration.voters + (configuration.next ?? []) where voter.node == node { all.insert(voter) }
    return configuration.isQuorum(all)
  }
}
