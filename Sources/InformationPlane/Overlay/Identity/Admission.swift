public import Model
public import Sodium

/// A founder's word that somebody may join, until a time.
public struct Grant: StatementBody {
  public static let purpose = Purpose("grant")
  /// Whom it lets in.
  public enum Holder: Hashable, Sendable {
    /// Whoever has the secret half of this key: one node, so that an invitation that went astray makes no crowd.
    case invitationKey(VerificationKey)
    /// This node and no other.
    case node(NodeID)

    /// The way in that the network's policy must allow.
    public var way: AdmissionWay {
      switch self {
      case .invitationKey: .invitation
      case .node: .allowList
      }
    }
  }

  /// The founder's epoch certificate, so that the grant is checked with nothing but the genesis.
  public let certificate: SignedStatement
  /// Milliseconds since 1970-01-01T00:00:00Z. Joining is refused afterwards; members stay.
  public let expiresMilliseconds: Int64
  public let holder: Holder

  public init(_ holder: Holder, expiresMilliseconds: Int64, certificate: SignedStatement) {
    self.certificate = certificate
    self.expiresMilliseconds = expiresMilliseconds
    self.holder = holder
  }

  /// Reads and checks a grant, except for its time, which is for whoever lets somebody in to check.
  ///
  /// - Throws: `IdentityError`.
  public static func checked(
    _ signed: SignedStatement, genesis: Genesis, network: NetworkID
  ) throws(IdentityError) -> Grant {
    let grant = try signed.statement.body(as: Grant.self, network: network)
    if GrantMemo.holds(signed, network: network) { return grant }
    let isKnown = GrantMemo.holds(grant.certificate, network: network)
    let certificate =
      try isKnown
      ? grant.certificate.statement.body(as: EpochCertificate.self, network: network)
      : EpochCertificate.checked(grant.certificate, network: network)
    guard genesis.admission.allows(grant.holder.way) else { throw .wayClosed(grant.holder.way) }
    guard genesis.founded(by: certificate.node) else {
      throw .notAdmitted(certificate.node, reason: "the grant's author is not among the network's founders")
    }
    guard signed.statement.author == certificate.node, signed.statement.epoch == certificate.epoch else {
      throw .mismatch(what: "the grant's author and its certificate")
    }
    guard signed.verifies(with: certificate.signingKey) else { throw .badSignature(of: "the grant") }
    GrantMemo.note(grant.certificate, network: network)
    GrantMemo.note(signed, network: network)
    return grant
  }
}

/// In documents with either `invitationKey` or `node`.
extension Grant {
  private enum CodingKeys: String, CodingKey { case certificate, expiresMilliseconds, invitationKey, node }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    certificate = try container.decode(SignedStatement.self, forKey: .certificate)
    expiresMilliseconds = try container.decode(Int64.self, forKey: .expiresMilliseconds)
    switch (container.contains(.invitationKey), container.contains(.node)) {
    case (true, false):
      holder = .invitationKey(try container.decode(VerificationKey.self, forKey: .invitationKey))
    case (false, true): holder = .node(try container.decode(NodeID.self, forKey: .node))
    default:
      throw DecodingError.dataCorruptedError(
        forKey: .node, in: container,
        debugDescription: "a grant names either an invitation's key or a node")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(certificate, forKey: .certificate)
    try container.encode(expiresMilliseconds, forKey: .expiresMilliseconds)
    switch holder {
    case .invitationKey(let key): try container.encode(key, forKey: .invitationKey)
    case .node(let node): try container.encode(node, forKey: .node)
    }
  }
}

/// Why a node is a member.
public enum Admission: Hashable, Sendable {
  /// Its root key stands in the genesis.
  case founder
  /// A founder's grant, and the signature of the invitation's key over the joiner's id: the pair is bound to
  /// that joiner and is worth nothing to who copies it from a record. Whoever has the key can make one for itself.
  case invitation(grant: SignedStatement, proof: Signature)
  /// A founder's grant that names the node: nobody else can use it.
  case allowed(grant: SignedStatement)
  /// The network's own collaboration let it in: whether it did is for who follows that ledger to say.
  case voted

