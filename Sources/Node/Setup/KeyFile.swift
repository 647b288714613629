public import Engine
internal import Glibc
internal import Model
internal import Sodium

/// A secret of 32 bytes in a file of its own, as 64 hexadecimal digits and a line end. Nobody but its owner may
/// read it: a key file that others can read is refused, since nobody can say who has read it.
public struct KeyFile: Sendable, Hashable {
  public enum Name: String, Sendable, CaseIterable {
    case root = "root.key"
    case signing = "signing.key"
    case datagram = "datagram.key"
    case cosigning = "cosigning.key"
    /// The bearer token of the HTTP interface.
    case token = "api.token"
  }

  public let path: String

  public init(_ name: Name, in folder: DataFolder) {
    path = folder.keysPath + "/" + name.rawValue
  }

  /// - Throws: `Refusal`; `.notPermitted` for a file that others can read, `.invalid` for other content.
  public func read() throws(Refusal) -> [UInt8] {
    let path = path
    let content = try PrivateFile.read(path, limit: 1_024) { (stamp) throws(Refusal) in
      guard stamp.isRegular else { throw Refusal(.invalid, "key file \(path) is no regular file", subject: path) }
      guard stamp.mode & 0o077 == 0 else {
        throw Refusal(
          .notPermitted,
          "key file \(path) can be read or changed by others (mode \(String(stamp.mode, radix: 8))); "
            + "if anybody may have read it, set the node up anew",
          subject: path, next: "chmod 600 \(path)")
      }
      guard stamp.owner == geteuid() else {
        throw Refusal(.notPermitted, "key file \(path) belongs to another user", subject: path, next: "ls -l \(path)")
      }
    }
    let text = String(decoding: content, as: UTF8.self)
    guard text.hasSuffix("\n"), let seed = Hexadecimal.decode(text.dropLast()), seed.count == SigningKey.seedByteCount
    else {
      throw Refusal(
        .invalid, "key file \(path) does not hold a key: it must be 64 hexadecimal digits and a line end",
        subject: path,
        next: "restore it from a copy, or set the node up anew")
    }
    return seed
  }

  /// Writes a new key, unless there is one: it is never overwritten.
  ///
  /// - Returns: the key that is there now.
  /// - Throws: `Refusal`.
  func readOrCreate(_ seed: [UInt8]) throws(Refusal) -> [UInt8] {
    if PrivateFile.exists(path) { return try read() }
    try PrivateFile.write(Array((Hexadecimal.encode(seed) + "\n").utf8), to: path, mode: 0o600, exclusive: true)
    return seed
  }
}
