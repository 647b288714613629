/// A set whose written form has one order: equal sets may be walked in different ones, here and at another node.
@propertyWrapper
public struct Ascending<Element: Hashable & Comparable & Codable & Sendable>: Codable, Hashable, Sendable {
  public var wrappedValue: Set<Element>

  public init(wrappedValue: Set<Element>) {
    self.wrappedValue = wrappedValue
  }

  public init(from decoder: any Decoder) throws {
    wrappedValue = Set(try decoder.singleValueContainer().decode([Element].self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(wrappedValue.sorted())
  }
}
