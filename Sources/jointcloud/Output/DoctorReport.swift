import Engine

/// What `doctor` found, for people: nothing of it is cut, since what is to be typed stands in it.
struct DoctorReport {
  var findings: [DoctorFinding]
  /// Of the terminal; nil where there is none, and no line is broken then.
  var width: Int?
  var usesColour: Bool

  private static let arrow = "-> "

  var text: String {
    let subject = max("SUBJECT".count, findings.map(\.subject.count).max() ?? 0) + 2
    let state = "problem".count + 2
    var out = padded("SUBJECT", subject) + padded("STATE", state) + "DETAIL\n"
    for finding in findings {
      let word = finding.ok ? (finding.remedy.isEmpty ? "ok" : "note") : "problem"
      out += padded(finding.subject.printable, subject) + coloured(word) + padded("", state - word.count)
      let detail = Paragraph.lines(finding.detail.printable, width: width.map { $0 - subject - state })
      out += indented(detail, subject + state)
      if !finding.remedy.isEmpty { out += remedy(finding.remedy.printable, indent: subject + state) }
    }
    return out
  }

  /// Below the detail; further to the left where that saves breaking it.
  private func remedy(_ text: String, indent: Int) -> String {
    guard let width, indent + Self.arrow.count + text.count > width else {
      return padded("", indent) + Self.arrow + text + "\n"
    }
    // A command in one piece can be copied, though the terminal breaks it.
    let command = text.firstRange(of: "jointcloud ")?.lowerBound ?? text.endIndex
    let words = text[..<command]
    let lines =
      (words.isEmpty ? [] : Paragraph.lines(String(words), width: width - 2 - Self.arrow.count))
      + (command == text.endIndex ? [] : [String(text[command...])])
    return "  " + Self.arrow + indented(lines, 2 + Self.arrow.count)
  }

  /// The first line stands already where it belongs.
  private func indented(_ lines: [String], _ indent: Int) -> String {
    lines.joined(separator: "\n" + padded("", indent)) + "\n"
  }

  private func coloured(_ word: String) -> String {
    guard usesColour, let colour = Table.Colour.ofState(word) else { return word }
    return "\u{1b}[\(colour.rawValue)m\(word)\u{1b}[0m"
  }

  private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
