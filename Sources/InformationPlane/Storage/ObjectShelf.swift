internal import Glibc
internal import Model
internal import Synchronization

/// Keeping stock of the store, and room in it.
extension ObjectStore {
  /// Transfers that nobody resumed for so long are given up.
  private static let abandonedAfterSeconds = 24 * 3_600

  /// Counts what lies there; what is not named like an object is left alone, half-written puts are removed.
  func takeStock() throws(StorageError) {
    var abandoned: [(digest: Digest, byteCount: Int, used: Int)] = []
    for name in try names(in: folder + "/partial") {
      let path = folder + "/partial/" + name
      var status = stat()
      guard stat(path, &status) == 0 else { continue }
      if let digest = Digest(hexadecimal: name), time(nil) - status.st_mtim.tv_sec <= Self.abandonedAfterSeconds {
        abandoned.append((digest, Int(status.st_size), Int(status.st_mtim.tv_sec)))
      } else {
        unlink(path)
      }
    }
    var found: [(digest: Digest, byteCount: Int, used: Int)] = []
    for shelf in try names(in: folder) where shelf.utf8.count == 2 {
      for name in try names(in: folder + "/" + shelf) where name.hasPrefix(shelf) {
        guard let digest = Digest(hexadecimal: name) else { continue }
        var status = stat()
        guard stat(path(of: digest), &status) == 0 else { continue }
        found.append((digest, Int(status.st_size), Int(status.st_mtim.tv_sec)))
      }
    }
    state.withLock { state in
      state.abandoned = abandoned.sorted { ($0.used, $0.digest) < ($1.used, $1.digest) }.map {
        ($0.digest, $0.byteCount)
      }
      for object in found.sorted(by: { ($0.used, $0.digest) < ($1.used, $1.digest) }) {
        state.clock += 1
        state.objects[object.digest] = Known(byteCount: object.byteCount, used: state.clock, pins: 0)
        state.total += object.byteCount
      }
    }
  }

  /// Makes room for an object on its way in: from what cut transfers left, then from the longest unused that nobody
  /// has pinned. Files go while the lock is held: what comes back at once must not be taken for what went.
  func reserve(_ byteCount: Int) throws(StorageError) {
    guard byteCount <= limits.objectByteCount else {
      throw .objectTooLarge(byteCount: byteCount, limit: limits.objectByteCount)
    }
    let limit = limits.totalByteCount
    let victims: [Digest]? = state.withLock { state in
      while state.used + byteCount > limit, let oldest = state.abandoned.first {
        unlink(partialPath(of: oldest.digest))
        state.abandoned.removeFirst()
      }
      var excess = state.used + byteCount - limit
      var victims: [Digest] = []
      if excess > 0 {
        let unpinned = state.objects.filter { $0.value.pins == 0 }.sorted { $0.value.used < $1.value.used }
        for (digest, known) in unpinned where excess > 0 {
          victims.append(digest)
          excess -= known.byteCount
        }
      }
      guard excess <= 0 else { return nil }
      for victim in victims {
        unlink(path(of: victim))
        state.total -= state.objects.removeValue(forKey: victim)?.byteCount ?? 0
      }
      state.reserved += byteCount
      return victims
    }
    guard let victims else { throw .noRoom(byteCount: byteCount, limit: limit) }
    if !victims.isEmpty { evicting.yield(victims) }
  }

  /// A transfer begins or goes on: what an earlier one left is no longer abandoned.
  ///
  /// - Returns: how many bytes that was.
  func takeUp(_ digest: Digest) -> Int {
    state.withLock { state in
      guard let index = state.abandoned.firstIndex(where: { $0.digest == digest }) else { return 0 }
      return state.abandoned.remove(at: index).byteCount
    }
  }

  /// A transfer ended unfinished.
  func abandon(_ digest: Digest, byteCount: Int) {
    state.withLock { state in
      guard byteCount > 0, !state.abandoned.contains(where: { $0.digest == digest }) else { return }
      state.abandoned.append((digest, byteCount))
    }
  }

  func release(_ byteCount: Int) { state.withLock { $0.reserved -= byteCount } }
}

func makeFolder(_ path: String) throws(StorageError) {
  guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw systemError(path) }
}

/// The names in a folder, sorted, without the folder itself and its parent.
func names(in folder: String) throws(StorageError) -> [String] {
  guard let directory = opendir(folder) else { throw systemError(folder) }
  defer { closedir(directory) }
  var names: [String] = []
  while let item = readdir(directory) {
    let name = withUnsafePointer(to: &item.pointee.d_name) { pointer in
      pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != "." && name != ".." { names.append(name) }
  }
  return names.sorted()
}

/// A file that is closed when nobody needs it any more.
final class OpenFile: Sendable {
  let descriptor: Int32
  let path: String

  /// New files are for their owner only.
  init(_ path: String, _ flags: Int32) throws(StorageError) {
    descriptor = open(path, flags | O_CLOEXEC, 0o600)
    self.path = path
    guard descriptor >= 0 else { throw systemError(path) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func byteCount() throws(StorageError) -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw systemError(path) }
    return Int(status.st_size)
  }

  /// Up to `count` bytes; fewer only at the end.
  func read(at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
    guard offset >= 0, count > 0 else { return [] }
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let got = pread(descriptor, buffer.baseAddress?.advanced(by: filled), count - filled, off_t(offset + filled))
        if got < 0 && errno == EINTR { continue }
        if got < 0 { failure = errno }
        guard got > 0 else { return }
        filled += got
      }
    }
    guard failure == 0 else { throw systemError(path, failure) }
    return bytes
  }

  func sync() throws(StorageError) {
    guard fsync(descriptor) == 0 else { throw systemError(path) }
  }
}
