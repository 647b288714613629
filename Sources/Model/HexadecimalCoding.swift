/// Byte strings of one length as lowercase hexadecimal digits in documents.
enum HexadecimalCoding {
  /// - Parameter make: nil for bytes that are no such value.
  /// - Throws: `DecodingError`, which names how many digits are expected.
  static func decode<Value>(
    from decoder: any Decoder, digits: Int, _ make: ([UInt8]) -> Value?
  ) throws -> Value {
    let container = try decoder.singleValueContainer()
    guard let bytes = Hexadecimal.decode(try container.decode(String.self)), let value = make(bytes) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "expected \(digits) lowercase hexadecimal digits")
    }
    return value
  }

  static func encode(_ bytes: [UInt8], to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Hexadecimal.encode(bytes))
  }
}
