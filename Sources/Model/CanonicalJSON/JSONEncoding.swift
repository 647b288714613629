/// Encodes `Encodable` values into `JSON`. Floats are refused; nil members are left out.
enum JSONEncoding {
  static func json(of value: some Encodable) throws(JSONError) -> JSON {
    let slot = Slot()
    do {
      try TreeEncoder(slot: slot, place: .root).encodeValue(value)
    } catch let error as JSONError {
      throw error
    } catch let EncodingError.invalidValue(_, context) {
      throw .unrepresentable(path: dotted(context.codingPath), reason: context.debugDescription)
    } catch {
      throw .unrepresentable(path: "", reason: String(describing: error))
    }
    return try slot.json()
  }

  static func dotted(_ path: [any CodingKey]) -> String {
    path.map { key in key.intValue.map { "[\($0)]" } ?? key.stringValue }.joined(separator: ".")
  }
}

/// A place in the tree under construction; containers hold on to theirs while their owner goes on.
private final class Slot {
  enum Part {
    case value(JSON)
    case slot(Slot)

    func json() throws(JSONError) -> JSON {
      switch self {
      case .value(let value): value
      case .slot(let slot): try slot.json()
      }
    }
  }

  enum Content {
    case empty
    case value(JSON)
    case members([(key: String, part: Part)])
    case elements([Part])
  }

  var content = Content.empty

  func json() throws(JSONError) -> JSON {
    switch content {
    case .empty: return .object([:])
    case .value(let value): return value
    case .members(let members):
      var made: [JSON.Members.Member] = []
      made.reserveCapacity(members.count)
      for member in members { made.append(JSON.Members.Member(key: member.key, value: try member.part.json())) }
      return .object(try JSON.Members(sorting: made))
    case .elements(let elements):
      var made: [JSON] = []
      made.reserveCapacity(elements.count)
      for element in elements { made.append(try element.json()) }
      return .array(made)
    }
  }

  func add(_ key: String, _ part: Part) {
    guard case .members(var members) = content else { return }
    content = .empty
    members.append((key, part))
    content = .members(members)
  }

  func add(_ part: Part) {
    guard case .elements(var elements) = content else { return }
    content = .empty
    elements.append(part)
    content = .elements(elements)
  }

  func member(_ key: String) -> Slot {
    let slot = Slot()
    add(key, .slot(slot))
    return slot
  }

  func element() -> Slot {
    let slot = Slot()
    add(.slot(slot))
    return slot
  }
}

private struct TreeEncoder: Encoder {
  let slot: Slot
  let place: CodingPlace
  var codingPath: [any CodingKey] { place.path }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    if case .members = slot.content {} else { slot.content = .members([]) }
    return KeyedEncodingContainer(KeyedContainer<Key>(slot: slot, place: place))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if case .elements = slot.content {} else { slot.content = .elements([]) }
    return UnkeyedContainer(slot: slot, place: place)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    SingleContainer(slot: slot, place: place)
  }

  func encodeValue<Value: Encodable>(_ value: Value) throws {
    if let json = try Scalar.json(of: value, at: place) { return slot.content = .value(json) }
    try value.encode(to: self)
  }
}

/// Values that need no container.
private enum Scalar {
  /// - Returns: nil for what encodes itself.
  /// - Throws: `JSONError.unrepresentable`.
  static func json<Value: Encodable>(of value: Value, at place: CodingPlace) throws -> JSON? {
    // Comparing types costs nothing, finding out what they conform to does.
    let type = Value.self
    if type == String.self { return (value as? String).map(JSON.string) }
    if type == Bool.self { return (value as? Bool).map(JSON.bool) }
    if type == JSON.self { return value as? JSON }
    if type == Int.self { return try (value as? Int).map { try integer($0, at: place) } }
    if type == Double.self || type == Float.self { throw refusal("floats cannot be signed", at: place) }
    return nil
  }

  static func integer(_ number: some BinaryInteger, at place: CodingPlace) throws -> JSON {
    guard let exact = Int64(exactly: number), JSON.integers.contains(exact) else {
      throw refusal("integer over 2^53-1; write it as a string", at: place)
    }
    return .integer(exact)
  }

  static func refusal(_ reason: String, at place: CodingPlace) -> JSONError {
    .unrepresentable(path: JSONEncoding.dotted(place.path), reason: reason)
  }
}

