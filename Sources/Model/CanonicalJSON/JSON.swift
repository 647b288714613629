/// A JSON value of the kind that may be signed: integers within ±(2^53-1) and no other numbers.
public enum JSON: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case string(String)
  case array([JSON])
  case object(Members)

  /// The largest magnitude that every JSON reader keeps exactly (RFC 8785, appendix D). Larger amounts travel as strings.
  public static let integerLimit: Int64 = 9_007_199_254_740_991

  /// Every integer that may stand in a signed value.
  static let integers = -integerLimit...integerLimit

  /// Whether the canonical bytes are the same; texts that only look alike differ.
  public static func == (left: JSON, right: JSON) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.integer(let left), .integer(let right)): left == right
    case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
    case (.array(let left), .array(let right)): left == right
    case (.object(let left), .object(let right)): left == right
    default: false
    }
  }

  public subscript(key: String) -> JSON? {
    if case .object(let members) = self { members[key] } else { nil }
  }

  public var stringValue: String? {
    if case .string(let text) = self { text } else { nil }
  }

  public var integerValue: Int64? {
    if case .integer(let number) = self { number } else { nil }
  }
}

/// Why bytes are not the canonical form of a value.
public enum JSONError: Error, Equatable, Sendable, CustomStringConvertible {
  case tooLarge(byteCount: Int, limit: Int)
  case tooDeep(limit: Int)
  case unexpected(byteOffset: Int, found: String)
  case truncated
  case duplicateKey(String)
  /// A fraction, an exponent, a leading zero, or a magnitude over 2^53-1.
  case number(byteOffset: Int)
  case notUTF8
  /// Well-formed JSON, but not the one canonical spelling (RFC 8785).
  case notCanonical(byteOffset: Int)
  /// A value that canonical JSON cannot hold, at this path.
  case unrepresentable(path: String, reason: String)

  public var description: String {
    switch self {
    case .tooLarge(let byteCount, let limit): "\(byteCount) bytes, over the limit of \(limit)"
    case .tooDeep(let limit): "nested deeper than \(limit)"
    case .unexpected(let offset, let found): "unexpected \(found) at byte \(offset)"
    case .truncated: "ends in mid-value"
    case .duplicateKey(let key): "key \"\(key)\" stands twice in one object"
    case .number(let offset): "number at byte \(offset) is not an integer within ±(2^53-1)"
    case .notUTF8: "text is not valid UTF-8"
    case .notCanonical(let offset): "not in canonical form (RFC 8785) from byte \(offset)"
    case .unrepresentable(let path, let reason): "\(path.isEmpty ? "value" : path): \(reason)"
    }
  }
}
