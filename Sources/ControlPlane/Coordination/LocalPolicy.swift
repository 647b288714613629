public import Contract

/// An owner's own rules: nobody else's decision stands above them (R35, R58).
public struct LocalPolicy: Codable, Hashable, Sendable {
  /// Declines what it matches; members that are nil match everything.
  public struct Rule: Codable, Hashable, Sendable {
    public var kind: String?
    /// Name and value of a label.
    public var label: [String: String]?
    public var code: DeclineCode
    public var text: String

    public init(kind: String?, label: [String: String]?, code: DeclineCode, text: String) {
      self.kind = kind
      self.label = label
      self.code = code
      self.text = text
    }
  }

  public var decline: [Rule]
  /// Offers wait for the operator until they lapse.
  public var decidesByHand: Bool

  public init(decline: [Rule], decidesByHand: Bool) {
    self.decline = decline
    self.decidesByHand = decidesByHand
  }

  /// The first rule that declines this work; nil when none does.
  public func objection(kind: String, labels: [String: String]) -> Rule? {
    decline.first { rule in
      (rule.kind.map { $0 == kind } ?? true) && (rule.label ?? [:]).allSatisfy { labels[$0.key] == $0.value }
    }
  }
}
