internal import Sodium

/// A SHA-256 hash. Written as 64 lowercase hexadecimal digits.
public struct Digest: Hashable, Sendable {
  public static let byteCount = SHA256.byteCount

  private let a, b, c, d: UInt64

  /// - Returns: nil unless there are exactly 32 bytes.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
    (a, b, c, d) = (
      UInt64(bigEndian: words.0), UInt64(bigEndian: words.1), UInt64(bigEndian: words.2), UInt64(bigEndian: words.3)
    )
  }

  /// - Returns: nil unless the text is 64 lowercase hexadecimal digits.
  public init?(hexadecimal: String) {
    guard let bytes = Hexadecimal.decode(hexadecimal) else { return nil }
    self.init(bytes: bytes)
  }

  /// The hash of `content`.
  public init(of content: some Sequence<UInt8>) {
    self.init(finishing: SHA256.hash(content))
  }

  /// Takes what a streaming hash gave.
  public init(finishing hash: [UInt8]) {
    guard let digest = Digest(bytes: hash) else { preconditionFailure("SHA-256 gave \(hash.count) bytes") }
    self = digest
  }

  public static let zero = Digest(finishing: [UInt8](repeating: 0, count: byteCount))

  /// The hash as big-endian integers, for orders and tables that need no bytes.
  public var words: (UInt64, UInt64, UInt64, UInt64) { (a, b, c, d) }

  public var bytes: [UInt8] {
    withUnsafeBytes(of: (a.bigEndian, b.bigEndian, c.bigEndian, d.bigEndian)) { Array($0) }
  }

  public var hexadecimal: String { Hexadecimal.encode(bytes) }

  /// The first eight digits: enough for people, never for machines.
  public var short: String { String(hexadecimal.prefix(8)) }
}

extension Digest: Comparable {
  public static func < (left: Digest, right: Digest) -> Bool {
    (left.a, left.b, left.c, left.d) < (right.a, right.b, right.c, right.d)
  }
}

extension Digest: CustomStringConvertible {
  public var description: String { hexadecimal }
}

extension Digest: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let digest = Digest(hexadecimal: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "expected 64 lowercase hexadecimal digits")
    }
    self = digest
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(hexadecimal)
  }
}
