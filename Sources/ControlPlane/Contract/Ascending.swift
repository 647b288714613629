/// A set whose written form has one order.
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

/// What can be made anew from the rest at any time: values that differ in it alone are equal.
struct Remembered<Value: Sendable>: Hashable, Sendable {
  var value: Value

  init(_ value: Value) {
    self.value = value
  }

  static func == (left: Remembered, right: Remembered) -> Bool { true }
  func hash(into hasher: inout Hasher) {}
}
