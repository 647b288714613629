public import Sodium

/// What a statement says it is for. A signature for one purpose proves nothing for another.
public struct Purpose: Hashable, Sendable, Codable, CustomStringConvertible {
  public let name: String

  public init(_ name: String) {
    self.name = name
  }

  public init(from decoder: any Decoder) throws {
    name = try decoder.singleValueContainer().decode(String.self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(name)
  }

  public var description: String { name }
}

/// A body that has its own purpose. Bodies live with their plane.
public protocol StatementBody: Codable, Sendable, Hashable {
  static var purpose: Purpose { get }
}

/// The frame of everything that is signed: canonical JSON that binds a body to network, collaboration,
/// purpose, author and the author's key epoch (docs/formats.md).
public struct Statement: Hashable, Sendable {
  /// The largest statement, in bytes.
  public static let byteLimit = 64 * 1_024
  /// Stands before the canonical bytes in what is signed, so that no other protocol's signature fits here.
  public static let domain = Array("JointCloud statement v1\n".utf8)

  /// Statements are held in many places and never change: all places share one.
  private final class Parts: Sendable {
    let network: NetworkID
    let collaboration: CollaborationID?
    let author: NodeID
    let epoch: Int
    let purpose: Purpose
    let body: JSON
    let bytes: [UInt8]
    let id: StatementID

    init(
      network: NetworkID, collaboration: CollaborationID?, author: NodeID, epoch: Int, purpose: Purpose, body: JSON,
      bytes: [UInt8]
    ) {
      self.network = network
      self.collaboration = collaboration
      self.author = author
      self.epoch = epoch
      self.purpose = purpose
      self.body = body
      self.bytes = bytes
      id = StatementID(Digest(of: bytes))
    }
  }

  private let parts: Parts

  public var network: NetworkID { parts.network }
  public var collaboration: CollaborationID? { parts.collaboration }
  public var author: NodeID { parts.author }
  public var epoch: Int { parts.epoch }
  public var purpose: Purpose { parts.purpose }
  public var body: JSON { parts.body }
  /// The canonical bytes: kept, hashed and signed as they are.
  public var bytes: [UInt8] { parts.bytes }
  public var id: StatementID { parts.id }

  /// - Throws: `JSONError` when the body cannot be written canonically or the whole is over `byteLimit`.
  public init<Body: StatementBody>(
    _ body: Body, by author: NodeID, epoch: Int, network: NetworkID, collaboration: CollaborationID? = nil
  ) throws(JSONError) {
    let json = try JSONEncoding.json(of: body)
    guard JSON.integers.contains(Int64(epoch)) else {
      throw .unrepresentable(path: "epoch", reason: "integer over 2^53-1")
    }
    let bytes = CanonicalJSON.encode(
      Self.frame(
        author: author, body: json, collaboration: collaboration, epoch: epoch, network: network,
        purpose: Body.purpose))
    guard bytes.count <= Self.byteLimit else { throw .tooLarge(byteCount: bytes.count, limit: Self.byteLimit) }
    parts = Parts(
      network: network, collaboration: collaboration, author: author, epoch: epoch, purpose: Body.purpose, body: json,
      bytes: bytes)
  }

  /// Reads a frame from canonical bytes. Proves nothing about its signature.
  ///
  /// - Throws: `JSONError`.
  public init(bytes: [UInt8]) throws(JSONError) {
    try self.init(CanonicalJSON.parse(bytes, limit: Self.byteLimit), bytes: bytes)
  }

  /// Reads a frame from a value that stood in a canonical document.
  ///
  /// - Throws: `JSONError`.
  init(json: JSON) throws(JSONError) {
    let bytes = CanonicalJSON.encode(json)
    guard bytes.count <= Self.byteLimit else {
      throw JSONError.tooLarge(byteCount: bytes.count, limit: Self.byteLimit)
    }
    try self.init(json, bytes: bytes)
  }

  private init(_ json: JSON, bytes: [UInt8]) throws(JSONError) {
    var reader = FrameReader(json)
    let version = try reader.integer("version")
    guard version == 1 else {
      throw JSONError.unrepresentable(
        path: "version", reason: "statement version \(version) is not known to this node")
    }
    parts = Parts(
      network: NetworkID(try reader.digest("network")),
      collaboration: try reader.has("collaboration") ? CollaborationID(reader.digest("collaboration")) : nil,
      author: NodeID(try reader.digest("author")), epoch: Int(try reader.integer("epoch")),
      purpose: Purpose(try reader.text("purpose")), body: try reader.value("body"), bytes: bytes)
    try reader.end()
  }

