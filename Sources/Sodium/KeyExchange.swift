internal import CSodium

/// An ephemeral X25519 pair for one handshake (libsodium `crypto_kx`).
public struct KeyExchange: Sendable {
  public static let byteCount = 32
  public let publicKey: [UInt8]
  private let secretKey: [UInt8]

  /// The two directions' keys, 32 bytes each.
  public struct SessionKeys: Sendable {
    public let receive: [UInt8]
    public let send: [UInt8]
  }

  /// A pair from a 32-byte seed, which the caller draws anew for each handshake.
  ///
  /// - Throws: `SodiumError.wrongLength`.
  public init(seed: [UInt8]) throws(SodiumError) {
    Library.ensure()
    guard seed.count == Int(crypto_kx_SEEDBYTES) else {
      throw .wrongLength(expected: Int(crypto_kx_SEEDBYTES), got: seed.count)
    }
    var publicKey = [UInt8](repeating: 0, count: Self.byteCount)
    var secretKey = [UInt8](repeating: 0, count: Self.byteCount)
    crypto_kx_seed_keypair(&publicKey, &secretKey, seed)
    self.publicKey = publicKey
    self.secretKey = secretKey
  }

  /// The session's keys on the side that dialled.
  ///
  /// - Throws: `SodiumError.unusableKey` for a peer key of small order, `.wrongLength`.
  public func dialled(by peer: [UInt8]) throws(SodiumError) -> SessionKeys {
    try derive(peer, crypto_kx_client_session_keys)
  }

  /// The session's keys on the side that was dialled. Throws as `dialled(by:)`.
  public func answered(to peer: [UInt8]) throws(SodiumError) -> SessionKeys {
    try derive(peer, crypto_kx_server_session_keys)
  }

  private typealias Derivation = (
    UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt8>?, UnsafePointer<UInt8>, UnsafePointer<UInt8>,
    UnsafePointer<UInt8>
  ) -> Int32

  private func derive(_ peer: [UInt8], _ derivation: Derivation) throws(SodiumError) -> SessionKeys {
    guard peer.count == Self.byteCount else {
      throw .wrongLength(expected: Self.byteCount, got: peer.count)
    }
    var receive = [UInt8](repeating: 0, count: Int(crypto_kx_SESSIONKEYBYTES))
    var send = [UInt8](repeating: 0, count: Int(crypto_kx_SESSIONKEYBYTES))
    guard derivation(&receive, &send, publicKey, secretKey, peer) == 0 else { throw .unusableKey }
    return SessionKeys(receive: receive, send: send)
  }
}
