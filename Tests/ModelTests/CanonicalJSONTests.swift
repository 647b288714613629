import Model
import Testing

@Suite struct CanonicalJSONTests {
  static func parse(_ text: String, limit: Int = 65_536) throws(JSONError) -> JSON {
    try CanonicalJSON.parse(Array(text.utf8), limit: limit)
  }

  @Test(
    "Canonical documents read and write back to the same bytes (RFC 8785)",
    arguments: [
      "{}", "[]", "null", "true", "\"\"", "0", "-1", "9007199254740991", "-9007199254740991",
      #"{"a":1,"b":[true,false,null]}"#, #"{"":0,"a":0,"aa":0,"b":0}"#, #""\b\t\n\f\r\"\\/""#, #""\u0000\u001f""#,
      "\"\u{7f}€😂\"", "{\"\\r\":1,\"1\":2,\"\u{80}\":3,\"ö\":4,\"€\":5,\"😂\":6,\"\u{fb33}\":7}",
    ])
  func canonical(text: String) throws {
    #expect(String(decoding: CanonicalJSON.encode(try Self.parse(text)), as: UTF8.self) == text)
  }

  @Test(
    "Everything else is refused",
    arguments: [
      "", " {}", "{} ", #"{ "a":1}"#, #"{"b":1,"a":2}"#, #"{"a":1,"a":1}"#, "1.0", "1e3", "-0", "01", "+1",
      "9007199254740992", "-9007199254740992", "9223372036854775807", "-9223372036854775808",
      "-9223372036854775809", "-99999999999999999999",
      #""\u0061""#, #""\/""#, #""\ud800""#, #""\uD83D\uDE02""#, "\"\u{1}\"",
      #""\x""#, #"{"a"}"#, "[1,]", "[1 ,2]", "nul", "NaN", #"{"a":1"#, "\"", "{}{}", "\u{feff}{}",
      "{\"\u{fb33}\":1,\"😂\":2}",
    ])
  func refused(text: String) {
    #expect(throws: JSONError.self) { try Self.parse(text) }
  }

  @Test("Bytes that are no UTF-8, depth and size are bounded")
  func bounds() throws {
    for bytes: [UInt8] in [[0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22]] {
      #expect(throws: JSONError.self) { try CanonicalJSON.parse(bytes, limit: 100) }
    }
    #expect(throws: JSONError.self) {
      try Self.parse(String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000))
    }
    #expect(throws: JSONError.self) { try Self.parse("[1,2,3]", limit: 6) }
    #expect(throws: JSONError.self) { try CanonicalJSON.encode(9_007_199_254_740_992) }
    for integer in [Int64.min, .max] { #expect(throws: JSONError.self) { try CanonicalJSON.encode(integer) } }
    #expect(throws: JSONError.self) { try CanonicalJSON.encode(0.5) }
  }

  @Test("Random bytes are an error or a document, never a trap", arguments: [1, 2, 3] as [UInt64])
  func garbage(seed: UInt64) {
    var random = Random.seeded(seed)
    let alphabet = Array(#"{}[]",:\u0123456789-eE.abtrufalsn "#.utf8)
    for _ in 0..<3_000 {
      let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
      }
      if let json = try? CanonicalJSON.parse(bytes, limit: 100) { #expect(CanonicalJSON.encode(json) == bytes) }
    }
  }
}
