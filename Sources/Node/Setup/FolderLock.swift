public import Engine
internal import Glibc

/// Keeps a second process out of a data folder: two nodes with one key would contradict each other, and count as
/// faulty. Held until it is let go or the process ends, however it ends.
public final class FolderLock: Sendable {
  private let descriptor: Int32

  /// - Throws: `Refusal`; `.conflict` naming the process that has it.
  public init(_ folder: DataFolder) throws(Refusal) {
    descriptor = open(folder.lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw PrivateFile.problem("lock", folder.lockPath) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let isBusy = errno == EWOULDBLOCK
      let problem = PrivateFile.problem("lock", folder.lockPath)
      let holder = Self.holder(descriptor)
      close(descriptor)
      guard isBusy else { throw problem }
      throw Refusal(
        .conflict, "process \(holder) runs the node in \(folder.given) already", subject: folder.lockPath,
        next: "jointcloud node status --data \(folder.typed)")
    }
    let text = Array("\(getpid())\n".utf8)
    guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count else {
      let problem = PrivateFile.problem("write", folder.lockPath)
      close(descriptor)
      throw problem
    }
  }

  deinit {
    close(descriptor)
  }

  private static func holder(_ descriptor: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 32)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).filter(\.isNumber)
    return text.isEmpty ? "of an unknown number" : text
  }
}
