import Testing

@testable import Model

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

  // Were looking a member up to cost as much as there are members, this would take an hour.
  @Test("Objects of very many members are read and decoded in bounded time", .timeLimit(.minutes(1)))
  func manyMembers() throws {
    let members = Dictionary(uniqueKeysWithValues: (0..<200_000).map { ("key-\($0)", "\($0)") })
    let bytes = try CanonicalJSON.encode(members)
    #expect(try CanonicalJSON.decode([String: String].self, from: bytes, limit: bytes.count) == members)
  }

  @Test("Texts that look alike are not the same value")
  func alike() {
    #expect("\u{e9}" == "e\u{301}")
    #expect(JSON.string("\u{e9}") != .string("e\u{301}"))
    #expect(JSON.object(["\u{e9}": .null]) != .object(["e\u{301}": .null]))
  }

  @Test("The fast reader takes exactly what the patient one calls canonical, however documents are mutated")
  func readersAgree() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = Random.seeded(seed)
    let alphabet = Array(#"{}[]",:\u0123456789-eE.abtrfnlsU /"#.utf8) + [0x00, 0x1f, 0x7f, 0x80, 0xc3, 0xef, 0xf0]
    var taken = 0
    for round in 0..<4_000 {
      var bytes = CanonicalJSON.encode(Self.document(depth: 0, &random))
      for _ in 0..<(round % 4) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        let byte = alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = byte
        case 1: bytes.insert(byte, at: place)
        default: if bytes.count > 1 { bytes.remove(at: place) }
        }
      }
      let patient = try? CanonicalJSON.parseAnyForm(bytes, limit: 1 << 20)
      let isCanonical = patient.map { CanonicalJSON.encode($0) == bytes } ?? false
      let fast = CanonicalParser.value(of: bytes)
      #expect(
        (fast != nil) == isCanonical && (fast == nil || fast == patient),
        "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
      if fast != nil { taken += 1 }
    }
    #expect(taken > 1_000, "seed \(seed)")
  }

  private static func document(depth: Int, _ random: inout Random) -> JSON {
    switch Int.random(in: 0..<(depth > 3 ? 4 : 6), using: &random) {
    case 0: return .null
    case 1: return .bool(Bool.random(using: &random))
    case 2: return .integer(Int64.random(in: -(1 << 53) + 1..<(1 << 53), using: &random) >> (random.next() % 53))
    case 3: return .string(text(&random))
    case 4: return .array((0..<Int.random(in: 0..<4, using: &random)).map { _ in document(depth: depth + 1, &random) })
    default:
      var members: JSON.Members = [:]
      for _ in 0..<Int.random(in: 0..<5, using: &random) {
        members[text(&random)] = document(depth: depth + 1, &random)
      }
      return .object(members)
    }
  }

  private static func text(_ random: inout Random) -> String {
    let scalars: [Unicode.Scalar] = [
      "a", "b", "0", "\"", "\\", "\n", "\u{1}", "/", "\u{7f}", "é", "\u{fb33}", "😂", "\u{301}",
    ]
    return String(
      String.UnicodeScalarView(
        (0..<Int.random(in: 0..<6, using: &random)).map { _ in
          scalars[Int.random(in: 0..<scalars.count, using: &random)]
        }))
  }
}
