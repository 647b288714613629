public import Engine
internal import Foundation
internal import GRDB
internal import Glibc
internal import Ledger
public import Model

/// The one database of a node, `node.sqlite` in its data folder: SQLite in WAL mode, every commit synced.
public final class NodeDatabase: Sendable {
  public static let fileName = "node.sqlite"

  public let folder: String
  public let path: String
  let pool: DatabasePool
  let heads: HeadKeeper

  /// Opens the database of a data folder, or makes it there (mode 0600).
  ///
  /// A file that was not closed cleanly is checked first.
  /// - Throws: `StorageError`: `.locked`, `.corrupt`, `.otherVersion`, `.otherNetwork`, `.otherNode`, `.diskFull`,
  ///   `.notPermitted`, `.inputOutput`.
  public init(folder: String, node: NodeID, network: NetworkID) throws(StorageError) {
    let path = folder + "/" + Self.fileName
    self.folder = folder
    self.path = path
    try Self.makePrivateFile(path)
    pool = try naming(path) {
      var configuration = GRDB.Configuration()
      configuration.busyMode = .timeout(5)
      configuration.foreignKeysEnabled = true
      configuration.maximumReaderCount = 4
      let pool = try DatabasePool(path: path, configuration: configuration)
      // GRDB sets NORMAL itself once the file is in WAL mode; a commit must survive a power cut here.
      try pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA synchronous = FULL") }
      try pool.write { db in
        try Schema.prepare(db, path: path)
        try Self.claim(db, path: path, node: node, network: network)
      }
      return pool
    }
    heads = HeadKeeper(folder: folder)
    heads.seed(try naming(path) { [pool] in try pool.read { db in try Recovery.newestProposals(db, path: path) } })
  }

  /// Marks the file as cleanly closed and closes it.
  public func close() throws(StorageError) {
    heads.write()
    try naming(path) {
      try pool.write { db in try Self.setMeta(db, "closed", "yes") }
      // So that the file alone is a whole copy; the last connection to close may be a reader, which cannot do it.
      _ = try pool.writeWithoutTransaction { db in try db.checkpoint(.truncate) }
      try pool.close()
    }
  }

  /// Makes several steps' writes durable in one transaction: all of them or none.
  ///
  /// - Parameter steps: each the writes of one step, in order.
  /// - Throws: `StorageError`; the process must then end.
  public func commit(_ steps: [[Write]]) throws(StorageError) {
    try naming(path) {
      try FailPoint.reach("before-commit", path: path)
      try pool.write { db in
        for writes in steps { for write in writes { try write.apply(to: db, path: path) } }
      }
      try FailPoint.reach("after-commit", path: path)
    }
    heads.note(steps)
  }

  /// As `commit(_:)`, without keeping a thread of the caller's pool waiting for the disk.
  func commitAsynchronously(_ steps: [[Write]]) async throws(StorageError) {
    let result: Result<Void, StorageError> = await withCheckedContinuation { continuation in
      // Not GRDB's async write: that would roll back when the caller's task is cancelled, and a step's writes
      // are no longer the caller's to take back.
      pool.asyncWriteWithoutTransaction { [path] db in
        continuation.resume(
          returning: Result { () throws(StorageError) in
            try naming(path) {
              try FailPoint.reach("before-commit", path: path)
              try db.inTransaction(.immediate) {
                for writes in steps { for write in writes { try write.apply(to: db, path: path) } }
                return .commit
              }
              try FailPoint.reach("after-commit", path: path)
            }
          })
      }
    }
    try result.get()
    heads.note(steps)
  }

  /// Reads everything that a node needs to go on, in one view of the file.
  ///
  /// Links and hashes of every ledger are checked; signatures are not.
  /// - Throws: `StorageError.corrupt` naming what does not hold.
  public func recover() throws(StorageError) -> Recovered {
    try naming(path) { try pool.read { db in try Recovery.everything(db, path: path) } }
  }

  /// Names the file itself, not what is in it: a copy of the folder has another name, wherever it lies. By its number
  /// and the generation of that number, since file systems give numbers again; by its device where they tell none.
  ///
  /// - Throws: `StorageError` when the file system does not say.
  public func place() throws(StorageError) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw systemError(path) }
    defer { Glibc.close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw systemError(path) }
    var generation = 0
    guard ioctl(descriptor, Self.generationRequest, &generation) == 0 else {
      return "\(status.st_ino) on \(status.st_dev)"
    }
    return "\(status.st_ino).\(generation)"
  }

  /// `FS_IOC_GETVERSION` of Linux.
  private static let generationRequest: UInt = 0x8008_7601

  /// Why `heads.json` could not be written, nil when it could: the node goes on, and should say so.
  public var headsProblem: String? { heads.problem }

  /// SQLite's own settings on the writing connection, for tests.
  package func pragma(_ name: String) throws(StorageError) -> String {
    try naming(path) {
      try pool.writeWithoutTransaction { db in try String.fetchOne(db, sql: "PRAGMA \(name)") ?? "" }
    }
  }

  /// SQLite would create the file readable by all.
  private static func makePrivateFile(_ path: String) throws(StorageError) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw systemError(path) }
    Glibc.close(descriptor)
  }

  private static func claim(_ db: Database, path: String, node: NodeID, network: NetworkID) throws {
    let table = TableReader(db: db, path: path)
    let rows = try table.rows("meta", order: "key") { row in
      (try table.value(row, "key") as String, try table.value(row, "value") as String)
    }
    let meta = Dictionary(uniqueKeysWithValues: rows)
    if let found = meta["network"], found != network.hexadecimal {
      throw StorageError.otherNetwork(path: path, expected: network, found: found)
    }
    if let found = meta["node"], found != node.hexadecimal {
      throw StorageError.otherNode(path: path, expected: node, found: found)
    }
    if meta["closed"] == "no" {
      let problems = try String.fetchAll(db, sql: "PRAGMA quick_check(10)")
      guard problems == ["ok"] else {
        throw StorageError.corrupt(path: path, detail: problems.joined(separator: "; "))
      }
    }
    try setMeta(db, "network", network.hexadecimal)
    try setMeta(db, "node", node.hexadecimal)
    try setMeta(db, "closed", "no")
  }

  private static func setMeta(_ db: Database, _ key: String, _ value: String) throws {
    try db.execute(sql: "INSERT OR REPLACE INTO meta(key, value) VALUES (?, ?)", arguments: [key, value])
  }
}
