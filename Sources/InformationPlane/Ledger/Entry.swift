public import Model
internal import Sodium

/// One record of a ledger with what links it: canonical JSON, kept, hashed and sent as it is (docs/formats.md).
public struct Entry: Hashable, Sendable {
  /// The largest entry, in bytes.
  public static let byteLimit = 64 * 1_024
  /// Stands before the bytes in what is hashed: the leaf prefix of RFC 6962, so that a tree has the same leaves.
  public static let hashPrefix: UInt8 = 0x00

  public let collaboration: CollaborationID
  /// The hash of the configuration that was in force: voters, keys and quorum rule.
  public let configuration: Digest
  /// The hash of the entry before; for entry 1 the collaboration's id.
  public let previous: Digest
  public let record: LedgerRecord
  public let bytes: [UInt8]
  public let hash: Digest

  public var number: Int { record.number }
  public var term: Int { record.term }
  public var kind: String { record.kind }

  /// - Throws: `LedgerError.notCanonical` over `byteLimit`, `.field` for a number, term, time or kind out of range.
  public init(
    _ record: LedgerRecord, collaboration: CollaborationID, configuration: Digest, previous: Digest
  ) throws(LedgerError) {
    try Self.check(record)
    self.record = record
    self.collaboration = collaboration
    self.configuration = configuration
    self.previous = previous
    bytes = CanonicalJSON.encode(
      .object([
        "body": record.body,
        "collaboration": .string(collaboration.hexadecimal),
        "configuration": .string(configuration.hexadecimal),
        "kind": .string(record.kind),
        "number": .integer(Int64(record.number)),
        "previous": .string(previous.hexadecimal),
        "term": .integer(Int64(record.term)),
        "timeMilliseconds": .integer(record.timeMilliseconds),
        "version": .integer(1),
      ]))
    guard bytes.count <= Self.byteLimit else {
      throw .notCanonical(.tooLarge(byteCount: bytes.count, limit: Self.byteLimit))
    }
    hash = Self.hash(of: bytes)
  }

  /// Reads an entry from its canonical bytes.
  ///
  /// - Throws: `LedgerError.notCanonical`, `.field`.
  public init(bytes: [UInt8]) throws(LedgerError) {
    let json: JSON
    do {
      json = try CanonicalJSON.parse(bytes, limit: Self.byteLimit)
    } catch {
      throw .notCanonical(error)
    }
    guard case .object(let members) = json else { throw .field("(whole)", expected: "an object") }
    guard members["version"] == .integer(1) else {
      throw .field("version", expected: "1, the only version this program knows")
    }
    guard members.count == 9 else { throw .field("(whole)", expected: "exactly 9 members") }
    guard let body = members["body"] else { throw .field("body", expected: "a value") }
    guard let kind = members["kind"]?.stringValue else { throw .field("kind", expected: "text") }
    record = LedgerRecord(
      number: try Self.integer("number", members), term: try Self.integer("term", members),
      timeMilliseconds: Int64(try Self.integer("timeMilliseconds", members)), kind: kind, body: body)
    try Self.check(record)
    collaboration = CollaborationID(try Self.digest("collaboration", members))
    configuration = try Self.digest("configuration", members)
    previous = try Self.digest("previous", members)
    self.bytes = bytes
    hash = Self.hash(of: bytes)
  }

  /// The hash that the next entry names: SHA-256 over `hashPrefix` and the bytes. Never covers a signature.
  public static func hash(of bytes: [UInt8]) -> Digest {
    var hasher = SHA256()
    hasher.update(CollectionOfOne(hashPrefix))
    hasher.update(bytes)
    return Digest(finishing: hasher.finalize())
  }

  private static func check(_ record: LedgerRecord) throws(LedgerError) {
    guard record.number >= 1, record.number <= JSON.integerLimit else { throw .field("number", expected: "1 or more") }
    guard record.term >= 1, record.term <= JSON.integerLimit else { throw .field("term", expected: "1 or more") }
    guard (0...JSON.integerLimit).contains(record.timeMilliseconds) else {
      throw .field("timeMilliseconds", expected: "milliseconds since 1970")
    }
    guard (1...64).contains(record.kind.utf8.count), record.kind.utf8.allSatisfy(isKindCharacter) else {
      throw .field("kind", expected: "1 to 64 letters, digits, points or hyphens")
    }
  }

  private static func isKindCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  private static func integer(_ name: String, _ members: JSON.Members) throws(LedgerError) -> Int {
    guard let number = members[name]?.integerValue else { throw .field(name, expected: "an integer") }
    return Int(number)
  }

  private static func digest(_ name: String, _ members: JSON.Members) throws(LedgerError) -> Digest {
    guard let digest = members[name]?.stringValue.flatMap(Digest.init(hexadecimal:)) else {
      throw .field(name, expected: "64 lowercase hexadecimal digits")
    }
    return digest
  }

  public static func == (left: Entry, right: Entry) -> Bool { left.hash == right.hash }
  public func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

extension Entry: CustomStringConvertible {
  public var description: String { "entry \(number) \(kind) \(hash.short)" }
}
