internal import Glibc
public import Model
internal import Sodium
internal import Synchronization

/// An object on its way in, piece by piece, in `objects/partial/`. What has arrived stays there when the transfer is
/// cut, or the process dies, so that the next one goes on from `offset`.
public final class PartialObject: Sendable {
  private struct State {
    var offset: Int
    var hasher: SHA256
    var isOpen = true
  }

  public let reference: ObjectReference
  private let store: ObjectStore
  private let file: OpenFile
  private let state: Mutex<State>

  fileprivate init(_ reference: ObjectReference, in store: ObjectStore) throws(StorageError) {
    self.reference = reference
    self.store = store
    file = try OpenFile(store.partialPath(of: reference.digest), O_RDWR | O_CREAT)
    // One transfer an object at a time: two would write over each other.
    guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else { throw .locked(path: file.path) }
    var offset = try file.byteCount()
    if offset > reference.byteCount {
      guard ftruncate(file.descriptor, 0) == 0 else { throw systemError(file.path) }
      offset = 0
    }
    var hasher = SHA256()
    var done = 0
    while done < offset {
      let piece = try file.read(at: done, count: 1 << 20)
      guard !piece.isEmpty else { break }
      hasher.update(piece)
      done += piece.count
    }
    state = Mutex(State(offset: done, hasher: hasher))
  }

  /// Where the next piece must begin.
  public var offset: Int { state.withLock { $0.offset } }

  /// Adds the next piece.
  ///
  /// - Throws: `StorageError.wrongOffset`, `.objectTooLarge` past the announced length, `.diskFull`, `.inputOutput`.
  public func append(_ bytes: [UInt8], at offset: Int) throws(StorageError) {
    let result: Result<Void, StorageError> = state.withLock { state in
      Result { () throws(StorageError) in
        guard state.isOpen else { throw .closed }
        guard offset == state.offset else { throw .wrongOffset(expected: state.offset, found: offset) }
        guard offset + bytes.count <= reference.byteCount else {
          throw .objectTooLarge(byteCount: offset + bytes.count, limit: reference.byteCount)
        }
        guard lseek(file.descriptor, off_t(offset), SEEK_SET) == offset else { throw systemError(file.path) }
        try writeAll(bytes, to: file.descriptor, path: file.path)
        state.hasher.update(bytes)
        state.offset += bytes.count
      }
    }
    try result.get()
  }

  /// Checks the whole and makes it visible.
  ///
  /// - Throws: `StorageError.wrongOffset` when bytes are missing, `.objectDiffers` when the hash is another: what
  ///   arrived is then deleted.
  public func finish() throws(StorageError) {
    let result: Result<Void, StorageError> = state.withLock { state in
      Result { () throws(StorageError) in
        guard state.isOpen else { throw .closed }
        guard state.offset == reference.byteCount else {
          throw .wrongOffset(expected: reference.byteCount, found: state.offset)
        }
        let found = Digest(finishing: state.hasher.finalize())
        guard found == reference.digest else {
          state.isOpen = false
          unlink(file.path)
          throw .objectDiffers(expected: reference.digest, found: found)
        }
        try file.sync()
        try store.publish(file.path, as: reference)
        state.isOpen = false
      }
    }
    try result.get()
  }

  deinit {
    let left = state.withLock { $0.isOpen ? $0.offset : 0 }
    store.abandon(reference.digest, byteCount: left)
    store.release(reference.byteCount)
  }
}

extension ObjectStore {
  /// Begins or resumes the transfer of an object into the store.
  ///
  /// - Throws: `StorageError.objectTooLarge`, `.noRoom`, `.locked` while another transfer of it runs.
  public func partial(_ reference: ObjectReference) throws(StorageError) -> PartialObject {
    let left = takeUp(reference.digest)
    do {
      try reserve(reference.byteCount)
    } catch {
      abandon(reference.digest, byteCount: left)
      throw error
    }
    do {
      return try PartialObject(reference, in: self)
    } catch {
      abandon(reference.digest, byteCount: left)
      release(reference.byteCount)
      throw error
    }
  }
}
