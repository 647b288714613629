/// Texts that stand in entries are short, whoever wrote them.
package enum Text {
  /// The beginning of a text, at most `limit` bytes of UTF-8, cut between characters; control characters, which
  /// canonical JSON writes six times as long, become spaces.
  package static func bounded(_ text: String, limit: Int = Dispatcher.reasonByteLimit) -> String {
    var out = String.UnicodeScalarView()
    var count = 0
    // Counted by scalars: one character may be of any length.
    for scalar in text.unicodeScalars {
      count += UTF8.width(scalar)
      guard count <= limit else { break }
      out.append(scalar.value < 0x20 || scalar.value == 0x7f ? " " : scalar)
    }
    return String(out)
  }
}
