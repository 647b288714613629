internal import Yams

/// A YAML document as this project reads it: scalars are text exactly as written, with the place of each. What
/// `on`, `08` or `1e3` means is for the field that they stand in, never for YAML's own guesses.
package struct Value {
  package let place: Place
  /// The path of the field that holds it; empty for the document.
  package let path: String
  package let content: Content

  package indirect enum Content {
    /// Nothing stands there, or `null`, or `~`.
    case nothing
    case text(String)
    case list([Value])
    case fields([Field])
  }

  package struct Field {
    package let key: String
    package let place: Place
    package let value: Value
  }

  /// For sentences: what was found.
  package var described: String {
    switch content {
    case .nothing: "nothing"
    case .text(let text): "\"\(text.count > 40 ? text.prefix(40) + "..." : text)\""
    case .list: "a list"
    case .fields: "a mapping"
    }
  }
}

/// Turns YAML text into a `Value`, refusing what makes YAML treacherous: anchors, aliases, merge keys, tags,
/// duplicate keys, several documents, great depth.
package struct DocumentParser {
  /// A manifest needs five.
  static let depthLimit = 16

  let fileName: String

  package init(fileName: String) {
    self.fileName = fileName
  }

  /// - Throws: `Problem`.
  package func parse(_ text: String) throws(Problem) -> Value {
    guard text.utf8.count <= TaskManifest.byteLimit else {
      throw problem(
        nil, "", "the file has \(text.utf8.count) bytes",
        "the limit is \(TaskManifest.byteLimit); put long lists in a file of lines")
    }
    let parser: Parser
    let root: Node?
    do {
      parser = try Parser(yaml: text, encoding: .utf8)
      root = try parser.singleRoot()
    } catch let error as YamlError {
      throw explain(error)
    } catch {
      throw problem(nil, "", "not readable as YAML: \(error)", "")
    }
    // Nodes hold their anchors weakly; the parser owns them.
    defer { withExtendedLifetime(parser) {} }
    guard let root else { throw problem(nil, "", "the file is empty", "see docs/manifest.md for an example") }
    return try value(root, path: "", depth: 0)
  }

  private func value(_ node: Node, path: String, depth: Int) throws(Problem) -> Value {
    guard depth <= Self.depthLimit else {
      throw problem(node.mark, path, "nested deeper than \(Self.depthLimit)", "a manifest needs no such depth")
    }
    guard node.anchor == nil else {
      throw problem(node.mark, path, "anchors (&name) and aliases (*name) are not allowed", "write the value out")
    }
    switch node {
    case .alias:
      throw problem(node.mark, path, "aliases (*name) are not allowed", "write the value out")
    case .scalar(let scalar):
      return Value(place: place(scalar.mark), path: path, content: try content(scalar, path: path))
    case .sequence(let sequence):
      try refuse(sequence.tag, sequence.mark, path)
      var elements: [Value] = []
      for (index, element) in sequence.enumerated() {
        elements.append(try value(element, path: "\(path)[\(index)]", depth: depth + 1))
      }
      return Value(place: place(sequence.mark), path: path, content: .list(elements))
    case .mapping(let mapping):
      try refuse(mapping.tag, mapping.mark, path)
      return Value(
        place: place(mapping.mark), path: path, content: .fields(try fields(mapping, path: path, depth: depth)))
    }
  }

  private func fields(_ mapping: Node.Mapping, path: String, depth: Int) throws(Problem) -> [Value.Field] {
    var fields: [Value.Field] = []
    var seen: Set<String> = []
    for (key, inner) in mapping {
      guard case .scalar(let scalar) = key, scalar.anchor == nil else {
        throw problem(key.mark, path, "a key must be plain text", "")
      }
      let name = scalar.string
      guard name != "<<" else {
        throw problem(scalar.mark, path, "merge keys (<<) are not allowed", "write the fields out")
      }
      guard seen.insert(name).inserted else {
        throw problem(scalar.mark, path, "key \"\(name)\" stands twice", "remove one")
      }
      let innerPath = path.isEmpty ? name : "\(path).\(name)"
      let value = try value(inner, path: innerPath, depth: depth + 1)
      fields.append(Value.Field(key: name, place: place(scalar.mark), value: value))
    }
    return fields
  }

  private func content(_ scalar: Node.Scalar, path: String) throws(Problem) -> Value.Content {
    let plain = scalar.style == .plain
    try refuse(scalar.tag, scalar.mark, path)
    if plain, ["", "~", "null", "Null", "NULL"].contains(scalar.string) { return .nothing }
    return .text(scalar.string)
  }

  private func refuse(_ tag: Tag, _ mark: Mark?, _ path: String) throws(Problem) {
    guard tag == Tag(.implicit) || tag == Tag(.str) else {
      throw problem(mark, path, "tags (!name) are not allowed", "write the value without it")
    }
  }

  private func explain(_ error: YamlError) -> Problem {
    switch error {
    case .scanner(_, let what, let mark, _), .parser(_, let what, let mark, _):
      return problem(mark, "", "not valid YAML: \(what)", "look at this line and the one above it")
    case .composer(_, let what, let mark, _):
      return problem(mark, "", "not valid YAML: \(what)", "a manifest is one document without aliases")
    case .duplicatedKeysInMapping(let keys, let context):
      return problem(context.mark, "", "key \"\(keys.first ?? "")\" stands twice", "remove one")
    case .reader(let what, _, _, _):
      return problem(nil, "", "not valid YAML: \(what)", "a manifest is UTF-8 text without control characters")
    default:
      return problem(nil, "", "not readable as YAML: \(error)", "")
    }
  }

  private func place(_ mark: Mark?) -> Place {
    Place(file: fileName, line: mark?.line ?? 1, column: mark?.column ?? 1)
  }

  private func problem(_ mark: Mark?, _ path: String, _ what: String, _ right: String) -> Problem {
    Problem(place: place(mark), path: path, what: what, right: right)
  }
}
