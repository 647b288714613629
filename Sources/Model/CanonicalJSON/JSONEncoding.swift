/// Encodes `Encodable` values into `JSON`. Floats are refused; nil members are left out.
enum JSONEncoding {
  static func json(of value: some Encodable) throws(JSONError) -> JSON {
    let slot = Slot()
    do {
      try TreeEncoder(slot: slot, codingPath: []).encodeValue(value)
    } catch let error as JSONError {
      throw error
    } catch let EncodingError.invalidValue(_, context) {
      throw .unrepresentable(path: dotted(context.codingPath), reason: context.debugDescription)
    } catch {
      throw .unrepresentable(path: "", reason: String(describing: error))
    }
    return slot.json
  }

  static func dotted(_ path: [any CodingKey]) -> String {
    path.map { key in key.intValue.map { "[\($0)]" } ?? key.stringValue }.joined(separator: ".")
  }
}

/// A place in the tree under construction; containers hold on to theirs while their owner goes on.
private final class Slot {
  enum Content {
    case empty
    case value(JSON)
    case members([String: Slot])
    case elements([Slot])
  }

  var content = Content.empty

  var json: JSON {
    switch content {
    case .empty: .object([:])
    case .value(let value): value
    case .members(let members): .object(members.mapValues(\.json))
    case .elements(let elements): .array(elements.map(\.json))
    }
  }

  func member(_ key: String) -> Slot {
    let slot = Slot()
    if case .members(var members) = content {
      content = .empty
      members[key] = slot
      content = .members(members)
    }
    return slot
  }

  func element() -> Slot {
    let slot = Slot()
    if case .elements(var elements) = content {
      content = .empty
      elements.append(slot)
      content = .elements(elements)
    }
    return slot
  }
}

private struct TreeEncoder: Encoder {
  let slot: Slot
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    if case .members = slot.content {} else { slot.content = .members([:]) }
    return KeyedEncodingContainer(KeyedContainer<Key>(slot: slot, codingPath: codingPath))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if case .elements = slot.content {} else { slot.content = .elements([]) }
    return UnkeyedContainer(slot: slot, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    SingleContainer(slot: slot, codingPath: codingPath)
  }

  func encodeValue<Value: Encodable>(_ value: Value) throws {
    switch value {
    case let text as String: slot.content = .value(.string(text))
    case let flag as Bool: slot.content = .value(.bool(flag))
    case let number as any BinaryInteger:
      guard let exact = Int64(exactly: number), JSON.integers.contains(exact) else {
        throw JSONError.unrepresentable(
          path: JSONEncoding.dotted(codingPath), reason: "integer over 2^53-1; write it as a string")
      }
      slot.content = .value(.integer(exact))
    case let json as JSON: slot.content = .value(json)
    case is Double, is Float:
      throw JSONError.unrepresentable(path: JSONEncoding.dotted(codingPath), reason: "floats cannot be signed")
    default: try value.encode(to: self)
    }
  }
}

private struct KeyedContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let slot: Slot
  let codingPath: [any CodingKey]

  private func inner(_ key: any CodingKey) -> TreeEncoder {
    TreeEncoder(slot: slot.member(key.stringValue), codingPath: codingPath + [key])
  }

  mutating func encodeNil(forKey key: Key) throws { slot.member(key.stringValue).content = .value(.null) }
  mutating func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws { try inner(key).encodeValue(value) }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> { inner(key).container(keyedBy: type) }
  mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    inner(key).unkeyedContainer()
  }
  mutating func superEncoder() -> any Encoder { TreeEncoder(slot: slot.member("super"), codingPath: codingPath) }
  mutating func superEncoder(forKey key: Key) -> any Encoder { inner(key) }
}

private struct UnkeyedContainer: UnkeyedEncodingContainer {
  let slot: Slot
  let codingPath: [any CodingKey]
  var count: Int { if case .elements(let elements) = slot.content { elements.count } else { 0 } }

  private func inner() -> TreeEncoder {
    TreeEncoder(slot: slot.element(), codingPath: codingPath + [IndexKey(count)])
  }

  mutating func encodeNil() throws { slot.element().content = .value(.null) }
  mutating func encode<Value: Encodable>(_ value: Value) throws { try inner().encodeValue(value) }
  mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
    inner().container(keyedBy: type)
  }
  mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { inner().unkeyedContainer() }
  mutating func superEncoder() -> any Encoder { inner() }
}

private struct SingleContainer: SingleValueEncodingContainer {
  let slot: Slot
  let codingPath: [any CodingKey]

  mutating func encodeNil() throws { slot.content = .value(.null) }
  mutating func encode<Value: Encodable>(_ value: Value) throws {
    try TreeEncoder(slot: slot, codingPath: codingPath).encodeValue(value)
  }
}

struct IndexKey: CodingKey {
  let intValue: Int?
  var stringValue: String { intValue.map(String.init) ?? "" }
  init(_ index: Int) { intValue = index }
  init?(intValue: Int) { self.intValue = intValue }
  init?(stringValue: String) { nil }
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
      try members.encode(to: encoder)
    }
  }
}