  /// The frame as a value; its canonical form is `bytes`.
  var json: JSON {
    Self.frame(
      author: author, body: body, collaboration: collaboration, epoch: epoch, network: network, purpose: purpose)
  }

  private static func frame(
    author: NodeID, body: JSON, collaboration: CollaborationID?, epoch: Int, network: NetworkID, purpose: Purpose
  ) -> JSON {
    var members: JSON.Members = [
      "author": .string(author.hexadecimal), "body": body, "epoch": .integer(Int64(epoch)),
      "network": .string(network.hexadecimal), "purpose": .string(purpose.name), "version": .integer(1),
    ]
    if let collaboration { members["collaboration"] = .string(collaboration.hexadecimal) }
    return .object(members)
  }

  /// What an Ed25519 signature covers.
  public var signedBytes: [UInt8] { Self.domain + bytes }

  /// The body as its type; another purpose is refused, whatever the body looks like.
  ///
  /// - Throws: `JSONError`, `DecodingError`.
  public func decode<Body: StatementBody>(_ type: Body.Type) throws -> Body {
    guard purpose == Body.purpose else {
      throw JSONError.unrepresentable(path: "purpose", reason: "expected \(Body.purpose), found \(purpose)")
    }
    return try CanonicalJSON.decode(type, from: body)
  }

  public static func == (left: Statement, right: Statement) -> Bool { left.id == right.id }
  public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// Takes a frame apart, member by member; what is left over is refused.
private struct FrameReader {
  private let members: JSON.Members
  private var taken = 0

  init(_ json: JSON) {
    if case .object(let members) = json { self.members = members } else { members = [:] }
  }

  func has(_ key: String) -> Bool { members[key] != nil }

  mutating func value(_ key: String) throws(JSONError) -> JSON {
    guard let value = members[key] else { throw .unrepresentable(path: key, reason: "a statement must have it") }
    taken += 1
    return value
  }

  mutating func text(_ key: String) throws(JSONError) -> String {
    guard let text = try value(key).stringValue else { throw .unrepresentable(path: key, reason: "expected text") }
    return text
  }

  mutating func integer(_ key: String) throws(JSONError) -> Int64 {
    guard let number = try value(key).integerValue else {
      throw .unrepresentable(path: key, reason: "expected an integer")
    }
    return number
  }

  mutating func digest(_ key: String) throws(JSONError) -> Digest {
    guard let digest = Digest(hexadecimal: try text(key)) else {
      throw .unrepresentable(path: key, reason: "expected 64 lowercase hexadecimal digits")
    }
    return digest
  }

  func end() throws(JSONError) {
    guard taken == members.count else {
      throw .unrepresentable(path: members.keys.joined(separator: ", "), reason: "a statement has no such members")
    }
  }
}

/// A statement with its author's signature. Whether the signature holds is for whoever has the author's key to say.
public struct SignedStatement: Hashable, Sendable {
  public let statement: Statement
  public let signature: Signature

  public init(_ statement: Statement, signature: Signature) {
    self.statement = statement
    self.signature = signature
  }

  public var id: StatementID { statement.id }

  /// Whether `key` made the signature over exactly these bytes.
  public func verifies(with key: VerificationKey) -> Bool {
    key.verifies(signature, over: statement.signedBytes)
  }
}

/// In documents a signed statement is `{"signature": hex, "statement": {...}}`; the statement is written out,
/// and its canonical form gives back the signed bytes.
extension SignedStatement: Codable {
  private enum CodingKeys: String, CodingKey { case signature, statement }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    statement = try Statement(json: container.decode(JSON.self, forKey: .statement))
    let text = try container.decode(String.self, forKey: .signature)
    guard let bytes = Hexadecimal.decode(text), let signature = try? Signature(bytes: bytes) else {
      throw DecodingError.dataCorruptedError(
        forKey: .signature, in: container, debugDescription: "expected 128 lowercase hexadecimal digits")
    }
    self.signature = signature
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(statement.json, forKey: .statement)
    try container.encode(Hexadecimal.encode(signature.bytes), forKey: .signature)
  }
}
