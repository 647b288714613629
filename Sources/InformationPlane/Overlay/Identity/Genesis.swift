public import Model
public import Sodium

/// What founds a network: its name, its founders and how others get in. The network's id is its hash.
public struct Genesis: Hashable, Sendable, Codable {
  /// The largest genesis in bytes, as canonical JSON.
  public static let byteLimit = 16 * 1_024
  static let founderLimit = 32

  /// Who gets in beside the founders.
  public struct AdmissionPolicy: Hashable, Sendable {
    /// Whoever holds a founder's invitation.
    public var invitation: Bool
    /// Nodes that a founder names by their id.
    public var allowList: Bool
    /// Nodes that the members let in by vote; members are revoked by vote, too. Such a network has a collaboration of its
    /// own, whose ledger holds these decisions.
    public var vote: Bool

    public init(invitation: Bool, allowList: Bool = false, vote: Bool = false) {
      self.invitation = invitation
      self.allowList = allowList
      self.vote = vote
    }

    public func allows(_ way: AdmissionWay) -> Bool {
      switch way {
      case .invitation: invitation
      case .allowList: allowList
      case .vote: vote
      }
    }
  }

  public let admission: AdmissionPolicy
  /// Milliseconds since 1970-01-01T00:00:00Z.
  public let createdMilliseconds: Int64
  /// Root public keys of the nodes that are members without a grant and may give grants.
  public let founders: [VerificationKey]
  public let name: String
  /// Keeps two networks of one name and time apart.
  public let nonce: Digest
  public let version: Int

  public init(
    name: String, founders: [VerificationKey], createdMilliseconds: Int64, nonce: Digest,
    admission: AdmissionPolicy = AdmissionPolicy(invitation: true)
  ) {
    self.admission = admission
    self.createdMilliseconds = createdMilliseconds
    self.founders = founders
    self.name = name
    self.nonce = nonce
    version = 1
  }

  /// The network's id: SHA-256 of the genesis' canonical JSON.
  ///
  /// - Throws: `IdentityError.malformed` for a name or a list of founders outside the limits.
  public func networkID() throws(IdentityError) -> NetworkID {
    guard version == 1 else { throw .malformed(what: "genesis", reason: "version \(version) is not known") }
    guard TextRule.name.allows(name) else {
      throw .malformed(what: "genesis", reason: "the network's name is \(TextRule.name.statement)")
    }
    guard (1...Self.founderLimit).contains(founders.count) else {
      throw .malformed(what: "genesis", reason: "it must name 1 to \(Self.founderLimit) founders")
    }
    do {
      return NetworkID(Digest(of: try CanonicalJSON.encode(self)))
    } catch {
      throw .malformed(what: "genesis", reason: "\(error)")
    }
  }

  /// Whether `node` founded the network.
  public func founded(by node: NodeID) -> Bool {
    founders.contains { NodeID(rootKey: $0) == node }
  }
}

/// How a node gets in that is no founder.
public enum AdmissionWay: String, Hashable, Sendable, CaseIterable {
  case invitation
  case allowList
  case vote
}

/// In documents `{"invitation":true}`; `allowList` and `vote` stand only where they are true, so that each policy has one
/// form.
extension Genesis.AdmissionPolicy: Codable {
  private enum CodingKeys: String, CodingKey { case allowList, invitation, vote }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    invitation = try container.decode(Bool.self, forKey: .invitation)
    allowList = try Self.flag(.allowList, in: container)
    vote = try Self.flag(.vote, in: container)
  }

  private static func flag(_ key: CodingKeys, in container: KeyedDecodingContainer<CodingKeys>) throws -> Bool {
    let flag = try container.decodeIfPresent(Bool.self, forKey: key) ?? false
    guard flag || !container.contains(key) else {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: container, debugDescription: "stands only where it is true")
    }
    return flag
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(invitation, forKey: .invitation)
    if allowList { try container.encode(true, forKey: .allowList) }
    if vote { try container.encode(true, forKey: .vote) }
  }
}
