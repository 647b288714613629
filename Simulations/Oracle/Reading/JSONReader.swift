/// Reads JSON strictly: no member twice, no number but an integer, no text that is not Unicode, nothing after the end.
struct JSONReader {
  private static let greatest = 9_007_199_254_740_991
  private static let deepest = 64

  private let bytes: [UInt8]
  private var index = 0
  private var depth = 0

  static func read(_ bytes: [UInt8]) throws(ReadError) -> JSONValue {
    var reader = JSONReader(bytes: bytes)
    let value = try reader.value()
    reader.skipSpace()
    guard reader.index == bytes.count else { throw .notJSON(at: reader.index) }
    return value
  }

  /// Reads, and asks that the bytes are what the value is written as.
  static func readCanonical(_ bytes: [UInt8]) throws(ReadError) -> JSONValue {
    let value = try read(bytes)
    guard value.canonical == bytes else { throw .notCanonical }
    return value
  }

  private init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { index += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) throws(ReadError) {
    guard next == UInt8(ascii: character) else { throw .notJSON(at: index) }
    index += 1
  }

  /// Whether a list or an object goes on; takes what says so.
  private mutating func goesOn(until end: Unicode.Scalar) throws(ReadError) -> Bool {
    skipSpace()
    if next == UInt8(ascii: end) {
      index += 1
      return false
    }
    try take(",")
    return true
  }

  private mutating func value() throws(ReadError) -> JSONValue {
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try nested { reader throws(ReadError) in try reader.object() }
    case UInt8(ascii: "["): return try nested { reader throws(ReadError) in try reader.list() }
    case UInt8(ascii: "\""): return .text(try text())
    case UInt8(ascii: "t"): return try word("true", .truth(true))
    case UInt8(ascii: "f"): return try word("false", .truth(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return .number(try number())
    }
  }

  private mutating func nested(
    _ read: (inout JSONReader) throws(ReadError) -> JSONValue
  ) throws(ReadError) -> JSONValue {
    depth += 1
    guard depth <= Self.deepest else { throw .notJSON(at: index) }
    index += 1
    skipSpace()
    let value = try read(&self)
    depth -= 1
    return value
  }

  private mutating func object() throws(ReadError) -> JSONValue {
    var members: [JSONMember] = []
    guard next != UInt8(ascii: "}") else {
      index += 1
      return .object([])
    }
    repeat {
      skipSpace()
      let name = try text()
      // Bytes, because two spellings of one text are two names.
      guard !members.contains(where: { $0.name.utf8.elementsEqual(name.utf8) }) else { throw .memberTwice(name) }
      skipSpace()
      try take(":")
      members.append(JSONMember(name: name, value: try value()))
    } while try goesOn(until: "}")
    return .object(members)
  }

  private mutating func list() throws(ReadError) -> JSONValue {
    var items: [JSONValue] = []
    guard next != UInt8(ascii: "]") else {
      index += 1
      return .list([])
    }
    repeat {
      items.append(try value())
    } while try goesOn(until: "]")
    return .list(items)
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws(ReadError) -> JSONValue {
    for character in word.description.unicodeScalars { try take(character) }
    return value
  }

  private mutating func number() throws(ReadError) -> Int {
    let start = index
    if next == UInt8(ascii: "-") { index += 1 }
    let digits = index
    while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { index += 1 }
    let leadingZero = index > digits && bytes[digits] == UInt8(ascii: "0")
    // A leading zero, and a zero with a sign, are other spellings of a number.
    guard index > digits, index - digits <= 16, !(leadingZero && (index - digits > 1 || digits > start)),
      let number = Int(String(decoding: bytes[start..<index], as: UTF8.self)), abs(number) <= Self.greatest
    else { throw .notJSON(at: start) }
    return number
  }

  private mutating func text() throws(ReadError) -> String {
    try take("\"")
    var out: [UInt8] = []
    let start = index
    while let byte = next {
      index += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: out, as: UTF8.self) else { throw .notJSON(at: start) }
        return text
      case UInt8(ascii: "\\"): out += try escape()
      case 0..<0x20: throw .notJSON(at: index)
      default: out.append(byte)
      }
    }
    throw .notJSON(at: index)
  }

  private mutating func escape() throws(ReadError) -> [UInt8] {
    guard let byte = next else { throw .notJSON(at: index) }
    index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "u"): break
    default: throw .notJSON(at: index)
    }
    var code = try fourDigits()
    if (0xD800..<0xDC00).contains(code) {
      try take("\\")
      try take("u")
      let low = try fourDigits()
      guard (0xDC00..<0xE000).contains(low) else { throw .notJSON(at: index) }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw .notJSON(at: index) }
    return Array(String(Character(scalar)).utf8)
  }

  private mutating func fourDigits() throws(ReadError) -> UInt32 {
    guard index + 4 <= bytes.count else { throw .notJSON(at: index) }
    var code: UInt32 = 0
    for byte in bytes[index..<index + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw .notJSON(at: index) }
      code = code << 4 | UInt32(digit)
    }
    index += 4
    return code
  }
}
