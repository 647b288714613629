/// Texts that stand in entries are short, whoever wrote them.
enum Text {
  /// The beginning of a text, at most `limit` bytes of UTF-8, cut between characters.
  static func bounded(_ text: String, limit: Int = Dispatcher.reasonByteLimit) -> String {
    guard text.utf8.count > limit else { return text }
    var count = 0
    return String(
      text.prefix { character in
        count += character.utf8.count
        return count <= limit
      })
  }
}
