/// The one byte form of a value (RFC 8785), and strict reading of it: what is signed, hashed and kept.
public enum CanonicalJSON {
  /// Nesting allowed in what is read.
  public static let depthLimit = 32

  /// Reads bytes that must be in canonical form.
  ///
  /// - Parameter limit: the largest accepted length in bytes.
  /// - Throws: `JSONError`.
  public static func parse(_ bytes: [UInt8], limit: Int) throws(JSONError) -> JSON {
    guard bytes.count <= limit else { throw .tooLarge(byteCount: bytes.count, limit: limit) }
    if let value = CanonicalParser.value(of: bytes) { return value }
    // Only who writes otherwise pays for hearing what is wrong.
    let value = try parseAnyForm(bytes, limit: limit)
    let canonical = encode(value)
    guard canonical == bytes else {
      let offset = zip(canonical, bytes).enumerated().first { $0.element.0 != $0.element.1 }?.offset
      throw .notCanonical(byteOffset: offset ?? min(canonical.count, bytes.count))
    }
    return value
  }

  /// Reads JSON in any spelling, with the same limits on numbers, depth and duplicate keys: for what people write.
  ///
  /// - Throws: `JSONError`.
  public static func parseAnyForm(_ bytes: [UInt8], limit: Int) throws(JSONError) -> JSON {
    guard bytes.count <= limit else { throw .tooLarge(byteCount: bytes.count, limit: limit) }
    var parser = JSONParser(bytes)
    return try parser.document()
  }

  public static func encode(_ value: JSON) -> [UInt8] {
    var out: [UInt8] = []
    append(value, to: &out)
    return out
  }

  /// The canonical bytes of an encodable value.
  ///
  /// - Throws: `JSONError.unrepresentable` for floats and integers over 2^53-1.
  public static func encode(_ value: some Encodable) throws(JSONError) -> [UInt8] {
    encode(try JSONEncoding.json(of: value))
  }

  /// A value as JSON, as it stands in a larger document.
  ///
  /// - Throws: `JSONError` for numbers out of range.
  public static func json(of value: some Encodable) throws(JSONError) -> JSON {
    try JSONEncoding.json(of: value)
  }

  /// Decodes a value whose canonical form must be exactly `bytes`: unknown keys are refused, since re-encoding drops them.
  ///
  /// - Throws: `JSONError`, `DecodingError`.
  public static func decode<Value: Codable>(_ type: Value.Type, from bytes: [UInt8], limit: Int) throws -> Value {
    let json = try parse(bytes, limit: limit)
    return try decode(type, from: json)
  }

  /// Decodes a value from a parsed document, refusing what re-encoding would drop or change.
  ///
  /// - Throws: `JSONError`, `DecodingError`.
  public static func decode<Value: Codable>(_ type: Value.Type, from json: JSON) throws -> Value {
    let value = try JSONDecoding.value(type, from: json)
    let again = try JSONEncoding.json(of: value)
    guard again == json else {
      throw JSONError.unrepresentable(
        path: "\(type)", reason: firstDifference(json, again, path: "") ?? "differs when written again")
    }
    return value
  }

  /// Decodes a value from what another version of the software may have written: unknown keys are passed over. For
  /// answers to people and programs, never for what is signed.
  ///
  /// - Throws: `DecodingError`.
  public static func decodeIgnoringUnknownKeys<Value: Decodable>(_ type: Value.Type, from json: JSON) throws -> Value {
    try JSONDecoding.value(type, from: json)
  }

  /// Where `given` holds what `kept` does not.
  private static func firstDifference(_ given: JSON, _ kept: JSON, path: String) -> String? {
    switch (given, kept) {
    case (.object(let left), .object(let right)):
      for member in left {
        let inner = path.isEmpty ? member.key : "\(path).\(member.key)"
        guard let other = right[member.key] else { return "unknown key \(inner)" }
        if let found = firstDifference(member.value, other, path: inner) { return found }
      }
      return left.count == right.count ? nil : "\(path): keys are missing"
    case (.array(let left), .array(let right)) where left.count == right.count:
      for (index, pair) in zip(left, right).enumerated() {
        if let found = firstDifference(pair.0, pair.1, path: "\(path)[\(index)]") { return found }
      }
      return nil
    default:
      return given == kept ? nil : "\(path): not the canonical spelling of its value"
    }
  }

  private static func append(_ value: JSON, to out: inout [UInt8]) {
    switch value {
    case .null: out.append(contentsOf: "null".utf8)
    case .bool(let flag): out.append(contentsOf: (flag ? "true" : "false").utf8)
    case .integer(let number): out.append(contentsOf: String(number).utf8)
    case .string(let text): append(text, to: &out)
    case .array(let elements):
      out.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        append(element, to: &out)
      }
      out.append(UInt8(ascii: "]"))
    case .object(let members):
      out.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        append(member.key, to: &out)
        out.append(UInt8(ascii: ":"))
        append(member.value, to: &out)
      }
      out.append(UInt8(ascii: "}"))
    }
  }

  /// Writes a text as it stands in canonical JSON, for forms that are too large for a tree.
  public static func append(_ text: String, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
      out.append(contentsOf: text.utf8)
      out.append(UInt8(ascii: "\""))
      return
    }
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): out.append(contentsOf: #"\""#.utf8)
      case UInt8(ascii: "\\"): out.append(contentsOf: #"\\"#.utf8)
      case 0x08: out.append(contentsOf: #"\b"#.utf8)
      case 0x09: out.append(contentsOf: #"\t"#.utf8)
      case 0x0a: out.append(contentsOf: #"\n"#.utf8)
      case 0x0c: out.append(contentsOf: #"\f"#.utf8)
      case 0x0d: out.append(contentsOf: #"\r"#.utf8)
      case 0..<0x20: out.append(contentsOf: #"\u00"#.utf8 + Array(Hexadecimal.encode([byte]).utf8))
      default: out.append(byte)
      }
    }
    out.append(UInt8(ascii: "\""))
  }
}
