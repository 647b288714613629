internal import CSodium

/// What libsodium can refuse.
public enum SodiumError: Error, Equatable, Sendable {
  /// The library could not be initialised: the system has no usable source of randomness.
  case unavailable
  /// A key, nonce or signature has the wrong length.
  case wrongLength(expected: Int, got: Int)
  /// A public key is of small order or otherwise unusable.
  case unusableKey
  /// A box or a stream frame does not authenticate: altered, reordered or for another key.
  case notAuthentic
}

/// libsodium must be initialised once before any call; every entry point of this target goes through here.
enum Library {
  private static let status: Int32 = sodium_init()

  /// Every signature, key and hash needs the library, and nothing sensible can go on without it.
  static func ensure() {
    precondition(status >= 0, "libsodium could not be initialised: no source of randomness")
  }
}

/// Bytes from the operating system's cryptographic generator.
public func secureRandomBytes(_ count: Int) -> [UInt8] {
  Library.ensure()
  var bytes = [UInt8](repeating: 0, count: count)
  randombytes_buf(&bytes, count)
  return bytes
}

/// Compares two byte strings in time that depends on their length only.
public func equalInConstantTime(_ left: [UInt8], _ right: [UInt8]) -> Bool {
  guard left.count == right.count else { return false }
  return sodium_memcmp(left, right, left.count) == 0
}
