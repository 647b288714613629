import Model
import Sodium
import Testing

@Suite struct StatementTests {
  struct Note: StatementBody {
    static let purpose = Purpose("note")
    var text: String
  }

  struct Other: StatementBody {
    static let purpose = Purpose("other")
    var text: String
  }

  static let key = try? SigningKey(seed: [UInt8](repeating: 7, count: 32))
  static let network = NetworkID(Digest(of: [1]))
  static let author = NodeID(Digest(of: [2]))

  static func signed(_ text: String = "hello", collaboration: CollaborationID? = nil) throws -> SignedStatement {
    let statement = try Statement(
      Note(text: text), by: author, epoch: 1, network: network, collaboration: collaboration)
    return SignedStatement(statement, signature: try #require(key).sign(statement.signedBytes))
  }

  @Test("A statement comes back from its bytes, and from a document that holds it, as the same bytes")
  func roundTrip() throws {
    for signed in [try Self.signed(), try Self.signed(collaboration: CollaborationID(Digest(of: [3])))] {
      #expect(try Statement(bytes: signed.statement.bytes) == signed.statement)
      #expect(try signed.statement.decode(Note.self) == Note(text: "hello"))
      let bytes = try CanonicalJSON.encode(signed)
      let again = try CanonicalJSON.decode(SignedStatement.self, from: bytes, limit: 1 << 20)
      #expect(again == signed && again.statement.bytes == signed.statement.bytes)
      #expect(again.verifies(with: try #require(Self.key).verificationKey))
    }
  }

  @Test("Any byte changed is refused or breaks the signature")
  func tampering() throws {
    let signed = try Self.signed()
    let key = try #require(Self.key).verificationKey
    for index in signed.statement.bytes.indices {
      var bytes = signed.statement.bytes
      bytes[index] ^= 1
      guard let changed = try? Statement(bytes: bytes) else { continue }
      #expect(!SignedStatement(changed, signature: signed.signature).verifies(with: key), "byte \(index)")
    }
  }

  @Test("A body of another purpose, unknown keys, and too much are refused")
  func refused() throws {
    let signed = try Self.signed()
    #expect(throws: JSONError.self) { try signed.statement.decode(Other.self) }
    #expect(throws: JSONError.self) { try Self.signed(String(repeating: "x", count: 70_000)) }
    let text = String(decoding: signed.statement.bytes, as: UTF8.self)
    for (from, to) in [("\"version\":1", "\"version\":2"), ("\"epoch\":1", "\"epoch\":1,\"extra\":1")] {
      #expect(throws: (any Error).self) { try Statement(bytes: Array(text.replacing(from, with: to).utf8)) }
    }
  }

  @Test("Ids and attempts have one spelling")
  func spelling() {
    let digest = Digest(of: [9])
    #expect(Digest(hexadecimal: digest.hexadecimal) == digest)
    #expect(Digest(hexadecimal: digest.hexadecimal.uppercased()) == nil)
    #expect(Digest(hexadecimal: String(digest.hexadecimal.dropLast())) == nil)
    let attempt = AttemptID(task: TaskID(digest), subtask: 3, number: 2)
    #expect(AttemptID("\(attempt)") == attempt)
    #expect(AttemptID("\(digest).3.0") == nil && AttemptID("\(digest).-1.1") == nil)
    for other in ["03.2", "+3.2", "3.02", "3.+2"] {
      #expect(AttemptID("\(digest).\(other)") == nil, "a second spelling")
    }
  }
}
