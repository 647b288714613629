/// What a person is told of the fields of one kind of document.
package struct FieldAdvice: Sendable {
  /// What to write where a field is missing.
  let missing: @Sendable (String) -> String?
  /// Where a field belongs that was written somewhere else.
  let home: @Sendable (String) -> String?

  package init(
    missing: @escaping @Sendable (String) -> String?, home: @escaping @Sendable (String) -> String? = { _ in nil }
  ) {
    self.missing = missing
    self.home = home
  }
}

/// Takes fields out of a document and keeps every problem that it meets on the way, so that a person sees all of
/// them at once. Reading goes on with a stand-in; what was read counts only when no problem was found.
package struct FieldReader {
  package private(set) var problems: [Problem] = []
  package private(set) var omitted = 0
  private let advice: FieldAdvice

  package init(_ advice: FieldAdvice) {
    self.advice = advice
  }

  package mutating func report(_ value: Value, _ what: String, _ right: String = "") {
    report(Problem(place: value.place, path: value.path, what: what, right: right))
  }

  package mutating func report(_ problem: Problem) {
    if problems.count < ManifestErrors.limit { problems.append(problem) } else { omitted += 1 }
  }

  /// The fields of a mapping. Unknown ones are reported with what may have been meant.
  package mutating func fields(_ value: Value, allowed: [String], required: [String] = []) -> [String: Value] {
    guard case .fields(let fields) = value.content else {
      report(value, "expected a mapping, found \(value.described)", "the fields are \(allowed.joined(separator: ", "))")
      return [:]
    }
    var known: [String: Value] = [:]
    for field in fields {
      if allowed.contains(field.key) {
        known[field.key] = field.value
      } else {
        reportUnknown(field, in: value, allowed: allowed)
      }
    }
    for name in required where known[name] == nil {
      report(value, "field \"\(name)\" is missing", advice.missing(name) ?? "")
    }
    return known
  }

  private mutating func reportUnknown(_ field: Value.Field, in owner: Value, allowed: [String]) {
    let path = owner.path.isEmpty ? field.key : "\(owner.path).\(field.key)"
    let right: String
    if let meant = Spelling.nearest(to: field.key, among: allowed) {
      right = "did you mean \"\(meant)\"?"
    } else if let home = advice.home(field.key), home != owner.path {
      right = "\"\(field.key)\" belongs under \"\(home)\""
    } else {
      right = "the fields here are \(allowed.joined(separator: ", "))"
    }
    report(Problem(place: field.place, path: path, what: "unknown key \"\(field.key)\"", right: right))
  }

  /// Text of 1...`limit` bytes (0 with `mayBeEmpty`), without NUL.
  package mutating func text(_ value: Value, limit: Int, mayBeEmpty: Bool = false) -> String? {
    guard case .text(let text) = value.content else {
      let right = mayBeEmpty ? "write \"\" for empty text" : ""
      report(value, "expected text, found \(value.described)", right)
      return nil
    }
    guard mayBeEmpty || !text.isEmpty else {
      report(value, "expected text, found an empty one")
      return nil
    }
    guard text.utf8.count <= limit else {
      report(value, "\(text.utf8.count) bytes", "the limit is \(limit)")
      return nil
    }
    guard !text.utf8.contains(0) else {
      report(value, "holds a NUL character", "text cannot hold one")
      return nil
    }
    return text
  }

  package mutating func list(_ value: Value, of what: String, atMost limit: Int, mayBeEmpty: Bool = false) -> [Value] {
    guard case .list(let elements) = value.content else {
      report(value, "expected a list of \(what), found \(value.described)", "write [first, second]")
      return []
    }
    guard mayBeEmpty || !elements.isEmpty else {
      report(value, "the list is empty", "it needs at least one of \(what)")
      return []
    }
    guard elements.count <= limit else {
      report(value, "\(elements.count) \(what)", "the limit is \(limit)")
      return []
    }
    return elements
  }

  package mutating func integer(_ value: Value, in range: ClosedRange<Int>) -> Int? {
    let right = "write one from \(range.lowerBound) to \(range.upperBound)"
    guard case .text(let text) = value.content, let number = Quantities.signedInteger(text) else {
      report(value, "expected a whole number, found \(value.described)", right)
      return nil
    }
    guard range.contains(number) else {
      report(value, "\(number) is out of range", right)
      return nil
    }
    return number
  }

  package mutating func milliseconds(_ value: Value, in range: ClosedRange<Int>) -> Int? {
    quantity(value, "a time", "a number with ms, s, m or h, such as 250ms, 10s, 1m, 1h", Quantities.milliseconds) {
      range.contains($0) ? nil : "must be between \(range.lowerBound)ms and \(range.upperBound / 3_600_000)h"
    }
  }

  package mutating func bytes(_ value: Value, in range: ClosedRange<Int>) -> Int? {
    quantity(value, "a size", "bytes, or a number with Ki, Mi or Gi, such as 64Ki, 512Mi, 2Gi", Quantities.bytes) {
      range.contains($0) ? nil : "must be between \(range.lowerBound) and \(range.upperBound) bytes"
    }
  }

  package mutating func millicores(_ value: Value, in range: ClosedRange<Int>) -> Int? {
    quantity(value, "an amount of CPU", "cores, such as 2 or 0.5, or thousandths, such as 500m", Quantities.millicores)
    {
      range.contains($0) ? nil : "must be between \(range.lowerBound)m and \(range.upperBound)m"
    }
  }

  package mutating func microcredits(_ value: Value, in range: ClosedRange<Int>) -> Int? {
    quantity(value, "a price", "credits with at most six decimals, such as 0.0025", Quantities.microcredits) {
      range.contains($0) ? nil : "must be between 0 and \(range.upperBound / 1_000_000) credits"
    }
  }

  private mutating func quantity(
    _ value: Value, _ what: String, _ right: String, _ parse: (String) -> Int?, outside: (Int) -> String?
  ) -> Int? {
    guard case .text(let text) = value.content, let amount = parse(text) else {
      report(value, "\(value.described) is not \(what)", "write \(right)")
      return nil
    }
    if let problem = outside(amount) {
      report(value, "\(value.described) is out of bounds", problem)
      return nil
    }
    return amount
  }
}
