/// What can be made anew from the rest at any time: values that differ in it alone are equal.
struct Remembered<Value: Sendable>: Hashable, Sendable {
  var value: Value

  init(_ value: Value) {
    self.value = value
  }

  static func == (left: Remembered, right: Remembered) -> Bool { true }
  func hash(into hasher: inout Hasher) {}
}
