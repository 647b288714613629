internal import Model

/// An object of a scenario file that is read key by key; what nobody asked for is an error in the end.
struct ScenarioObject {
  let place: String
  private var members: JSON.Members
  private var asked: [String] = []

  init(_ json: JSON, at place: String) throws(ScenarioError) {
    guard case .object(let members) = json else { throw .wrongType(place: place, expected: "an object") }
    self.place = place
    self.members = members
  }

  private func at(_ key: String) -> String { place.isEmpty ? key : "\(place).\(key)" }

  private mutating func take(_ key: String) -> JSON? {
    asked.append(key)
    return members.removeValue(forKey: key)
  }

  private func required<Value>(_ value: Value?, _ key: String) throws(ScenarioError) -> Value {
    guard let value else { throw .missingKey(place: place.isEmpty ? "the scenario" : place, key: key) }
    return value
  }

  mutating func text(_ key: String) throws(ScenarioError) -> String { try required(try textIfAny(key), key) }

  mutating func textIfAny(_ key: String) throws(ScenarioError) -> String? {
    guard let json = take(key) else { return nil }
    guard let text = json.stringValue else { throw .wrongType(place: at(key), expected: "a text") }
    return text
  }

  /// The word, if it is one of these; else it stays to be read.
  mutating func wordIfKnown<Word: RawRepresentable>(_ key: String, of type: Word.Type) -> Word?
  where Word.RawValue == String {
    guard let word = members[key]?.stringValue.flatMap(Word.init(rawValue:)) else { return nil }
    _ = take(key)
    return word
  }

  /// - Parameter others: words that are known here as well.
  mutating func word<Word: RawRepresentable & CaseIterable>(
    _ key: String, of type: Word.Type, besides others: [String] = []
  ) throws(ScenarioError) -> Word where Word.RawValue == String {
    let text = try text(key)
    guard let word = Word(rawValue: text) else {
      throw .unknownWord(place: at(key), word: text, known: Word.allCases.map(\.rawValue) + others)
    }
    return word
  }

  mutating func integer(_ key: String, in range: ClosedRange<Int>) throws(ScenarioError) -> Int {
    try required(try integerIfAny(key, in: range), key)
  }

  mutating func integerIfAny(_ key: String, in range: ClosedRange<Int>) throws(ScenarioError) -> Int? {
    guard let json = take(key) else { return nil }
    return try Self.integer(json, at: at(key), in: range)
  }

  private static func integer(_ json: JSON, at place: String, in range: ClosedRange<Int>) throws(ScenarioError) -> Int {
    guard let wide = json.integerValue else { throw .wrongType(place: place, expected: "a whole number") }
    guard let number = Int(exactly: wide), range.contains(number) else {
      throw .outOfRange(place: place, allowed: "\(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  mutating func integersIfAny(_ key: String, in range: ClosedRange<Int>) throws(ScenarioError) -> [Int]? {
    guard let json = take(key) else { return nil }
    return try Self.integers(json, at: at(key), in: range)
  }

  private static func integers(
    _ json: JSON, at place: String, in range: ClosedRange<Int>
  ) throws(ScenarioError) -> [Int] {
    guard case .array(let elements) = json else { throw .wrongType(place: place, expected: "a list") }
    var out: [Int] = []
    for (index, element) in elements.enumerated() {
      out.append(try integer(element, at: "\(place)[\(index)]", in: range))
    }
    return out
  }

  mutating func groups(_ key: String, in range: ClosedRange<Int>) throws(ScenarioError) -> [[Int]] {
    guard case .array(let elements) = try required(take(key), key) else {
      throw .wrongType(place: at(key), expected: "a list of lists")
    }
    var out: [[Int]] = []
    for (index, element) in elements.enumerated() {
      out.append(try Self.integers(element, at: "\(at(key))[\(index)]", in: range))
    }
    return out
  }

  /// A time that is not negative.
  mutating func duration(_ key: String) throws(ScenarioError) -> Duration {
    try required(try durationIfAny(key), key)
  }

  mutating func durationIfAny(_ key: String) throws(ScenarioError) -> Duration? {
    guard let milliseconds = try millisecondsIfAny(key) else { return nil }
    guard milliseconds >= 0 else { throw .outOfRange(place: at(key), allowed: "0 and more") }
    return .milliseconds(milliseconds)
  }

  /// A time that is not zero.
  mutating func interval(_ key: String) throws(ScenarioError) -> Duration {
    let interval = try duration(key)
    guard interval > .zero else { throw .outOfRange(place: at(key), allowed: "1ms and more") }
    return interval
  }

  mutating func milliseconds(_ key: String) throws(ScenarioError) -> Int64 {
    try required(try millisecondsIfAny(key), key)
  }

  private mutating func millisecondsIfAny(_ key: String) throws(ScenarioError) -> Int64? {
    guard let text = try textIfAny(key) else { return nil }
    guard let milliseconds = DurationText.milliseconds(text) else {
      throw .wrongType(place: at(key), expected: "a time such as 250ms, 10s, 5m or 1h")
    }
    return milliseconds
  }

  mutating func objects(_ key: String, limit: Int) throws(ScenarioError) -> [ScenarioObject] {
    guard let json = take(key) else { return [] }
    guard case .array(let elements) = json else { throw .wrongType(place: at(key), expected: "a list") }
    guard elements.count <= limit else { throw .tooMany(place: at(key), limit: limit) }
    var out: [ScenarioObject] = []
    for (index, element) in elements.enumerated() {
      out.append(try ScenarioObject(element, at: "\(at(key))[\(index)]"))
    }
    return out
  }

  /// Refuses what was not asked for.
  func end() throws(ScenarioError) {
    guard let stranger = members.keys.min() else { return }
    throw .unknownKey(place: at(stranger), known: asked)
  }
}
