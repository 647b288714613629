public import Model
public import Sodium

/// A node with keys from fixed seeds.
public struct FixtureNode: Sendable {
  struct Certificate: StatementBody {
    static let purpose = Purpose("epoch")
    var cosigningKey: String
    var datagramKey: String
    var epoch: Int
    var rootKey: String
    var signingKey: String
  }

  public let name: String
  public let root: SigningKey
  public let signing: SigningKey
  public let id: NodeID

  public init(_ index: Int) throws {
    name = "node-\(index)"
    root = try SigningKey(seed: Array(repeating: UInt8(truncatingIfNeeded: index), count: 32))
    signing = try SigningKey(seed: Array(repeating: UInt8(truncatingIfNeeded: index + 100), count: 32))
    id = NodeID(Digest(of: root.verificationKey.bytes))
  }

  public func certificate(in network: NetworkID) throws -> SignedStatement {
    let body = Certificate(
      cosigningKey: Hexadecimal.encode([UInt8](repeating: 3, count: 32)),
      datagramKey: Hexadecimal.encode([UInt8](repeating: 4, count: 32)), epoch: 1,
      rootKey: Hexadecimal.encode(root.verificationKey.bytes),
      signingKey: Hexadecimal.encode(signing.verificationKey.bytes))
    let statement = try Statement(body, by: id, epoch: 0, network: network)
    return SignedStatement(statement, signature: root.sign(statement.signedBytes))
  }

  public func sign(_ statement: Statement) -> SignedStatement {
    SignedStatement(statement, signature: signing.sign(statement.signedBytes))
  }
}
