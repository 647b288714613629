/// A rule that did not hold.
package struct Finding: Hashable, Sendable, CustomStringConvertible {
  package let rule: Rule
  /// Lowercase hexadecimal; none when the rule is about what many signed.
  package let node: String?
  /// Lowercase hexadecimal.
  package let collaboration: String?
  package let term: Int?
  package let number: Int?
  package let expected: String
  package let found: String
  /// When the oracle noticed it.
  package let time: Duration

  package var description: String {
    let place = [
      node.map { "node " + $0.prefix(8) }, collaboration.map { "collaboration " + $0.prefix(8) },
      term.map { "term \($0)" }, number.map { "number \($0)" },
    ].compactMap(\.self).joined(separator: ", ")
    return "\(time) \(rule.rawValue) [\(place)]: expected \(expected), found \(found)"
  }
}

/// Where something was noticed.
struct Place: Hashable {
  var node: Digest?
  var collaboration: Digest?
  var term: Int?
  var number: Int?
}
