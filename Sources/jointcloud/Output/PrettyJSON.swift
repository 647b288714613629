import Model

/// JSON for `-o json`: sorted keys, two spaces; `-o jsonl` is the canonical form, one document a line.
enum PrettyJSON {
  static func document(_ value: some Encodable) throws -> String {
    pretty(try tree(value), indent: "") + "\n"
  }

  static func line(_ value: some Encodable) throws -> String {
    String(decoding: try CanonicalJSON.encode(value), as: UTF8.self) + "\n"
  }

  private static func tree(_ value: some Encodable) throws -> JSON {
    let bytes = try CanonicalJSON.encode(value)
    return try CanonicalJSON.parseAnyForm(bytes, limit: bytes.count)
  }

  private static func pretty(_ json: JSON, indent: String) -> String {
    let inner = indent + "  "
    switch json {
    case .object(let members) where !members.isEmpty:
      let lines = members.map { member in
        "\(inner)\(scalar(.string(member.key))): \(pretty(member.value, indent: inner))"
      }
      return "{\n\(lines.joined(separator: ",\n"))\n\(indent)}"
    case .array(let elements) where !elements.isEmpty:
      let lines = elements.map { inner + pretty($0, indent: inner) }
      return "[\n\(lines.joined(separator: ",\n"))\n\(indent)]"
    default:
      return scalar(json)
    }
  }

  private static func scalar(_ json: JSON) -> String {
    String(decoding: CanonicalJSON.encode(json), as: UTF8.self)
  }
}
