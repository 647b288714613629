import Coordination
import Model
import Testing

@Suite struct TextTests {
  @Test("A text that goes into an entry is short, whole and free of control characters")
  func bounds() throws {
    #expect(Text.bounded("plain", limit: 5) == "plain" && Text.bounded("", limit: 5).isEmpty)
    #expect(Text.bounded("äöü", limit: 5) == "äö", "no half character")
    #expect(Text.bounded("a\u{1b}[31m\nb\u{7f}", limit: 100) == "a [31m b ")
    let tower = "e" + String(repeating: "\u{301}", count: 1_000)
    #expect(Text.bounded(tower, limit: 10).utf8.count <= 10, "one character may have any length")
    let worst = Text.bounded(String(repeating: "\u{1}", count: 1_000), limit: 300)
    #expect(try CanonicalJSON.encode(worst).count == 302)
  }
}
