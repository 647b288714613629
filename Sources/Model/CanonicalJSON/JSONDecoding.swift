/// Decodes `Decodable` values from `JSON`.
enum JSONDecoding {
  static func value<Value: Decodable>(_ type: Value.Type, from json: JSON) throws -> Value {
    try TreeDecoder(json: json, place: .root).decodeValue(type)
  }
}

/// Where a value stands in its document. The whole path is put together only for errors.
indirect enum CodingPlace {
  case root
  case member(CodingPlace, String)
  case element(CodingPlace, Int)

  var path: [any CodingKey] {
    switch self {
    case .root: []
    case .member(let outer, let key): outer.path + [PlaceKey(key)]
    case .element(let outer, let index): outer.path + [PlaceKey(index)]
    }
  }
}

struct PlaceKey: CodingKey {
  let stringValue: String
  let intValue: Int?

  init(_ key: String) {
    stringValue = key
    intValue = nil
  }

  init(_ index: Int) {
    stringValue = String(index)
    intValue = index
  }

  init?(intValue: Int) { self.init(intValue) }
  init?(stringValue: String) { self.init(stringValue) }
}

struct TreeDecoder: Decoder {
  let json: JSON
  let place: CodingPlace
  var codingPath: [any CodingKey] { place.path }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .object(let members) = json else { throw mismatch("an object", JSON.Members.self) }
    return KeyedDecodingContainer(KeyedReader<Key>(members: members, place: place))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .array(let elements) = json else { throw mismatch("a list", [JSON].self) }
    return UnkeyedReader(elements: elements, place: place)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { self }

  private func mismatch(_ expected: String, _ type: Any.Type) -> DecodingError {
    .typeMismatch(
      type, .init(codingPath: codingPath, debugDescription: "expected \(expected), found \(Self.name(json))"))
  }

  private static func name(_ json: JSON) -> String {
    switch json {
    case .null: "null"
    case .bool: "true or false"
    case .integer: "an integer"
    case .string: "text"
    case .array: "a list"
    case .object: "an object"
    }
  }

  func text() throws -> String {
    guard case .string(let text) = json else { throw mismatch("text", String.self) }
    return text
  }

  func flag() throws -> Bool {
    guard case .bool(let flag) = json else { throw mismatch("true or false", Bool.self) }
    return flag
  }

  func integer<Integer: BinaryInteger>(_ type: Integer.Type) throws -> Integer {
    guard case .integer(let number) = json else { throw mismatch("an integer", type) }
    guard let value = Integer(exactly: number) else {
      throw DecodingError.dataCorrupted(.init(codingPath: codingPath, debugDescription: "\(number) is out of range"))
    }
    return value
  }

  func decodeValue<Value: Decodable>(_ type: Value.Type) throws -> Value {
    // Comparing types costs nothing, finding out what they conform to does.
    if type == String.self, let value = try text() as? Value { return value }
    if type == Bool.self, let value = try flag() as? Value { return value }
    if type == Int.self, let value = try integer(Int.self) as? Value { return value }
    if type == JSON.self, let value = json as? Value { return value }
    return try Value(from: self)
  }
}

// What types decode themselves from: scalars of the standard library come here, too.
extension TreeDecoder: SingleValueDecodingContainer {
  func decodeNil() -> Bool { json == .null }
  func decode(_ type: String.Type) throws -> String { try text() }
  func decode(_ type: Bool.Type) throws -> Bool { try flag() }
  func decode(_ type: Int.Type) throws -> Int { try integer(type) }
  func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
  func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
  func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
  func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
  func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }
  func decode(_ type: Double.Type) throws -> Double { throw mismatch("no fraction", type) }
  func decode(_ type: Float.Type) throws -> Float { throw mismatch("no fraction", type) }
  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decodeValue(type) }
}

private struct KeyedReader<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let members: JSON.Members
  let place: CodingPlace
  var codingPath: [any CodingKey] { place.path }
  var allKeys: [Key] { members.compactMap { Key(stringValue: $0.key) } }

  func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }

  private func inner(_ key: any CodingKey) throws -> TreeDecoder {
    let name = key.stringValue
    guard let json = members[name] else {
      throw DecodingError.keyNotFound(
        key, .init(codingPath: codingPath, debugDescription: "key \"\(name)\" is missing"))
    }
    return TreeDecoder(json: json, place: .member(place, name))
  }

  func decodeNil(forKey key: Key) throws -> Bool { try inner(key).json == .null }
  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    try inner(key).decodeValue(type)
  }
  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> { try inner(key).container(keyedBy: type) }
  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try inner(key).unkeyedContainer()
  }
  func superDecoder() throws -> any Decoder { TreeDecoder(json: members["super"] ?? .null, place: place) }
  func superDecoder(forKey key: Key) throws -> any Decoder { try inner(key) }
}

private struct UnkeyedReader: UnkeyedDecodingContainer {
  let elements: [JSON]
  let place: CodingPlace
  var currentIndex = 0
  var codingPath: [any CodingKey] { place.path }
  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex >= elements.count }

  init(elements: [JSON], place: CodingPlace) {
    self.elements = elements
    self.place = place
  }

  private mutating func inner() throws -> TreeDecoder {
    let inner = CodingPlace.element(place, currentIndex)
    guard !isAtEnd else {
      throw DecodingError.valueNotFound(
        JSON.self, .init(codingPath: inner.path, debugDescription: "the list is too short"))
    }
    defer { currentIndex += 1 }
    return TreeDecoder(json: elements[currentIndex], place: inner)
  }

  mutating func decodeNil() throws -> Bool {
    guard !isAtEnd, elements[currentIndex] == .null else { return false }
    currentIndex += 1
    return true
  }
  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try inner().decodeValue(type) }
  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> { try inner().container(keyedBy: type) }
  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try inner().unkeyedContainer() }
  mutating func superDecoder() throws -> any Decoder { try inner() }
}
