/// How an entry breaks the contract: an honest member neither stores nor acknowledges it.
public struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Rule: String, Hashable, Sendable {
    case malformed, order, membership, signature, agreement, duplicate, unknownTask, taskEnded, attempt, price
    case expiry, limit, kind, motion, state
  }

  public let entry: Int
  public let rule: Rule
  public let detail: String

  public init(entry: Int, rule: Rule, detail: String) {
    self.entry = entry
    self.rule = rule
    self.detail = detail
  }

  public var description: String { "entry \(entry) breaks the rule '\(rule.rawValue)': \(detail)" }
}
