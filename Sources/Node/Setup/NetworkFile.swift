public import Engine
internal import Model
public import Overlay

/// `network.json`: this node's place in its network. A data folder belongs to one network for ever, since its ledger
/// and its keys' certificate do.
public struct NetworkFile: Codable, Sendable, Hashable {
  static let byteLimit = 1_024 * 1_024

  public var membership: NetworkMembership
  /// Nodes to dial first; empty for a founder.
  public var seeds: [Invitation.Seed]

  /// - Throws: `Refusal`; `.notFound` when the node is in no network yet.
  public static func read(in folder: DataFolder) throws(Refusal) -> NetworkFile {
    let bytes: [UInt8]
    do {
      bytes = try PrivateFile.read(folder.networkPath, limit: byteLimit)
    } catch  where error.kind == .notFound {
      throw Refusal(
        .notFound, "the node in \(folder.given) is in no network yet", subject: folder.networkPath,
        next: "jointcloud network create --data \(folder.typed) --name NAME, "
          + "or jointcloud network join --data \(folder.typed) INVITATION")
    }
    do {
      return try CanonicalJSON.decode(NetworkFile.self, from: bytes, limit: byteLimit)
    } catch {
      throw Refusal(
        .invalid, "\(folder.networkPath) is damaged: \(error)", subject: folder.networkPath,
        next: "restore it from a copy, or join with a new data folder")
    }
  }

  /// Writes it once; a folder never changes its network.
  ///
  /// - Throws: `Refusal`.
  func create(in folder: DataFolder) throws(Refusal) {
    let bytes: [UInt8]
    do {
      bytes = try CanonicalJSON.encode(self)
    } catch {
      throw Refusal(.failed, "the membership cannot be written down: \(error)", subject: folder.networkPath)
    }
    try PrivateFile.write(bytes, to: folder.networkPath, mode: 0o600, exclusive: true)
  }
}
