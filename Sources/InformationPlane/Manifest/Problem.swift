/// Where something stands in a manifest: for people, so lines and columns count from 1.
public struct Place: Hashable, Sendable, CustomStringConvertible {
  /// As the user named it.
  public var file: String
  public var line: Int
  public var column: Int

  public init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }

  public var description: String { "\(file):\(line):\(column)" }
}

/// One thing that is wrong with a manifest or with what it names, and what would be right.
public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
  public var place: Place
  /// The field, such as `spec.inputs[0].files`; empty for the document as a whole.
  public var path: String
  public var what: String
  public var right: String

  public init(place: Place, path: String, what: String, right: String) {
    self.place = place
    self.path = path
    self.what = what
    self.right = right
  }

  public var description: String {
    "\(place): \(path.isEmpty ? "" : path + ": ")\(what)\(right.isEmpty ? "" : "; " + right)"
  }
}

/// Everything found wrong in one reading: at most `limit` problems are kept, the rest is counted.
public struct ManifestErrors: Error, Hashable, Sendable, CustomStringConvertible {
  /// More than this helps nobody: the first ones often cause the rest.
  public static let limit = 20

  /// In the order of the document; never empty.
  public var problems: [Problem]
  /// How many more there are.
  public var omitted: Int

  public init(_ problems: [Problem], omitted: Int = 0) {
    // Fields are read in the order of what they mean, which is not that of the lines; a file's own problems stay
    // together.
    let files = problems.reduce(into: [String]()) { if !$0.contains($1.place.file) { $0.append($1.place.file) } }
    self.problems = problems.enumerated().sorted { left, right in
      func key(_ entry: (offset: Int, element: Problem)) -> (Int, Int, Int, Int) {
        let place = entry.element.place
        return (files.firstIndex(of: place.file) ?? 0, place.line, place.column, entry.offset)
      }
      return key(left) < key(right)
    }.map(\.element)
    self.omitted = omitted
  }

  public var description: String {
    let lines = problems.map(\.description) + (omitted > 0 ? ["and \(omitted) more"] : [])
    return lines.joined(separator: "\n")
  }
}