private struct KeyedContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let slot: Slot
  let place: CodingPlace
  var codingPath: [any CodingKey] { place.path }

  private func inner(_ key: any CodingKey) -> TreeEncoder {
    TreeEncoder(slot: slot.member(key.stringValue), place: .member(place, key.stringValue))
  }

  mutating func encodeNil(forKey key: Key) throws { slot.add(key.stringValue, .value(.null)) }
  mutating func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
    let inside = CodingPlace.member(place, key.stringValue)
    if let json = try Scalar.json(of: value, at: inside) { return slot.add(key.stringValue, .value(json)) }
    try value.encode(to: TreeEncoder(slot: slot.member(key.stringValue), place: inside))
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> { inner(key).container(keyedBy: type) }
  mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    inner(key).unkeyedContainer()
  }
  mutating func superEncoder() -> any Encoder { TreeEncoder(slot: slot.member("super"), place: place) }
  mutating func superEncoder(forKey key: Key) -> any Encoder { inner(key) }
}

private struct UnkeyedContainer: UnkeyedEncodingContainer {
  let slot: Slot
  let place: CodingPlace
  var codingPath: [any CodingKey] { place.path }
  var count: Int { if case .elements(let elements) = slot.content { elements.count } else { 0 } }

  private func inner() -> TreeEncoder {
    let place = CodingPlace.element(place, count)
    return TreeEncoder(slot: slot.element(), place: place)
  }

  mutating func encodeNil() throws { slot.add(.value(.null)) }
  mutating func encode<Value: Encodable>(_ value: Value) throws {
    let inside = CodingPlace.element(place, count)
    if let json = try Scalar.json(of: value, at: inside) { return slot.add(.value(json)) }
    try value.encode(to: TreeEncoder(slot: slot.element(), place: inside))
  }
  mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
    inner().container(keyedBy: type)
  }
  mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { inner().unkeyedContainer() }
  mutating func superEncoder() -> any Encoder { inner() }
}

// Scalars of the standard library come here as well.
private struct SingleContainer: SingleValueEncodingContainer {
  let slot: Slot
  let place: CodingPlace
  var codingPath: [any CodingKey] { place.path }

  private func put(_ number: some BinaryInteger) throws { slot.content = .value(try Scalar.integer(number, at: place)) }

  mutating func encodeNil() throws { slot.content = .value(.null) }
  mutating func encode(_ value: String) throws { slot.content = .value(.string(value)) }
  mutating func encode(_ value: Bool) throws { slot.content = .value(.bool(value)) }
  mutating func encode(_ value: Int) throws { try put(value) }
  mutating func encode(_ value: Int8) throws { try put(value) }
  mutating func encode(_ value: Int16) throws { try put(value) }
  mutating func encode(_ value: Int32) throws { try put(value) }
  mutating func encode(_ value: Int64) throws { try put(value) }
  mutating func encode(_ value: UInt) throws { try put(value) }
  mutating func encode(_ value: UInt8) throws { try put(value) }
  mutating func encode(_ value: UInt16) throws { try put(value) }
  mutating func encode(_ value: UInt32) throws { try put(value) }
  mutating func encode(_ value: UInt64) throws { try put(value) }
  mutating func encode(_ value: Double) throws { throw Scalar.refusal("floats cannot be signed", at: place) }
  mutating func encode(_ value: Float) throws { throw Scalar.refusal("floats cannot be signed", at: place) }
  mutating func encode<Value: Encodable>(_ value: Value) throws {
    try TreeEncoder(slot: slot, place: place).encodeValue(value)
  }
}

extension JSON: Codable {
  /// Any value may stand inside a body; only this target's coders understand it.
  public init(from decoder: any Decoder) throws {
    guard let tree = decoder as? TreeDecoder else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "JSON values decode from canonical JSON only"))
    }
    self = tree.json
  }

  public func encode(to encoder: any Encoder) throws {
    guard let tree = encoder as? TreeEncoder else {
      return try encodePlainly(to: encoder)
    }
    tree.slot.content = .value(self)
  }

  /// For encoders of other libraries, such as the one that writes the interface's documents.
  private func encodePlainly(to encoder: any Encoder) throws {
    switch self {
    case .null:
      var container = encoder.singleValueContainer()
      try container.encodeNil()
    case .bool(let flag):
      var container = encoder.singleValueContainer()
      try container.encode(flag)
    case .integer(let number):
      var container = encoder.singleValueContainer()
      try container.encode(number)
    case .string(let text):
      var container = encoder.singleValueContainer()
      try container.encode(text)
    case .array(let elements):
      var container = encoder.unkeyedContainer()
      for element in elements { try container.encode(element) }
    case .object(let members):
      var container = encoder.container(keyedBy: PlaceKey.self)
      for member in members { try container.encode(member.value, forKey: PlaceKey(member.key)) }
    }
  }
}
