/// Decodes `Decodable` values from `JSON`.
enum JSONDecoding {
  static func value<Value: Decodable>(_ type: Value.Type, from json: JSON) throws -> Value {
    try TreeDecoder(json: json, codingPath: []).decodeValue(type)
  }
}

struct TreeDecoder: Decoder {
  let json: JSON
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .object(let members) = json else { throw mismatch([String: JSON].self) }
    return KeyedDecodingContainer(KeyedReader<Key>(members: members, codingPath: codingPath))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .array(let elements) = json else { throw mismatch([JSON].self) }
    return UnkeyedReader(elements: elements, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { SingleReader(decoder: self) }

  func mismatch(_ type: Any.Type) -> DecodingError {
    .typeMismatch(
      type, .init(codingPath: codingPath, debugDescription: "expected \(Self.name(type)), found \(Self.name(json))"))
  }

  private static func name(_ type: Any.Type) -> String {
    switch type {
    case is String.Type: "text"
    case is Bool.Type: "true or false"
    case is any BinaryInteger.Type: "an integer"
    case is [JSON].Type: "a list"
    case is [String: JSON].Type: "an object"
    default: "\(type)"
    }
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

  func decodeValue<Value: Decodable>(_ type: Value.Type) throws -> Value {
    if type == String.self {
      guard case .string(let text) = json, let value = text as? Value else { throw mismatch(type) }
      return value
    }
    if type == Bool.self {
      guard case .bool(let flag) = json, let value = flag as? Value else { throw mismatch(type) }
      return value
    }
    if let integerType = type as? any (BinaryInteger & Decodable).Type {
      guard case .integer(let number) = json else { throw mismatch(type) }
      guard let value = Self.exact(number, integerType) as? Value else {
        throw DecodingError.dataCorrupted(.init(codingPath: codingPath, debugDescription: "\(number) is out of range"))
      }
      return value
    }
    return try Value(from: self)
  }

  private static func exact<Integer: BinaryInteger>(_ number: Int64, _: Integer.Type) -> Integer? {
    Integer(exactly: number)
  }
}

private struct KeyedReader<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let members: [String: JSON]
  let codingPath: [any CodingKey]
  var allKeys: [Key] { members.keys.sorted().compactMap(Key.init(stringValue:)) }

  func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }

  private func inner(_ key: any CodingKey) throws -> TreeDecoder {
    guard let json = members[key.stringValue] else {
      throw DecodingError.keyNotFound(
        key, .init(codingPath: codingPath, debugDescription: "key \"\(key.stringValue)\" is missing"))
    }
    return TreeDecoder(json: json, codingPath: codingPath + [key])
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
  func superDecoder() throws -> any Decoder { TreeDecoder(json: members["super"] ?? .null, codingPath: codingPath) }
  func superDecoder(forKey key: Key) throws -> any Decoder { try inner(key) }
}

private struct UnkeyedReader: UnkeyedDecodingContainer {
  let elements: [JSON]
  let codingPath: [any CodingKey]
  var currentIndex = 0
  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex >= elements.count }

  init(elements: [JSON], codingPath: [any CodingKey]) {
    self.elements = elements
    self.codingPath = codingPath
  }

  private mutating func inner() throws -> TreeDecoder {
    let path = codingPath + [IndexKey(currentIndex)]
    guard !isAtEnd else {
      throw DecodingError.valueNotFound(JSON.self, .init(codingPath: path, debugDescription: "the list is too short"))
    }
    defer { currentIndex += 1 }
    return TreeDecoder(json: elements[currentIndex], codingPath: path)
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

private struct SingleReader: SingleValueDecodingContainer {
  let decoder: TreeDecoder
  var codingPath: [any CodingKey] { decoder.codingPath }
  func decodeNil() -> Bool { decoder.json == .null }
  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decoder.decodeValue(type) }
}
