/// What short texts from other nodes may hold, so that they can be shown to people as they are.
struct TextRule {
  let byteLimit: Int
  let allowsSpaces: Bool

  static let name = TextRule(byteLimit: 64, allowsSpaces: true)
  static let kind = TextRule(byteLimit: 32, allowsSpaces: false)
  static let address = TextRule(byteLimit: 262, allowsSpaces: false)

  func allows(_ text: String) -> Bool {
    guard !text.isEmpty, text.utf8.count <= byteLimit else { return false }
    return text.unicodeScalars.allSatisfy { scalar in
      if scalar == " " { return allowsSpaces }
      switch scalar.properties.generalCategory {
      case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
        .spaceSeparator:
        return false
      default: return true
      }
    }
  }

  /// The rule, to end a sentence with.
  var statement: String {
    "1 to \(byteLimit) bytes of printable text" + (allowsSpaces ? "" : " without spaces")
  }
}
