import Model

/// Changes bytes as damage, or malice, would.
struct Mutation {
  /// Numbers at the edges of their types, and bytes that mean something to some decoder: ends of varints, quotes,
  /// brackets, and characters that Swift holds equal to others.
  private static let pieces: [[UInt8]] =
    [
      [0x00], [0x01], [0x7f], [0x80], [0xff], [0x22], [0x5c], [0x7b], [0x7d], [0x2c], [0xed, 0xa0, 0x80],
      [UInt8](repeating: 0xff, count: 4), [UInt8](repeating: 0xff, count: 8),
      // The largest varint, and one that never ends.
      [UInt8](repeating: 0xff, count: 9) + [0x01], [UInt8](repeating: 0x80, count: 12),
    ]
    + [
      "0", "-0", "-1", "1e9", "0.5", "null", "true", "[]", "{}", "{\"", "\\u0000", "\\ud800", "9007199254740991",
      "9007199254740992", "9223372036854775807", "-9223372036854775808", "\u{212a}", "e\u{301}", "é",
      String(repeating: "[", count: 40),
    ].map { Array($0.utf8) }

  var random: Random

  /// One input after one to four changes.
  ///
  /// - Parameter other: what parts are spliced in from.
  mutating func changed(_ input: [UInt8], with other: [UInt8]) -> [UInt8] {
    var bytes = input
    for _ in 0..<Int.random(in: 1...4, using: &random) { change(&bytes, other) }
    return bytes
  }

  private mutating func change(_ bytes: inout [UInt8], _ other: [UInt8]) {
    guard !bytes.isEmpty else { return bytes = other }
    let place = Int.random(in: bytes.indices, using: &random)
    switch Int.random(in: 0..<10, using: &random) {
    case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
    case 2: bytes[place] = bytes[place] &+ (Bool.random(using: &random) ? 1 : 255)
    case 3: bytes.removeSubrange(range(from: place, in: bytes))
    case 4: bytes.insert(contentsOf: bytes[range(from: place, in: bytes)], at: place)
    case 5: bytes.removeSubrange(place...)
    case 6: bytes.insert(contentsOf: piece(), at: place)
    case 7: bytes.replaceSubrange(range(from: place, in: bytes), with: piece())
    case 8: replaceNumber(&bytes, from: place)
    default: splice(&bytes, at: place, other)
    }
  }

  private mutating func range(from place: Int, in bytes: [UInt8]) -> Range<Int> {
    place..<min(bytes.count, place + Int.random(in: 1...32, using: &random))
  }

  private mutating func piece() -> [UInt8] { Self.pieces[Int.random(in: Self.pieces.indices, using: &random)] }

  /// Puts something else in the place of the next decimal number.
  private mutating func replaceNumber(_ bytes: inout [UInt8], from place: Int) {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard let first = bytes[place...].firstIndex(where: digits.contains) else { return }
    let end = bytes[first...].firstIndex { !digits.contains($0) } ?? bytes.endIndex
    bytes.replaceSubrange(first..<end, with: piece())
  }

  private mutating func splice(_ bytes: inout [UInt8], at place: Int, _ other: [UInt8]) {
    guard !other.isEmpty else { return }
    let from = Int.random(in: other.indices, using: &random)
    bytes.replaceSubrange(place..., with: other[from...])
  }
}