  /// What lets the node in; nil for a founder and for who was voted in.
  public var grant: SignedStatement? {
    switch self {
    case .founder, .voted: nil
    case .invitation(let grant, _), .allowed(let grant): grant
    }
  }

  /// The grant of the invitation that was used, which lets in one node; nil for who came another way. Checks nothing.
  var invitation: StatementID? {
    guard case .invitation(let grant, _) = self else { return nil }
    return grant.id
  }

  private static let domain = Array("JointCloud admission v1\n".utf8)

  /// Binds `grant` to `node`.
  public static func invitation(
    grant: SignedStatement, key: SigningKey, node: NodeID, network: NetworkID
  ) -> Admission {
    .invitation(grant: grant, proof: key.sign(message(node: node, network: network)))
  }

  private static func message(node: NodeID, network: NetworkID) -> [UInt8] {
    domain + network.digest.bytes + node.digest.bytes
  }

  /// Checks that `node` is admitted.
  ///
  /// - Returns: when the grant ends for joining; nil for a founder and for who was voted in.
  /// - Throws: `IdentityError`.
  func check(node: NodeID, genesis: Genesis, network: NetworkID) throws(IdentityError) -> Int64? {
    switch self {
    case .founder:
      guard genesis.founded(by: node) else {
        throw .notAdmitted(node, reason: "it claims to be a founder and its key is not in the genesis")
      }
      return nil
    case .invitation(let signed, let proof):
      let grant = try Grant.checked(signed, genesis: genesis, network: network)
      guard case .invitationKey(let key) = grant.holder else {
        throw .mismatch(what: "a grant for a node and the proof of an invitation")
      }
      guard key.verifies(proof, over: Self.message(node: node, network: network)) else {
        throw .badSignature(of: "the invitation's key over the node's id")
      }
      return grant.expiresMilliseconds
    case .voted:
      guard genesis.admission.vote else { throw .wayClosed(.vote) }
      return nil
    case .allowed(let signed):
      let grant = try Grant.checked(signed, genesis: genesis, network: network)
      guard case .node(let named) = grant.holder else {
        throw .mismatch(what: "an invitation's grant and no proof of its key")
      }
      guard named == node else { throw .grantedToAnother(granted: named, node: node) }
      return grant.expiresMilliseconds
    }
  }
}

/// In documents `{"founder":true}`, `{"grant":{...},"proof":hex}`, `{"grant":{...}}` for one that names the node,
/// or `{"voted":true}`.
extension Admission: Codable {
  private enum CodingKeys: String, CodingKey { case founder, grant, proof, voted }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if container.contains(.founder) {
      guard try container.decode(Bool.self, forKey: .founder) else {
        throw DecodingError.dataCorruptedError(
          forKey: .founder, in: container, debugDescription: "stands only where it is true")
      }
      self = .founder
    } else if container.contains(.voted) {
      guard try container.decode(Bool.self, forKey: .voted) else {
        throw DecodingError.dataCorruptedError(
          forKey: .voted, in: container, debugDescription: "stands only where it is true")
      }
      self = .voted
    } else {
      let grant = try container.decode(SignedStatement.self, forKey: .grant)
      let proof = try container.decodeIfPresent(Signature.self, forKey: .proof)
      self = proof.map { .invitation(grant: grant, proof: $0) } ?? .allowed(grant: grant)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .founder: try container.encode(true, forKey: .founder)
    case .invitation(let grant, let proof):
      try container.encode(grant, forKey: .grant)
      try container.encode(proof, forKey: .proof)
    case .allowed(let grant): try container.encode(grant, forKey: .grant)
    case .voted: try container.encode(true, forKey: .voted)
    }
  }
}
