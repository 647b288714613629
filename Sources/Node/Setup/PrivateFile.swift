internal import Engine
internal import Glibc

/// Small files of a data folder: written whole and durably, read whole within a bound.
enum PrivateFile {
  /// What is known of a file without opening it for reading.
  struct Stamp {
    var mode: mode_t
    var owner: uid_t
    var isRegular: Bool
  }

  static func exists(_ path: String) -> Bool {
    var info = stat()
    return lstat(path, &info) == 0
  }

  /// - Throws: `Refusal`; `.notFound` when there is no such file.
  static func read(_ path: String, limit: Int, check: (Stamp) throws(Refusal) -> Void = { _ in }) throws(Refusal)
    -> [UInt8]
  {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { throw problem("open", path) }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw problem("look at", path) }
    try check(
      Stamp(mode: info.st_mode & 0o7777, owner: info.st_uid, isRegular: info.st_mode & S_IFMT == S_IFREG))
    guard info.st_size <= limit else {
      throw Refusal(
        .tooLarge, "\(path) has \(info.st_size) bytes; the limit is \(limit)", subject: path, next: "ls -l \(path)")
    }
    var content: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 64 * 1_024)
    while true {
      let count = Glibc.read(descriptor, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw problem("read", path) }
      if count == 0 { return content }
      content += piece.prefix(count)
      guard content.count <= limit else {
        throw Refusal(
          .tooLarge, "\(path) has more than \(limit) bytes", subject: path, next: "ls -l \(path)")
      }
    }
  }

  /// Replaces a file: after a crash there is the old or the new content, never a mixture.
  ///
  /// - Parameter exclusive: refuses with `.conflict` when the file is there already.
  /// - Throws: `Refusal`.
  static func write(_ content: [UInt8], to path: String, mode: mode_t, exclusive: Bool = false) throws(Refusal) {
    let temporary = path + ".new"
    unlink(temporary)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    guard descriptor >= 0 else { throw problem("write", temporary) }
    do throws(Refusal) {
      defer { close(descriptor) }
      // The creation mask may have taken bits away from the mode that was asked for.
      guard fchmod(descriptor, mode) == 0 else { throw problem("set the mode of", temporary) }
      var written = 0
      while written < content.count {
        let count = content.withUnsafeBytes {
          Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
        }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw problem("write", temporary) }
        written += count
      }
      guard fsync(descriptor) == 0 else { throw problem("sync", temporary) }
    } catch {
      unlink(temporary)
      throw error
    }
    defer { unlink(temporary) }
    let result = exclusive ? link(temporary, path) : rename(temporary, path)
    guard result == 0 else { throw problem("put in place", path) }
    try syncFolder(of: path)
  }

  private static func syncFolder(of path: String) throws(Refusal) {
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw problem("open", folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw problem("sync", folder) }
  }

  static func remove(_ path: String) {
    unlink(path)
  }

  /// The last system error in words.
  static func problem(_ act: String, _ path: String) -> Refusal {
    let code = errno
    let reason = String(cString: strerror(code))
    switch code {
    case ENOENT: return Refusal(.notFound, "\(path) does not exist", subject: path)
    case EEXIST: return Refusal(.conflict, "\(path) is there already", subject: path, next: "ls -l \(path)")
    case EACCES, EPERM, EROFS:
      return Refusal(.notPermitted, "cannot \(act) \(path): \(reason)", subject: path, next: "ls -ld \(path)")
    case ENOSPC, EDQUOT:
      return Refusal(.failed, "cannot \(act) \(path): \(reason)", subject: path, next: "df -h \(path)")
    case ELOOP:
      return Refusal(
        .notPermitted, "\(path) is a link; the file itself must stand there", subject: path, next: "ls -l \(path)")
    default: return Refusal(.failed, "cannot \(act) \(path): \(reason)", subject: path, next: "ls -ld \(path)")
    }
  }
}
