internal import Ledger
internal import Model
internal import Sodium

/// Members and voters at every place of a chain, as its entries say them.
struct Membership: Hashable, Sendable {
  private struct Stage: Hashable, Sendable {
    /// The first entry under it.
    let from: Int
    let members: MemberSet
  }

  private var stages: [Stage]

  init(_ founding: MemberSet) { stages = [Stage(from: 0, members: founding)] }

  var founding: MemberSet { stages[0].members }
  /// After the chain's head.
  var newest: MemberSet { stages[stages.count - 1].members }
  /// Where the joint configuration in force began; nil while there is none.
  var jointFrom: Int? {
    guard newest.configuration.next != nil else { return nil }
    return stages.last { $0.members.configuration.hash != newest.configuration.hash }
      .flatMap { before in stages.first { $0.from > before.from }?.from }
  }

  /// Those in force at a place.
  func members(at number: Int) -> MemberSet { (stages.last { $0.from <= number } ?? stages[0]).members }

  /// A configuration of this chain that is in force at a place or later.
  func configuration(_ hash: Digest, from number: Int = 0) -> Configuration? {
    let first = stages.lastIndex { $0.from <= number } ?? 0
    return stages[first...].last { $0.members.configuration.hash == hash }?.members.configuration
  }

  /// Under which key a node signs, or signed, in an epoch.
  func key(of node: NodeID, epoch: Int) -> VerificationKey? {
    for stage in stages.reversed() {
      if let key = stage.members.key(of: node, epoch: epoch) { return key }
    }
    return nil
  }

  /// The entry with which a node left; nil for who is a member, or never was one.
  func departure(of node: NodeID) -> Int? {
    guard newest.member(node) == nil, let last = stages.lastIndex(where: { $0.members.member(node) != nil }) else {
      return nil
    }
    return stages[last + 1].from
  }

  private(set) var hasDepartures = false

  /// Who left, in the order of their ids.
  var departed: [NodeID] {
    let now = Set(newest.members.map(\.node))
    return Set(stages.flatMap { $0.members.members.map(\.node) }).subtracting(now).sorted()
  }

  /// Takes the change of entry `number`, the next of the chain.
  ///
  /// - Returns: the configuration of that entry.
  /// - Throws: `LedgerError.statement`; nothing is changed.
  @discardableResult
  mutating func take(_ change: MembershipChange?, at number: Int) throws(LedgerError) -> Configuration {
    guard let change else { return newest.configuration }
    let members = newest.taking(change, configuration: try change.configuration(after: newest.configuration))
    stages.append(Stage(from: number, members: members))
    if case .left = change { hasDepartures = true }
    return members.configuration
  }

  /// Puts what a segment says in place of what was known from its first entry on. Whether it may be taken shows later:
  /// until then it only says whose signatures to check.
  mutating func replace(by segment: Segment) {
    goBack(to: segment.first - 1)
    for entry in segment.entries { _ = try? take(segment.changes[entry.number], at: entry.number) }
  }

  /// Forgets what entries above a place said.
  mutating func goBack(to number: Int) { stages.removeAll { $0.from > number } }
}

extension MemberSet {
  fileprivate func taking(_ change: MembershipChange, configuration: Configuration) -> MemberSet {
    var members = members
    switch change {
    case .joined(let certificate):
      members.removeAll { $0.node == certificate.node }
      members.append(
        Member(node: certificate.node, epoch: certificate.epoch, signingKey: certificate.signingKey))
    case .left(let node): members.removeAll { $0.node == node }
    case .changing, .changed: break
    }
    return MemberSet(
      collaboration: collaboration, founder: founder, configuration: configuration, members: members,
      contacts: contacts)
  }
}
