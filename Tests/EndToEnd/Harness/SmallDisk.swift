import Foundation
import Glibc
import Testing

/// A file system of a few megabytes, for a data folder that must run out of space.
final class SmallDisk {
  private let megabytes: Int
  private var path: String?

  init(megabytes: Int) { self.megabytes = megabytes }

  /// Whether one can be mounted here, which needs root. With `CI=true` it must be.
  static let isPossible: Bool = {
    if ProcessInfo.processInfo.environment["CI"] == "true" { return true }
    let probe = SmallDisk(megabytes: 1)
    let path = NSTemporaryDirectory() + "/jc-e2e-disk-\(UUID().uuidString.prefix(8))"
    defer {
      probe.unmount()
      rmdir(path)
    }
    return (try? probe.mount(at: path)) != nil
  }()

  func mount(at path: String) throws {
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    guard Glibc.mount("none", path, "tmpfs", 0, "size=\(megabytes)m,mode=700") == 0 else {
      throw Missed("a tmpfs cannot be mounted at \(path): \(String(cString: strerror(errno)))")
    }
    self.path = path
  }

  /// Also while a node still runs on it.
  func unmount() {
    if let path { umount2(path, CInt(MNT_DETACH)) }
    path = nil
  }

  private var filler: String { (path ?? "") + "/filler" }

  /// Takes all that is free.
  func fill() throws {
    let file = open(filler, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw Missed("\(filler): \(String(cString: strerror(errno)))") }
    defer { close(file) }
    let page = [UInt8](repeating: 0x55, count: 4_096)
    while write(file, page, page.count) > 0 {}
    guard errno == ENOSPC else { throw Missed("\(filler): \(String(cString: strerror(errno)))") }
  }

  func free() throws { try FileManager.default.removeItem(atPath: filler) }
}
