public import Sodium

/// A root key's word on a numbered epoch of working keys (design 3). The root key may lie offline; it signs
/// nothing else, and its statements carry epoch 0.
public struct EpochCertificate: StatementBody {
  public static let purpose = Purpose("epoch")

  /// Cosigns checkpoints.
  public let cosigningKey: VerificationKey
  /// Takes encrypted datagrams.
  public let datagramKey: AgreementKey
  /// From 1.
  public let epoch: Int
  /// Its SHA-256 is the node's id.
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
    guard signed.statement.epoch == 0, certificate.epoch >= 1 else {
      throw .malformed("epochs count from 1 and the frame's is 0")
    }
    guard signed.statement.author == certificate.node else { throw .otherNode }
    guard signed.verifies(with: certificate.rootKey) else { throw .badSignature }
    self = certificate
  }

  /// Whether this epoch's key made the statement: author, epoch and signature.
  public func made(_ signed: SignedStatement) -> Bool {
    signed.statement.author == node && signed.statement.epoch == epoch && signed.verifies(with: signingKey)
  }
}

/// Why a certificate proves nothing.
public enum EpochCertificateError: Error, Equatable, Sendable, CustomStringConvertible {
  case malformed(String)
  /// The root key's hash is not the author's id.
  case otherNode
  case badSignature

  public var description: String {
    switch self {
    case .malformed(let reason): "the epoch certificate is malformed: \(reason)"
    case .otherNode: "the epoch certificate's author is not the node of its root key"
    case .badSignature: "the epoch certificate's signature by the root key does not hold"
    }
  }
}

extension NodeID {
  /// The node whose root key this is.
  public init(rootKey: VerificationKey) {
    self.init(Digest(of: rootKey.bytes))
  }
}
