/// The fields of a Task, by where they stand; docs/task.schema.json says the same.
enum Fields {
  static let document = ["apiVersion", "kind", "metadata", "spec"]
  static let metadata = ["name", "labels"]
  static let spec = [
    "work", "inputs", "command", "script", "resources", "env", "timeouts", "retry", "priority", "adapter", "priceLimit",
    "results", "outputLimit", "reduce", "replicas",
  ]
  static let input = ["name", "files", "range", "list", "lines", "split", "partSize"]
  static let inputSources = ["files", "range", "list", "lines"]
  static let range = ["from", "to", "parts", "size"]
  static let resources = ["cpu", "memory"]
  static let timeouts = ["negotiate", "queue", "execute", "total"]
  static let retry = ["attempts"]
  static let reduce = ["command", "script", "resources", "results"]

  /// Where a field belongs that was written somewhere else.
  private static func home(of key: String) -> String? {
    let homes: [(String, [String])] = [
      ("metadata", metadata), ("spec", spec), ("spec.resources", resources), ("spec.timeouts", timeouts),
      ("spec.retry", retry), ("spec.inputs[]", input), ("spec.inputs[].range", range),
    ]
    return homes.first { $0.1.contains(key) }?.0
  }

  static let advice = FieldAdvice(missing: hint, home: home)

  private static func hint(for key: String) -> String? {
    switch key {
    case "apiVersion": "write apiVersion: jointcloud/v1"
    case "kind": "write kind: Task"
    case "metadata": "write metadata: {name: my-task}"
    case "spec": "what to run stands under spec"
    case "name": "write name: some-name"
    default: nil
    }
  }
}

/// Which characters a name may have.
enum Naming {
  /// `[a-z][a-z0-9_]*`, at most 32: becomes part of a variable's name.
  static func isInput(_ text: String) -> Bool {
    matches(text, limit: 32, first: isLower, rest: { isLower($0) || isDigit($0) || $0 == "_" })
  }

  /// `[A-Za-z0-9][A-Za-z0-9._-]*`, at most 63.
  static func isTask(_ text: String) -> Bool {
    matches(text, limit: 63, first: isAlphanumeric, rest: { isAlphanumeric($0) || "._-".unicodeScalars.contains($0) })
  }

  /// As a task's name, with `/` allowed inside.
  static func isLabel(_ text: String) -> Bool {
    matches(text, limit: 63, first: isAlphanumeric, rest: { isAlphanumeric($0) || "._-/".unicodeScalars.contains($0) })
  }

  /// `[a-z][a-z0-9-]*`, at most 63.
  static func isWork(_ text: String) -> Bool {
    matches(text, limit: 63, first: isLower, rest: { isLower($0) || isDigit($0) || $0 == "-" })
  }

  /// `[A-Za-z_][A-Za-z0-9_]*`, at most 128.
  static func isVariable(_ text: String) -> Bool {
    matches(text, limit: 128, first: { isLetter($0) || $0 == "_" }, rest: { isAlphanumeric($0) || $0 == "_" })
  }

  private static func matches(
    _ text: String, limit: Int, first: (Unicode.Scalar) -> Bool, rest: (Unicode.Scalar) -> Bool
  ) -> Bool {
    guard let start = text.unicodeScalars.first, first(start), text.utf8.count <= limit else { return false }
    return text.unicodeScalars.dropFirst().allSatisfy(rest)
  }

  private static func isLower(_ scalar: Unicode.Scalar) -> Bool { ("a"..."z").contains(scalar) }
  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
  private static func isLetter(_ scalar: Unicode.Scalar) -> Bool { isLower(scalar) || ("A"..."Z").contains(scalar) }
  private static func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool { isLetter(scalar) || isDigit(scalar) }
}
