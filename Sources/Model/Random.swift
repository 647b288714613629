internal import Sodium

/// The randomness that cores are handed: the system's cryptographic generator in production, a seeded one in
/// tests and simulations, so that one seed replays one run. A concrete type, so that no core can bring its own.
public struct Random: RandomNumberGenerator, Sendable {
  private enum Source {
    case system
    case seeded(UInt64)
  }

  private var source: Source

  private init(_ source: Source) {
    self.source = source
  }

  /// Unpredictable: keys and nonces in production come from here.
  public static func system() -> Random { Random(.system) }

  /// Predictable (SplitMix64): for tests and simulations only.
  public static func seeded(_ seed: UInt64) -> Random { Random(.seeded(seed)) }

  public mutating func next() -> UInt64 {
    switch source {
    case .system:
      return secureRandomBytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    case .seeded(var state):
      state &+= 0x9e37_79b9_7f4a_7c15
      source = .seeded(state)
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
      return mixed ^ (mixed >> 31)
    }
  }

  public mutating func bytes(_ count: Int) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(count + 7)
    while out.count < count {
      withUnsafeBytes(of: next().bigEndian) { out.append(contentsOf: $0) }
    }
    return Array(out.prefix(count))
  }

  /// A random hash-sized value, for nonces and trace ids.
  public mutating func digest() -> Digest {
    Digest(finishing: bytes(Digest.byteCount))
  }
}
