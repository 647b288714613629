internal import Foundation
internal import Glibc
public import Model
internal import Sodium
internal import Synchronization

/// What an object store may hold.
public struct ObjectLimits: Hashable, Sendable {
  public var objectByteCount: Int
  public var totalByteCount: Int

  /// 4 GiB an object and 16 GiB in all, unless said otherwise.
  public init(objectByteCount: Int = 4 << 30, totalByteCount: Int = 16 << 30) {
    self.objectByteCount = objectByteCount
    self.totalByteCount = totalByteCount
  }
}

/// Byte strings by their SHA-256 under `DIR/objects/`, files of mode 0600: inputs and results of tasks (R65).
///
/// An object is visible only when it is whole, verified and synced. When the total would go over its limit, what cut
/// transfers left gives way first, then objects that nobody has pinned, the longest unused first; who removed them is
/// told in `evictions`. All calls may block on the disk.
public final class ObjectStore: Sendable {
  struct Known: Sendable {
    var byteCount: Int
    /// Rises with each use.
    var used: UInt64
    var pins: Int
  }

  struct State: Sendable {
    var objects: [Digest: Known] = [:]
    var clock: UInt64 = 0
    var total = 0
    /// Room promised to objects on their way in.
    var reserved = 0
    /// What cut transfers left, the oldest first.
    var abandoned: [(digest: Digest, byteCount: Int)] = []

    var used: Int { abandoned.reduce(total + reserved) { $0 + $1.byteCount } }
  }

  public let folder: String
  public let limits: ObjectLimits
  /// Objects that gave way, each once, and at most as many as there were.
  public let evictions: AsyncStream<[Digest]>
  let evicting: AsyncStream<[Digest]>.Continuation
  let state = Mutex(State())
  private static let chunkByteCount = 256 * 1_024

  /// Opens the store of a data folder and takes stock of it.
  ///
  /// - Throws: `StorageError`.
  public init(folder dataFolder: String, limits: ObjectLimits = ObjectLimits()) throws(StorageError) {
    folder = dataFolder + "/objects"
    self.limits = limits
    (evictions, evicting) = AsyncStream.makeStream()
    try makeFolder(folder)
    try makeFolder(folder + "/partial")
    try takeStock()
  }

  /// Where an object lies, or would.
  public func path(of digest: Digest) -> String {
    folder + "/" + digest.hexadecimal.prefix(2) + "/" + digest.hexadecimal
  }

  func partialPath(of digest: Digest) -> String { folder + "/partial/" + digest.hexadecimal }

  public func has(_ reference: ObjectReference) -> Bool {
    state.withLock { $0.objects[reference.digest]?.byteCount == reference.byteCount }
  }

  /// What is here, ascending.
  public var digests: [Digest] { state.withLock { $0.objects.keys.sorted() } }

  public var totalByteCount: Int { state.withLock { $0.total } }

  /// Keeps an object from giving way until it is unpinned as often.
  ///
  /// - Returns: false when it is not here.
  public func pin(_ digest: Digest) -> Bool {
    state.withLock { state in
      guard state.objects[digest] != nil else { return false }
      state.objects[digest]?.pins += 1
      return true
    }
  }

  public func unpin(_ digest: Digest) {
    state.withLock { state in
      guard let pins = state.objects[digest]?.pins, pins > 0 else { return }
      state.objects[digest]?.pins = pins - 1
    }
  }

  /// Stores bytes. Storing what is there already changes nothing.
  ///
  /// - Throws: `StorageError.objectTooLarge`, `.noRoom`, `.diskFull`, `.inputOutput`.
  public func put(_ bytes: [UInt8]) throws(StorageError) -> ObjectReference {
    let reference = ObjectReference(of: bytes)
    if holds(reference) { return reference }
    var pieces: [[UInt8]] = [bytes]
    return try putPieces(expected: bytes.count) { () throws(StorageError) in pieces.popLast() }
  }

  /// Stores a file's content, reading it piece by piece. Throws as `put(_:)`, and `.notFound`, `.notPermitted`.
  public func put(fileAt path: String) throws(StorageError) -> ObjectReference {
    let file = try OpenFile(path, O_RDONLY)
    let size = try file.byteCount()
    var offset = 0
    return try putPieces(expected: size) { () throws(StorageError) in
      let piece = try file.read(at: offset, count: Self.chunkByteCount)
      offset += piece.count
      return piece.isEmpty ? nil : piece
    }
  }

  /// Up to `count` bytes of an object; fewer at its end, none past it.
  ///
  /// - Throws: `StorageError.notFound`.
  public func read(_ digest: Digest, at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
    touch(digest)
    return try OpenFile(path(of: digest), O_RDONLY).read(at: offset, count: count)
  }

  /// Removes an object that is not pinned.
  ///
  /// - Returns: whether it was there and is gone.
  public func remove(_ digest: Digest) throws(StorageError) -> Bool {
    guard state.withLock({ $0.objects[digest]?.pins == 0 }) else { return false }
    guard unlink(path(of: digest)) == 0 || errno == ENOENT else { throw systemError(path(of: digest)) }
    state.withLock { state in
      if let gone = state.objects.removeValue(forKey: digest) { state.total -= gone.byteCount }
    }
    return true
  }

  /// Whether an object is here; then it counts as just used.
  private func holds(_ reference: ObjectReference) -> Bool {
    guard has(reference) else { return false }
    touch(reference.digest)
    return true
  }

  func touch(_ digest: Digest) {
    state.withLock { state in
      state.clock += 1
      state.objects[digest]?.used = state.clock
    }
  }

  private func putPieces(
    expected: Int, _ next: () throws(StorageError) -> [UInt8]?
  ) throws(StorageError) -> ObjectReference {
    try reserve(expected)
    defer { release(expected) }
    let temporary = folder + "/partial/put-" + UUID().uuidString
    do throws(StorageError) {
      var hasher = SHA256()
      var byteCount = 0
      let file = try OpenFile(temporary, O_WRONLY | O_CREAT | O_EXCL)
      while let piece = try next() {
        hasher.update(piece)
        byteCount += piece.count
        guard byteCount <= max(expected, limits.objectByteCount) else {
          throw .objectTooLarge(byteCount: byteCount, limit: limits.objectByteCount)
        }
        try writeAll(piece, to: file.descriptor, path: temporary)
      }
      let reference = ObjectReference(digest: Digest(finishing: hasher.finalize()), byteCount: byteCount)
      if holds(reference) {
        unlink(temporary)
        return reference
      }
      try file.sync()
      try publish(temporary, as: reference)
      return reference
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Moves a whole, verified, synced file to its place.
  func publish(_ temporary: String, as reference: ObjectReference) throws(StorageError) {
    let target = path(of: reference.digest)
    let shelf = folder + "/" + reference.digest.hexadecimal.prefix(2)
    try makeFolder(shelf)
    try FailPoint.reach("before-objects-rename", path: target)
    guard rename(temporary, target) == 0 else { throw systemError(target) }
    try syncFolder(shelf)
    try FailPoint.reach("after-objects-rename", path: target)
    state.withLock { state in
      state.clock += 1
      let before = state.objects[reference.digest]
      state.objects[reference.digest] = Known(
        byteCount: reference.byteCount, used: state.clock, pins: before?.pins ?? 0)
      state.total += reference.byteCount - (before?.byteCount ?? 0)
    }
  }
}
