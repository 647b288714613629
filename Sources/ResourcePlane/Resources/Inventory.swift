public import Model

/// What an adapter can do beyond taking work and saying how it ended.
public enum AdapterFeature: String, Hashable, Sendable, Codable, CaseIterable {
  case cancel, logs, results, usage
}

/// How an adapter is declared to other nodes and shown to people.
public struct AdapterDescription: Hashable, Sendable, Codable {
  /// Unique on its node.
  public let name: String
  /// `local`, `noop`, ...
  public let kind: String
  /// In the order of `AdapterFeature.allCases`.
  public let supports: [AdapterFeature]
  /// Takes only work that names it: what it does is no substitute for running a command.
  public let onRequestOnly: Bool

  public init(name: String, kind: String, supports: [AdapterFeature], onRequestOnly: Bool = false) {
    self.name = name
    self.kind = kind
    self.onRequestOnly = onRequestOnly
    self.supports = AdapterFeature.allCases.filter(supports.contains)
  }
}

/// What an adapter's backend has, as last seen.
public struct Inventory: Hashable, Sendable, Codable {
  public let total: Amounts
  /// Whether work can be taken now. An adapter that cannot is shown with its reason; it stops nothing.
  public let usable: Bool
  /// For people: what was found, or what is wrong.
  public let detail: String
  /// What to do when it is not usable.
  public let remedy: String?
  /// Whether commands run in a sandbox.
  public let sandboxed: Bool
  /// The backend's own words (versions, limits).
  public let native: [String: String]

  public init(
    total: Amounts, usable: Bool, detail: String, remedy: String? = nil, sandboxed: Bool, native: [String: String] = [:]
  ) {
    self.total = total
    self.usable = usable
    self.detail = detail
    self.remedy = remedy
    self.sandboxed = sandboxed
    self.native = native
  }
}
