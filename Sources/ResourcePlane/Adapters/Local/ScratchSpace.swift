import FoundationEssentials
import Glibc

/// How much of the disk there is left, and how much of it an attempt holds.
extension Scratch {
  /// What the node's user may still write where the folder lies; nil where the kernel does not say.
  static func freeDiskBytes(at path: String) -> Int? {
    var system = statvfs()
    guard statvfs(path, &system) == 0 else { return nil }
    return Int(clamping: UInt64(system.f_bavail).multipliedReportingOverflow(by: UInt64(system.f_frsize)).partialValue)
  }

  /// Whether what lies in the folder takes more than so much. An entry counts as a block at least, so that the look
  /// ends soon whatever is there. What a command hides (an open file without a name, a path too long) is not seen.
  func holdsMore(than limit: Int) -> Bool {
    var held = 0
    var folders = [root]
    while let folder = folders.popLast() {
      for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
        var status = stat()
        let path = folder + "/" + name
        guard lstat(path, &status) == 0 else { continue }
        held += max(Int(status.st_blocks) * 512, 4_096)
        if held > limit { return true }
        if status.st_mode & S_IFMT == S_IFDIR { folders.append(path) }
      }
    }
    return false
  }
}
