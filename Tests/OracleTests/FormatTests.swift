import Oracle
import Testing

@Suite struct FormatTests {
  @Test(
    "Entries that are not their value's canonical bytes are found",
    arguments: [
      #"{"a":1,"a":1}"#, #"{"b":1,"a":2}"#, #"{ "a":1}"#, #"{"a":01}"#, #"{"a":-0}"#, #"{"a":1.0}"#, #"{"a":1e2}"#,
      #"{"a":9007199254740992}"#, #"{"a":"\u0041"}"#, #"{"a":"\/"}"#, #"{"a":"\ud800"}"#, #"{"a":tru}"#, #"{"a":1,}"#,
      #"{"a":"\u001F"}"#, #"[1,]"#, "[\"\t\"]", String(repeating: "[", count: 70) + String(repeating: "]", count: 70),
      #"{"\ud83d\ude00":1}"#, "{}}",
    ])
  func refused(_ body: String) throws {
    var play = try Play()
    play.keep(play.entry(body: body), at: [0])
    #expect(play.judge.findings.map(\.rule) == [.canonical])
  }

  @Test(
    "Canonical bodies of any shape are read",
    arguments: [
      #"{"a":[1,-2,0,9007199254740991],"b":[],"c":{},"d":null,"e":true,"f":false}"#, #"{"é":"\n\u001f\\\"/"}"#,
      // By UTF-16 a pair of surrogates comes before U+FB33.
      #"{"😀":1,"\#u{FB33}":2}"#, "[]",
    ])
  func read(_ body: String) throws {
    var play = try Play()
    play.keep(play.entry(body: body), at: [0])
    #expect(play.judge.findings == [])
  }

  @Test("Bytes that are no text, and ends in the middle, are found")
  func broken() throws {
    var play = try Play()
    let bytes = play.entry().bytes
    play.keep(.entry(Array(bytes.dropLast())), at: [0])
    play.keep(.prepared([]), at: [1])
    play.keep(.ballot(Array(#"{"promised":1,"promised":2,"vote":null}"#.utf8)), at: [2])
    play.judge.left(statement: [0xFF], signature: [], by: play.ids[3])
    #expect(play.judge.findings.map(\.rule) == [.canonical, .canonical, .canonical, .canonical])
  }

  @Test("A quorum is a majority of up to three, and shares an honest voter from four on", arguments: 1...6)
  func quorum(_ voters: Int) throws {
    let quorum = [1, 2, 2, 3, 4, 4][voters - 1]
    var play = try Play(voters: voters)
    let first = play.entry()
    play.keep(first, at: [0])
    play.prepare(first, signers: Array(0..<quorum), at: [0])
    #expect(play.judge.findings == [])
    play.commit(first, signers: Array(0..<quorum - 1), at: [0])
    #expect(play.judge.findings.map(\.rule) == [.certificate])
  }

  @Test("A configuration with the wrong word, or voters out of order, is no configuration")
  func configurations() throws {
    var play = try Play()
    let founding = text(play.founding)
    play.judge.configured(
      Play.collaboration, configuration: Array(founding.replacing("byzantine", with: "majority").utf8))
    let swapped = founding.replacing(hexadecimal(play.ids[0]), with: hexadecimal(play.ids[5]))
    play.judge.configured(Play.collaboration, configuration: Array(swapped.utf8))
    #expect(play.judge.findings.map(\.rule) == [.told, .told])
  }
}
