public import Model

/// Why bytes are not an entry, or an entry does not belong where it was put.
public enum LedgerError: Error, Equatable, Sendable, CustomStringConvertible {
  case notCanonical(JSONError)
  /// A member of the entry is missing, unknown or out of range.
  case field(String, expected: String)
  case wrongCollaboration(number: Int, expected: CollaborationID, found: CollaborationID)
  case wrongNumber(expected: Int, found: Int)
  case wrongPrevious(number: Int, expected: Digest, found: Digest)
  case termWentBack(number: Int, from: Int, to: Int)
  /// A signed body is not what this ledger can hold.
  case statement(String)

  public var description: String {
    switch self {
    case .notCanonical(let error): "\(error)"
    case .field(let name, let expected): "member \(name): expected \(expected)"
    case .wrongCollaboration(let number, let expected, let found):
      "entry \(number) belongs to collaboration \(found.short), not \(expected.short)"
    case .wrongNumber(let expected, let found): "expected entry \(expected), found \(found)"
    case .wrongPrevious(let number, let expected, let found):
      "entry \(number) follows \(found.short), but the entry before it is \(expected.short)"
    case .termWentBack(let number, let from, let to): "entry \(number) is of term \(to), after term \(from)"
    case .statement(let reason): reason
    }
  }
}
