import Model
import Wire

/// A set of statement ids in short, so that two nodes find in one message whether and roughly where theirs differ.
struct FactSummary: Hashable, Sendable {
  static let bucketCount = 64

  private(set) var count = 0
  /// Of each bucket the sum of its ids' second eight bytes, modulo 2^64.
  private(set) var buckets = [UInt64](repeating: 0, count: bucketCount)

  /// An id's bucket: its first six bits.
  static func bucket(of id: StatementID) -> Int { Int(id.digest.words.0 >> 58) }

  mutating func insert(_ id: StatementID) {
    count += 1
    buckets[Self.bucket(of: id)] &+= id.digest.words.1
  }

  mutating func remove(_ id: StatementID) {
    count -= 1
    buckets[Self.bucket(of: id)] &-= id.digest.words.1
  }

  /// A bit for each bucket that differs.
  func difference(from other: FactSummary) -> UInt64 {
    buckets.indices.reduce(0) { $0 | (buckets[$1] == other.buckets[$1] ? 0 : 1 << UInt64($1)) }
  }
}

extension FactSummary {
  init(_ wire: WireFactSummary) throws(FrameError) {
    guard wire.buckets.count == Self.bucketCount, wire.count <= UInt32(Int32.max) else {
      throw FrameError(what: "summary")
    }
    count = Int(wire.count)
    buckets = wire.buckets
  }
}

extension WireFactSummary {
  init(_ summary: FactSummary) {
    self.init()
    count = UInt32(clamping: summary.count)
    buckets = summary.buckets
  }
}
