internal import CSodium

/// SHA-256 (FIPS 180-4), whole or piece by piece.
public struct SHA256: Sendable {
  public static let byteCount = 32

  private var state = crypto_hash_sha256_state()

  public init() {
    Library.ensure()
    crypto_hash_sha256_init(&state)
  }

  public mutating func update(_ bytes: some Sequence<UInt8>) {
    let done: Void? = bytes.withContiguousStorageIfAvailable { buffer in
      if let base = buffer.baseAddress { crypto_hash_sha256_update(&state, base, UInt64(buffer.count)) }
    }
    if done == nil {
      let copy = Array(bytes)
      crypto_hash_sha256_update(&state, copy, UInt64(copy.count))
    }
  }

  /// Ends the hash; 32 bytes.
  public mutating func finalize() -> [UInt8] {
    var out = [UInt8](repeating: 0, count: Self.byteCount)
    crypto_hash_sha256_final(&state, &out)
    return out
  }

  /// The hash of one byte string; 32 bytes.
  public static func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var hasher = SHA256()
    hasher.update(bytes)
    return hasher.finalize()
  }
}
