internal import CSodium

/// An X25519 pair for messages between two parties that know each other's public key (libsodium `crypto_box`).
public struct BoxKeyPair: Sendable {
  public static let byteCount = 32
  public let publicKey: [UInt8]
  private let secretKey: [UInt8]

  /// A pair from a 32-byte seed.
  ///
  /// - Throws: `SodiumError.wrongLength`.
  public init(seed: [UInt8]) throws(SodiumError) {
    Library.ensure()
    guard seed.count == Int(crypto_box_SEEDBYTES) else {
      throw .wrongLength(expected: Int(crypto_box_SEEDBYTES), got: seed.count)
    }
    var publicKey = [UInt8](repeating: 0, count: Self.byteCount)
    var secretKey = [UInt8](repeating: 0, count: Self.byteCount)
    crypto_box_seed_keypair(&publicKey, &secretKey, seed)
    self.publicKey = publicKey
    self.secretKey = secretKey
  }

  /// The key that this pair and the peer's have in common: the same on both sides. Costs a scalar multiplication.
  ///
  /// - Throws: `SodiumError.unusableKey` for a peer key of small order, `.wrongLength`.
  public func shared(with peer: [UInt8]) throws(SodiumError) -> BoxKey {
    guard peer.count == Self.byteCount else { throw .wrongLength(expected: Self.byteCount, got: peer.count) }
    var key = [UInt8](repeating: 0, count: Int(crypto_box_BEFORENMBYTES))
    guard crypto_box_beforenm(&key, peer, secretKey) == 0 else { throw .unusableKey }
    return BoxKey(bytes: key)
  }
}

/// Seals and opens single messages with XSalsa20-Poly1305. A nonce must never be used twice with one key.
public struct BoxKey: Sendable {
  public static let nonceByteCount = 24
  /// What each message grows by.
  public static let overheadByteCount = 16
  private let bytes: [UInt8]

  fileprivate init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Encrypts a message; `overheadByteCount` longer than the plaintext.
  public func seal(_ plaintext: [UInt8], nonce: [UInt8]) -> [UInt8] {
    precondition(nonce.count == Self.nonceByteCount, "a nonce has \(Self.nonceByteCount) bytes")
    var out = [UInt8](repeating: 0, count: plaintext.count + Self.overheadByteCount)
    crypto_box_easy_afternm(&out, plaintext, UInt64(plaintext.count), nonce, bytes)
    return out
  }

  /// - Throws: `SodiumError.notAuthentic` for a message that was altered, or sealed with another key or nonce.
  public func open(_ ciphertext: [UInt8], nonce: [UInt8]) throws(SodiumError) -> [UInt8] {
    guard nonce.count == Self.nonceByteCount, ciphertext.count >= Self.overheadByteCount else { throw .notAuthentic }
    var out = [UInt8](repeating: 0, count: ciphertext.count - Self.overheadByteCount)
    guard crypto_box_open_easy_afternm(&out, ciphertext, UInt64(ciphertext.count), nonce, bytes) == 0 else {
      throw .notAuthentic
    }
    return out
  }
}
