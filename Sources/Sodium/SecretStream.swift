internal import CSodium

/// The sending half of an encrypted stream (XChaCha20-Poly1305, libsodium `crypto_secretstream`).
public struct SecretStreamSender: Sendable {
  public static let headerByteCount = 24
  /// What each frame grows by.
  public static let overheadByteCount = 17

  /// Sent in clear before the first frame.
  public let header: [UInt8]
  private var state = crypto_secretstream_xchacha20poly1305_state()

  /// - Throws: `SodiumError.wrongLength` unless the key has 32 bytes.
  public init(key: [UInt8]) throws(SodiumError) {
    Library.ensure()
    guard key.count == Int(crypto_secretstream_xchacha20poly1305_KEYBYTES) else {
      throw .wrongLength(expected: Int(crypto_secretstream_xchacha20poly1305_KEYBYTES), got: key.count)
    }
    var header = [UInt8](repeating: 0, count: Self.headerByteCount)
    crypto_secretstream_xchacha20poly1305_init_push(&state, &header, key)
    self.header = header
  }

  /// Encrypts one frame; `overheadByteCount` longer than the plaintext.
  public mutating func seal(_ plaintext: [UInt8]) -> [UInt8] {
    var out = [UInt8](repeating: 0, count: plaintext.count + Self.overheadByteCount)
    crypto_secretstream_xchacha20poly1305_push(
      &state, &out, nil, plaintext, UInt64(plaintext.count), nil, 0, 0)
    return out
  }
}

/// The receiving half of an encrypted stream. Frames open only in the order in which they were sealed.
public struct SecretStreamReceiver: Sendable {
  private var state = crypto_secretstream_xchacha20poly1305_state()

  /// - Throws: `SodiumError.wrongLength`, or `.notAuthentic` for an invalid header.
  public init(key: [UInt8], header: [UInt8]) throws(SodiumError) {
    Library.ensure()
    guard key.count == Int(crypto_secretstream_xchacha20poly1305_KEYBYTES) else {
      throw .wrongLength(expected: Int(crypto_secretstream_xchacha20poly1305_KEYBYTES), got: key.count)
    }
    guard header.count == SecretStreamSender.headerByteCount else {
      throw .wrongLength(expected: SecretStreamSender.headerByteCount, got: header.count)
    }
    guard crypto_secretstream_xchacha20poly1305_init_pull(&state, header, key) == 0 else { throw .notAuthentic }
  }

  /// - Throws: `SodiumError.notAuthentic` for a frame that was altered, repeated, dropped or reordered.
  public mutating func open(_ ciphertext: [UInt8]) throws(SodiumError) -> [UInt8] {
    guard ciphertext.count >= SecretStreamSender.overheadByteCount else { throw .notAuthentic }
    var out = [UInt8](repeating: 0, count: ciphertext.count - SecretStreamSender.overheadByteCount)
    guard
      crypto_secretstream_xchacha20poly1305_pull(
        &state, &out, nil, nil, ciphertext, UInt64(ciphertext.count), nil, 0) == 0
    else { throw .notAuthentic }
    return out
  }
}
