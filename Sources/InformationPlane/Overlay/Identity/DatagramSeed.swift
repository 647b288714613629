public import Model
internal import Sodium

extension AgreementKey {
  /// The public key of the pair that a datagram seed gives.
  ///
  /// - Parameter datagramSeed: 32 random bytes, secret.
  /// - Throws: `IdentityError.malformed` for another length.
  public init(datagramSeed: [UInt8]) throws(IdentityError) {
    guard let pair = try? BoxKeyPair(seed: datagramSeed), let key = AgreementKey(bytes: pair.publicKey) else {
      throw .malformed(what: "the datagram seed", reason: "it has \(datagramSeed.count) bytes instead of 32")
    }
    self = key
  }
}
