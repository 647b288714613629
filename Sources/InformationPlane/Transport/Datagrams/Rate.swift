/// How many may pass a second, and how many at once after a silence.
public struct Rate: Hashable, Sendable {
  public let perSecond: Int
  public let burst: Int

  /// - Parameters: both at least 1.
  public init(perSecond: Int, burst: Int) {
    self.perSecond = max(1, perSecond)
    self.burst = max(1, burst)
  }

  var intervalNanoseconds: UInt64 { 1_000_000_000 / UInt64(perSecond) }
  var toleranceNanoseconds: UInt64 { intervalNanoseconds * UInt64(burst - 1) }
}

/// A token bucket in one number: when it would be full again (the generic cell rate algorithm).
struct TokenBucket {
  private var fullAtNanoseconds: UInt64 = 0

  /// Whether one may pass now; if so, it is counted.
  mutating func takes(at nowNanoseconds: UInt64, _ rate: Rate) -> Bool {
    let fullAt = max(fullAtNanoseconds, nowNanoseconds)
    guard fullAt - nowNanoseconds <= rate.toleranceNanoseconds else { return false }
    fullAtNanoseconds = fullAt + rate.intervalNanoseconds
    return true
  }
}

/// A bucket for each source address, its port left out, and one for all together. Addresses are many and can be
/// forged, so they share a fixed number of buckets by a hash that differs in every process.
struct SourceRates {
  private var sources = [TokenBucket](repeating: TokenBucket(), count: 1_024)
  private var all = TokenBucket()
  private let rateOfOne: Rate
  private let rateOfAll: Rate

  init(ofOne: Rate, ofAll: Rate) {
    rateOfOne = ofOne
    rateOfAll = ofAll
  }

  mutating func takes(from source: UInt64, at nowNanoseconds: UInt64) -> Bool {
    let slot = Int(UInt(bitPattern: source.hashValue) % UInt(sources.count))
    // Who is over its own rate takes nothing from the others' share.
    return sources[slot].takes(at: nowNanoseconds, rateOfOne) && all.takes(at: nowNanoseconds, rateOfAll)
  }
}
