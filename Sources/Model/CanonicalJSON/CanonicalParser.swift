/// Reads bytes that are in canonical form, in one pass. Gives up on all others without saying why: who wants to know
/// reads them with `JSONParser`.
struct CanonicalParser {
  private let bytes: [UInt8]
  private var position = 0

  /// - Returns: nil unless `bytes` are the canonical form of a value that is not nested too deeply.
  static func value(of bytes: [UInt8]) -> JSON? {
    var parser = CanonicalParser(bytes: bytes)
    guard let value = parser.value(depth: 0), parser.position == bytes.count else { return nil }
    return value
  }

  private init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  private var next: UInt8 { position < bytes.count ? bytes[position] : 0 }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  private mutating func take(_ literal: StaticString, _ value: JSON) -> JSON? {
    for index in 0..<literal.utf8CodeUnitCount {
      guard take(literal.utf8Start[index]) else { return nil }
    }
    return value
  }

  private mutating func value(depth: Int) -> JSON? {
    guard depth <= CanonicalJSON.depthLimit else { return nil }
    switch next {
    case UInt8(ascii: "{"): return object(depth: depth)
    case UInt8(ascii: "["): return array(depth: depth)
    case UInt8(ascii: "\""): return string().map(JSON.string)
    case UInt8(ascii: "t"): return take("true", .bool(true))
    case UInt8(ascii: "f"): return take("false", .bool(false))
    case UInt8(ascii: "n"): return take("null", .null)
    default: return integer().map(JSON.integer)
    }
  }

  private mutating func object(depth: Int) -> JSON? {
    position += 1
    var members = JSON.Members()
    if take(UInt8(ascii: "}")) { return .object(members) }
    repeat {
      guard next == UInt8(ascii: "\""), let key = string(), take(UInt8(ascii: ":")),
        let value = value(depth: depth + 1),
        members.append(key, value)
      else { return nil }
    } while take(UInt8(ascii: ","))
    return take(UInt8(ascii: "}")) ? .object(members) : nil
  }

  private mutating func array(depth: Int) -> JSON? {
    position += 1
    var elements: [JSON] = []
    if take(UInt8(ascii: "]")) { return .array(elements) }
    repeat {
      guard let element = value(depth: depth + 1) else { return nil }
      elements.append(element)
    } while take(UInt8(ascii: ","))
    return take(UInt8(ascii: "]")) ? .array(elements) : nil
  }

  private mutating func integer() -> Int64? {
    let isNegative = take(UInt8(ascii: "-"))
    let start = position
    var number: Int64 = 0
    // Sixteen digits hold 2^53-1, and cannot overflow.
    while (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next), position - start < 16 {
      number = number * 10 + Int64(next - UInt8(ascii: "0"))
      position += 1
    }
    let digits = position - start
    let startsWell = digits == 1 || digits > 1 && bytes[start] != UInt8(ascii: "0")
    guard startsWell, number <= JSON.integerLimit, !(isNegative && number == 0) else { return nil }
    return isNegative ? -number : number
  }

  private mutating func string() -> String? {
    position += 1
    let start = position
    var seen: UInt8 = 0
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        position += 1
        let text = bytes[start..<position - 1]
        return seen < 0x80 ? String(decoding: text, as: UTF8.self) : String(validating: text, as: UTF8.self)
      }
      guard byte >= 0x20 else { return nil }
      if byte == UInt8(ascii: "\\") {
        position = start
        return escapedString()
      }
      seen |= byte
      position += 1
    }
    return nil
  }

  private mutating func escapedString() -> String? {
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(validating: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard let character = escapedCharacter() else { return nil }
        text.append(character)
      case 0..<0x20: return nil
      default: text.append(byte)
      }
    }
    return nil
  }

  /// What follows a backslash: only what must be escaped is (RFC 8785, 3.2.2.2).
  private mutating func escapedCharacter() -> UInt8? {
    let byte = next
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): return byte
    case UInt8(ascii: "b"): return 0x08
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "n"): return 0x0a
    case UInt8(ascii: "f"): return 0x0c
    case UInt8(ascii: "r"): return 0x0d
    case UInt8(ascii: "u"):
      guard take(UInt8(ascii: "0")), take(UInt8(ascii: "0")), position + 2 <= bytes.count,
        let high = Hexadecimal.value(bytes[position]), let low = Hexadecimal.value(bytes[position + 1])
      else { return nil }
      position += 2
      let code = high << 4 | low
      return code < 0x20 && ![0x08, 0x09, 0x0a, 0x0c, 0x0d].contains(code) ? code : nil
    default: return nil
    }
  }
}
