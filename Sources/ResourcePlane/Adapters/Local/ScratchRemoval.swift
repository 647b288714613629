import Glibc
internal import SystemPackage

/// Removes what commands left. Names are bytes here: a command may choose such as are no text.
extension Scratch {
  /// Removes a folder and all below it, whatever permissions a command left there. Nothing is followed.
  ///
  /// Each folder below is moved right below the root before it is emptied: a command can nest them deeper than any
  /// path, stack or number of open files reaches.
  static func remove(_ path: String) throws(Errno) {
    if unlink(path) == 0 || errno == ENOENT { return }
    let root = try open(folder: path, in: AT_FDCWD)
    defer { close(root) }
    var folders = try empty(root, movingFoldersTo: root)
    while let name = folders.popLast() {
      let folder = try open(folder: name, in: root)
      defer { close(folder) }
      folders += try empty(folder, movingFoldersTo: root)
      guard unlinkat(root, name, AT_REMOVEDIR) == 0 else { throw Errno(rawValue: errno) }
    }
    guard rmdir(path) == 0 else { throw Errno(rawValue: errno) }
  }

  private static func open(folder name: UnsafePointer<CChar>, in parent: Int32) throws(Errno) -> Int32 {
    _ = fchmodat(parent, name, 0o700, AT_SYMLINK_NOFOLLOW)
    let folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard folder >= 0 else { throw Errno(rawValue: errno) }
    return folder
  }

  /// - Returns: the new names of the folders that were in it.
  private static func empty(_ folder: Int32, movingFoldersTo root: Int32) throws(Errno) -> [[CChar]] {
    var moved: [[CChar]] = []
    for name in try names(in: folder) where unlinkat(folder, name, 0) != 0 {
      guard errno == EISDIR else { throw Errno(rawValue: errno) }
      // Moving a folder changes it, so its own mode must allow that.
      _ = fchmodat(folder, name, 0o700, AT_SYMLINK_NOFOLLOW)
      let newName = Array("\(UInt64.random(in: .min ... .max))".utf8CString)
      guard renameat(folder, name, root, newName) == 0 else { throw Errno(rawValue: errno) }
      moved.append(newName)
    }
    return moved
  }

  private static func names(in folder: Int32) throws(Errno) -> [[CChar]] {
    let copy = fcntl(folder, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0 else { throw Errno(rawValue: errno) }
    guard let stream = fdopendir(copy) else {
      close(copy)
      throw Errno(rawValue: errno)
    }
    defer { closedir(stream) }
    var names: [[CChar]] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) }
      }
      let dot = CChar(bitPattern: UInt8(ascii: "."))
      if name != [dot], name != [dot, dot] { names.append(name + [0]) }
    }
    return names
  }
}
