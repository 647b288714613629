/// A pattern of paths: `*`, `?`, `[a-z]`, `[!a]`, `\` before a character that stands for itself, and `**` as a
/// whole component for any folders, also none. Names that begin with a dot match only a pattern that does.
public struct Glob: Hashable, Sendable, CustomStringConvertible {
  /// As written.
  public let text: String
  let isAbsolute: Bool
  let components: [Component]

  enum Component: Hashable, Sendable {
    /// A name without pattern characters.
    case name(String)
    case pattern([Token])
    /// `**`
    case anyFolders
  }

  enum Token: Hashable, Sendable {
    case character(Unicode.Scalar)
    case anyCharacter
    case anyCharacters
    case set([ClosedRange<Unicode.Scalar>], negated: Bool)
  }

  struct Malformed: Error {
    var what: String
    var right: String
  }

  public var description: String { text }

  init(_ text: String) throws(Malformed) {
    self.text = text
    isAbsolute = text.hasPrefix("/")
    var components: [Component] = []
    for part in text.split(separator: "/") where part != "." {
      components.append(try Self.component(String(part)))
    }
    guard let last = components.last else { throw Malformed(what: "it names no file", right: "write folder/*.txt") }
    guard last != .anyFolders else {
      throw Malformed(what: "it ends in **, which matches folders", right: "write \(text)/*")
    }
    guard last != .name("..") else { throw Malformed(what: "it names a folder", right: "write \(text)/*") }
    guard components.filter({ $0 == .anyFolders }).count <= 4 else {
      throw Malformed(what: "** stands in it more than four times", right: "use one")
    }
    self.components = components
  }

  private static func component(_ text: String) throws(Malformed) -> Component {
    if text == "**" { return .anyFolders }
    guard !text.contains("**") else {
      throw Malformed(what: "** must be a whole component", right: "write ** between slashes, or a single *")
    }
    let tokens = try tokens(Array(text.unicodeScalars))
    var name = String.UnicodeScalarView()
    for token in tokens {
      guard case .character(let scalar) = token else { return .pattern(tokens) }
      name.append(scalar)
    }
    return .name(String(name))
  }

  private static func tokens(_ scalars: [Unicode.Scalar]) throws(Malformed) -> [Token] {
    var tokens: [Token] = []
    var index = 0
    while index < scalars.count {
      switch scalars[index] {
      case "*": tokens.append(.anyCharacters)
      case "?": tokens.append(.anyCharacter)
      case "[": tokens.append(try set(scalars, &index))
      case "\\":
        index += 1
        guard index < scalars.count else {
          throw Malformed(what: "it ends in a backslash", right: "write \\\\ for the character itself")
        }
        tokens.append(.character(scalars[index]))
      case let scalar: tokens.append(.character(scalar))
      }
      index += 1
    }
    return tokens
  }

  /// Reads from `[` on and leaves `index` at `]`.
  private static func set(_ scalars: [Unicode.Scalar], _ index: inout Int) throws(Malformed) -> Token {
    let open = Malformed(what: "[ is not closed", right: "close it, or write \\[ for the character itself")
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    index += 1
    let negated = index < scalars.count && (scalars[index] == "!" || scalars[index] == "^")
    if negated { index += 1 }
    var first = true
    while true {
      guard index < scalars.count else { throw open }
      if scalars[index] == "]", !first { return .set(ranges, negated: negated) }
      first = false
      if scalars[index] == "\\" { index += 1 }
      guard index < scalars.count else { throw open }
      let low = scalars[index]
      index += 1
      guard index + 1 < scalars.count, scalars[index] == "-", scalars[index + 1] != "]" else {
        ranges.append(low...low)
        continue
      }
      let high = scalars[index + 1]
      guard low <= high else { throw Malformed(what: "[\(low)-\(high)] is empty", right: "write [\(high)-\(low)]") }
      ranges.append(low...high)
      index += 2
    }
  }

  /// Whether a name matches the tokens: each `*` is tried short first, and only the last one is ever lengthened,
  /// so the time is bounded by the product of the lengths.
  static func matches(_ name: String, _ tokens: [Token]) -> Bool {
    if name.hasPrefix("."), tokens.first != .character(".") { return false }
    let scalars = Array(name.unicodeScalars)
    var position = 0
    var token = 0
    var retry: (token: Int, position: Int)?
    while position < scalars.count {
      if token < tokens.count, tokens[token] == .anyCharacters {
        retry = (token, position)
        token += 1
      } else if token < tokens.count, matches(scalars[position], tokens[token]) {
        token += 1
        position += 1
      } else if let last = retry {
        retry = (last.token, last.position + 1)
        token = last.token + 1
        position = last.position + 1
      } else {
        return false
      }
    }
    return tokens[token...].allSatisfy { $0 == .anyCharacters }
  }

  private static func matches(_ scalar: Unicode.Scalar, _ token: Token) -> Bool {
    switch token {
    case .character(let wanted): scalar == wanted
    case .anyCharacter, .anyCharacters: true
    case .set(let ranges, let negated): ranges.contains { $0.contains(scalar) } != negated
    }
  }
}
