public import Model
public import Sodium

/// A node's working keys for one numbered epoch, certified by its root key. The statement that carries it has
/// epoch 0 in its frame: signed by the root.
public struct EpochCertificate: StatementBody {
  public static let purpose = Purpose("epoch")

  public let cosigningKey: VerificationKey
  /// Takes encrypted datagrams.
  public let datagramKey: AgreementKey
  /// From 1.
  public let epoch: Int
  public let rootKey: VerificationKey
  /// Signs statements and handshakes.
  public let signingKey: VerificationKey

  public init(
    epoch: Int, rootKey: VerificationKey, signingKey: VerificationKey, datagramKey: AgreementKey,
    cosigningKey: VerificationKey
  ) {
    self.cosigningKey = cosigningKey
    self.datagramKey = datagramKey
    self.epoch = epoch
    self.rootKey = rootKey
    self.signingKey = signingKey
  }

  /// The node whose root key certifies.
  public var node: NodeID { NodeID(rootKey: rootKey) }

  /// Reads and checks a certificate; it needs nothing but itself.
  ///
  /// - Throws: `IdentityError`.
  public static func checked(_ signed: SignedStatement, network: NetworkID) throws(IdentityError) -> EpochCertificate {
    let certificate: EpochCertificate = try signed.statement.body(as: EpochCertificate.self, network: network)
    guard signed.statement.epoch == 0, certificate.epoch >= 1 else {
      throw .malformed(what: "epoch certificate", reason: "epochs count from 1 and the frame's is 0")
    }
    guard signed.statement.author == certificate.node else {
      throw .mismatch(what: "the certificate's author and its root key")
    }
    guard signed.verifies(with: certificate.rootKey) else { throw .badSignature(of: "the epoch certificate") }
    return certificate
  }
}

/// An X25519 public key, 32 bytes; 64 lowercase hexadecimal digits in documents.
public struct AgreementKey: Hashable, Sendable, Codable {
  public let bytes: [UInt8]

  /// - Returns: nil unless there are exactly 32 bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == KeyExchange.byteCount else { return nil }
    self.bytes = bytes
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let bytes = Hexadecimal.decode(try container.decode(String.self)), let key = AgreementKey(bytes: bytes)
    else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "expected 64 lowercase hexadecimal digits")
    }
    self = key
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Hexadecimal.encode(bytes))
  }
}

extension Statement {
  /// The body as its type, for one network.
  ///
  /// - Throws: `IdentityError.otherNetwork`, `.malformed`.
  func body<Body: StatementBody>(as type: Body.Type, network expected: NetworkID) throws(IdentityError) -> Body {
    guard network == expected else { throw .otherNetwork(expected: expected, got: network) }
    do {
      return try decode(type)
    } catch {
      throw .malformed(what: "statement of purpose \(Body.purpose)", reason: "\(error)")
    }
  }
}
