public import Model

/// A member of a round and what it declared.
public struct RosterMember: Codable, Hashable, Sendable {
  public var node: NodeID
  public var name: String
  public var owner: String
  /// supercomputing, ai, public, central, edge, micro or virtual.
  public var kind: String
  /// Which key speaks for it, so that a ledger is checked without asking anybody.
  public var certificate: SignedStatement
  public var adapters: [String]
  /// Whether all work runs there without a network, on a read-only system, in its own scratch folder.
  public var sandboxed: Bool
  /// Zero for a member that only asks.
  public var total: Amounts
  public var priceMicroPerCPUSecond: Int

  public init(
    node: NodeID, name: String, owner: String, kind: String, certificate: SignedStatement, adapters: [String],
    sandboxed: Bool, total: Amounts, priceMicroPerCPUSecond: Int
  ) {
    self.node = node
    self.name = name
    self.owner = owner
    self.kind = kind
    self.certificate = certificate
    self.adapters = adapters
    self.sandboxed = sandboxed
    self.total = total
    self.priceMicroPerCPUSecond = priceMicroPerCPUSecond
  }
}

extension ContractDocument {
  /// Which admission condition a member does not meet; nil when it meets all (R31). Who only asks, or only votes,
  /// offers nothing and need not.
  public func refusal(of member: RosterMember) -> String? {
    guard !member.total.isZero else { return nil }
    if !admission.minimum.fits(in: member.total) {
      return "offers \(member.total.cpuMillicores)m CPU and \(member.total.memoryBytes) bytes, "
        + "asked are at least \(admission.minimum.cpuMillicores)m and \(admission.minimum.memoryBytes)"
    }
    if member.priceMicroPerCPUSecond > price.microPerCPUSecond {
      return "asks \(QuantityText.credits(micro: member.priceMicroPerCPUSecond)) credits a CPU-second, "
        + "the contract pays \(QuantityText.credits(micro: price.microPerCPUSecond))"
    }
    return nil
  }
}

/// The members of a round, by node id; a new version for each change (R7).
public struct Roster: Codable, Hashable, Sendable {
  public var version: Int
  public var members: [RosterMember]

  public init(version: Int, members: [RosterMember]) {
    self.version = version
    self.members = members.sorted { $0.node < $1.node }
  }

  public subscript(node: NodeID) -> RosterMember? {
    members.first { $0.node == node }
  }

  /// Who votes under a contract: the founder, and the others by node id as far as there is room.
  ///
  /// - Throws: `ConfigurationError` when somebody's certificate has no epoch that could vote.
  public func configuration(founder: NodeID, votersAtMost limit: Int) throws(ConfigurationError) -> Configuration {
    let others = members.filter { $0.node != founder }.prefix(max(0, limit - 1))
    let voters = members.filter { $0.node == founder } + others
    return try Configuration(
      voters: voters.map { member in
        Configuration.Voter(
          node: member.node, epoch: (try? member.certificate.statement.decode(EpochCertificate.self).epoch) ?? 0)
      })
  }
}
