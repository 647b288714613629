internal import Sodium

/// Thirty-two bytes: a hash, or the id of a node, a collaboration or a network.
/// Four words, because an array is slower to hash, to compare and to copy.
struct Digest: Hashable, Comparable, Sendable {
  static let byteCount = 32
  private let first: UInt64
  private let second: UInt64
  private let third: UInt64
  private let fourth: UInt64

  init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.init(folding: bytes)
  }

  /// The SHA-256 of bytes.
  init(hashing bytes: [UInt8]) {
    self.init(folding: SHA256.hash(bytes))
  }

  /// Lowercase hexadecimal only: another spelling of the same bytes is another text.
  init?(hexadecimal text: String) {
    guard let bytes = Self.bytes(hexadecimal: text, count: Self.byteCount) else { return nil }
    self.init(folding: bytes)
  }

  private init(folding bytes: [UInt8]) {
    func word(_ start: Int) -> UInt64 {
      bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }
    first = word(0)
    second = word(8)
    third = word(16)
    fourth = word(24)
  }

  var bytes: [UInt8] {
    [first, second, third, fourth].flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) }
    }
  }

  var hexadecimal: String { Self.hexadecimal(bytes) }

  /// Enough to tell two apart in a finding.
  var short: String { String(hexadecimal.prefix(8)) }

  static func < (left: Digest, right: Digest) -> Bool {
    (left.first, left.second, left.third, left.fourth) < (right.first, right.second, right.third, right.fourth)
  }

  static func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  static func bytes(hexadecimal text: String, count: Int) -> [UInt8]? {
    guard text.utf8.count == count * 2 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    var high: UInt8?
    for character in text.utf8 {
      let digit: UInt8
      switch character {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character - UInt8(ascii: "a") + 10
      default: return nil
      }
      if let upper = high {
        bytes.append(upper << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    return bytes
  }
}
