/// Text broken into lines between words.
enum Paragraph {
  /// - Parameter width: characters of a line; a longer word has a line of its own and is not cut. nil: one line.
  static func lines(_ text: String, width: Int?) -> [String] {
    guard let width, text.count > width else { return [text] }
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= width {
        lines[lines.count - 1] += " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }
}
