internal import CSodium

/// An Ed25519 public key (RFC 8032), 32 bytes.
public struct VerificationKey: Hashable, Sendable {
  public static let byteCount = 32
  public let bytes: [UInt8]

  /// - Throws: `SodiumError.wrongLength`.
  public init(bytes: [UInt8]) throws(SodiumError) {
    guard bytes.count == Self.byteCount else {
      throw .wrongLength(expected: Self.byteCount, got: bytes.count)
    }
    self.bytes = bytes
  }

  /// Whether `signature` is this key's over `message`, by libsodium's rule: keys and points of small order
  /// and non-canonical encodings are refused.
  public func verifies(_ signature: Signature, over message: [UInt8]) -> Bool {
    Library.ensure()
    return crypto_sign_verify_detached(signature.bytes, message, UInt64(message.count), bytes) == 0
  }
}

/// An Ed25519 signature, 64 bytes.
public struct Signature: Hashable, Sendable {
  public static let byteCount = 64
  public let bytes: [UInt8]

  /// - Throws: `SodiumError.wrongLength`.
  public init(bytes: [UInt8]) throws(SodiumError) {
    guard bytes.count == Self.byteCount else {
      throw .wrongLength(expected: Self.byteCount, got: bytes.count)
    }
    self.bytes = bytes
  }
}

/// An Ed25519 key pair, made from a 32-byte seed. The seed is the secret.
public struct SigningKey: Sendable {
  public static let seedByteCount = 32
  public let seed: [UInt8]
  public let verificationKey: VerificationKey
  private let secret: [UInt8]

  /// A new key from the system's randomness.
  public init() {
    Library.ensure()
    // The length is the library's own, so the throwing initialiser cannot throw here.
    guard let key = try? SigningKey(seed: secureRandomBytes(Self.seedByteCount)) else {
      preconditionFailure("a seed of \(Self.seedByteCount) bytes was refused")
    }
    self = key
  }

  /// - Throws: `SodiumError.wrongLength` unless the seed has 32 bytes.
  public init(seed: [UInt8]) throws(SodiumError) {
    Library.ensure()
    guard seed.count == Self.seedByteCount else {
      throw .wrongLength(expected: Self.seedByteCount, got: seed.count)
    }
    var publicKey = [UInt8](repeating: 0, count: VerificationKey.byteCount)
    var secret = [UInt8](repeating: 0, count: Int(crypto_sign_SECRETKEYBYTES))
    crypto_sign_seed_keypair(&publicKey, &secret, seed)
    self.seed = seed
    self.secret = secret
    self.verificationKey = try VerificationKey(bytes: publicKey)
  }

  public func sign(_ message: [UInt8]) -> Signature {
    var out = [UInt8](repeating: 0, count: Signature.byteCount)
    crypto_sign_detached(&out, nil, message, UInt64(message.count), secret)
    guard let signature = try? Signature(bytes: out) else {
      preconditionFailure("libsodium made a signature of another length")
    }
    return signature
  }
}
