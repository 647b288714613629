public import Model
public import Sodium

/// A founder's word that whoever holds the invitation's key may join, until a time.
public struct Grant: StatementBody {
  public static let purpose = Purpose("grant")

  /// The founder's epoch certificate, so that the grant is checked with nothing but the genesis.
  public let certificate: SignedStatement
  /// Milliseconds since 1970-01-01T00:00:00Z. Joining is refused afterwards; members stay.
  public let expiresMilliseconds: Int64
  public let invitationKey: VerificationKey

  public init(invitationKey: VerificationKey, expiresMilliseconds: Int64, certificate: SignedStatement) {
    self.certificate = certificate
    self.expiresMilliseconds = expiresMilliseconds
    self.invitationKey = invitationKey
  }

  /// Reads and checks a grant, except for its time, which is for whoever lets somebody in to check.
  ///
  /// - Throws: `IdentityError`.
  public static func checked(
    _ signed: SignedStatement, genesis: Genesis, network: NetworkID
  ) throws(IdentityError) -> Grant {
    let grant = try signed.statement.body(as: Grant.self, network: network)
    let certificate = try EpochCertificate.checked(grant.certificate, network: network)
    guard genesis.admission.invitation, genesis.founded(by: certificate.node) else {
      throw .notAdmitted(certificate.node, reason: "the grant's author is not among the network's founders")
    }
    guard signed.statement.author == certificate.node, signed.statement.epoch == certificate.epoch else {
      throw .mismatch(what: "the grant's author and its certificate")
    }
    guard signed.verifies(with: certificate.signingKey) else { throw .badSignature(of: "the grant") }
    return grant
  }
}

/// Why a node is a member.
public enum Admission: Hashable, Sendable {
  /// Its root key stands in the genesis.
  case founder
  /// A founder's grant, and the signature of the invitation's key over the joiner's id: the pair is bound to
  /// that joiner and is worth nothing to who copies it from a record. Whoever has the key can make one for itself.
  case invitation(grant: SignedStatement, proof: Signature)

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
  /// - Returns: when the grant ends for joining; nil for a founder.
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
      guard grant.invitationKey.verifies(proof, over: Self.message(node: node, network: network)) else {
        throw .badSignature(of: "the invitation's key over the node's id")
      }
      return grant.expiresMilliseconds
    }
  }
}

/// In documents `{"founder":true}` or `{"grant":{...},"proof":hex}`.
extension Admission: Codable {
  private enum CodingKeys: String, CodingKey { case founder, grant, proof }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if container.contains(.founder) {
      guard try container.decode(Bool.self, forKey: .founder) else {
        throw DecodingError.dataCorruptedError(
          forKey: .founder, in: container, debugDescription: "stands only where it is true")
      }
      self = .founder
    } else {
      self = .invitation(
        grant: try container.decode(SignedStatement.self, forKey: .grant),
        proof: try container.decode(Signature.self, forKey: .proof))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .founder: try container.encode(true, forKey: .founder)
    case .invitation(let grant, let proof):
      try container.encode(grant, forKey: .grant)
      try container.encode(proof, forKey: .proof)
    }
  }
}
