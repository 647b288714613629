public import Sodium

/// A root key's word on a numbered epoch of working keys (design 3). The root key may lie offline; it signs
/// nothing else, and its statements carry epoch 0.
public struct EpochCertificate: StatementBody {
  public static let purpose = Purpose("epoch")

  /// From 1.
  public let epoch: Int
  /// Ed25519, hexadecimal; its SHA-256 is the node's id.
  public let rootKey: String
  /// Ed25519, hexadecimal: signs statements.
  public let signingKey: String
  /// X25519, hexadecimal: datagrams between pairs.
  public let datagramKey: String
  /// Ed25519, hexadecimal: cosigns checkpoints.
  public let cosigningKey: String

  public init(epoch: Int, rootKey: String, signingKey: String, datagramKey: String, cosigningKey: String) {
    self.epoch = epoch
    self.rootKey = rootKey
    self.signingKey = signingKey
    self.datagramKey = datagramKey
    self.cosigningKey = cosigningKey
  }
}

/// What a checked certificate proves: which key speaks for a node in which epoch.
public struct EpochKeys: Hashable, Sendable {
  public let node: NodeID
  public let epoch: Int
  public let signingKey: VerificationKey

  /// Checks a certificate by itself: the root key hashes to the author, and made the signature.
  ///
  /// - Throws: `EpochCertificateError`.
  public init(checking signed: SignedStatement) throws(EpochCertificateError) {
    let certificate: EpochCertificate
    do {
      certificate = try signed.statement.decode(EpochCertificate.self)
    } catch {
      throw .malformed(String(describing: error))
    }
    guard let rootBytes = Hexadecimal.decode(certificate.rootKey), let root = try? VerificationKey(bytes: rootBytes),
      let signingBytes = Hexadecimal.decode(certificate.signingKey),
      let signing = try? VerificationKey(bytes: signingBytes), certificate.epoch >= 1
    else { throw .malformed("a key is not 32 bytes in hexadecimal, or the epoch is below 1") }
    guard NodeID(Digest(of: rootBytes)) == signed.statement.author else { throw .otherNode }
    guard signed.statement.epoch == 0, signed.verifies(with: root) else { throw .badSignature }
    node = signed.statement.author
    epoch = certificate.epoch
    signingKey = signing
  }

  /// Whether these keys made the statement: author, epoch and signature.
  public func made(_ signed: SignedStatement) -> Bool {
    signed.statement.author == node && signed.statement.epoch == epoch && signed.verifies(with: signingKey)
  }
}

public enum EpochCertificateError: Error, Equatable, Sendable {
  case malformed(String)
  /// The root key's hash is not the author's id.
  case otherNode
  case badSignature
}
