/// Why bytes are not what they should be.
enum ReadError: Error, Hashable, Sendable, CustomStringConvertible {
  case notJSON(at: Int)
  case memberTwice(String)
  /// The value does not write back to the same bytes.
  case notCanonical
  /// The object has other members than the format names.
  case members(of: String)
  /// A member's value is not of the format.
  case member(String)

  var description: String {
    switch self {
    case .notJSON(let place): "not JSON at byte \(place)"
    case .memberTwice(let name): "member \(name) twice"
    case .notCanonical: "not canonical"
    case .members(let name): "other members in \(name)"
    case .member(let name): "a wrong \(name)"
    }
  }
}
