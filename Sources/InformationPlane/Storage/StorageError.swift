public import Model

/// Why something could not be stored or read, and what to do next. After a failed write the process must end:
/// what memory believes is then ahead of the disk, and a repeated sync may lie (fsyncgate).
public enum StorageError: Error, Equatable, Sendable, CustomStringConvertible {
  case locked(path: String)
  case corrupt(path: String, detail: String)
  case diskFull(path: String, detail: String)
  /// A failed read, write or sync of the device or its limits.
  case inputOutput(path: String, detail: String)
  case notFound(path: String)
  case notPermitted(path: String, detail: String)
  case otherVersion(path: String, found: Int, known: Int)
  case otherNetwork(path: String, expected: NetworkID, found: String)
  case otherNode(path: String, expected: NodeID, found: String)
  /// A write that contradicts what is stored, as a second entry at one place: a fault of the program.
  case contradiction(path: String, detail: String)
  case failed(path: String, detail: String)
  case closed
  case overloaded(limit: Int)
  case objectDiffers(expected: Digest, found: Digest)
  case objectTooLarge(byteCount: Int, limit: Int)
  /// The object store is full of objects that are in use.
  case noRoom(byteCount: Int, limit: Int)
  case wrongOffset(expected: Int, found: Int)

  public var description: String {
    switch self {
    case .locked(let path):
      "\(path) is locked by another process; stop the other node (or the tool that writes to it) and start again"
    case .corrupt(let path, let detail):
      "\(path) is damaged: \(detail); keep a copy of it, check it with `jointcloud ledger verify --file \(path)`, "
        + "and restore the data folder from a backup"
    case .diskFull(let path, let detail): "no space left for \(path) (\(detail)); free some space and start again"
    case .inputOutput(let path, let detail):
      "the disk failed under \(path) (\(detail)); check the device and the process's limits before starting again"
    case .notFound(let path): "\(path) does not exist; check the path"
    case .notPermitted(let path, let detail): "\(path) may not be opened (\(detail)); check its owner and mode"
    case .otherVersion(let path, let found, let known):
      "\(path) has data version \(found), this program knows \(known); use the program that wrote it, or a new data folder"
    case .otherNetwork(let path, let expected, let found):
      "\(path) belongs to network \(found), not \(expected); use the data folder of this network"
    case .otherNode(let path, let expected, let found):
      "\(path) belongs to node \(found), not \(expected); each node needs its own data folder"
    case .contradiction(let path, let detail): "\(path) already holds something else: \(detail); please report this"
    case .failed(let path, let detail): "\(path): \(detail)"
    case .closed: "the database is closed"
    case .overloaded(let limit): "\(limit) transactions wait to be written; try again later"
    case .objectDiffers(let expected, let found):
      "the object's bytes hash to \(found.short), not \(expected.short): damaged on its way; fetch it again"
    case .objectTooLarge(let byteCount, let limit): "an object of \(byteCount) bytes is over the limit of \(limit)"
    case .noRoom(let byteCount, let limit):
      "no room for an object of \(byteCount) bytes: the store's \(limit) bytes are all in use"
    case .wrongOffset(let expected, let found): "expected bytes from offset \(expected), got them from \(found)"
    }
  }
}
