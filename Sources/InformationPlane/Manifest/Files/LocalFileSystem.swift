internal import Glibc

/// The file system of this machine.
public struct LocalFileSystem: FileSystem {
  public init() {}

  public func names(inFolder path: String) throws(FileProblem) -> [String] {
    guard let folder = opendir(path) else { throw Self.problem(errno, "folder", path) }
    defer { closedir(folder) }
    var names: [String] = []
    while true {
      // An error and the end both give nil; only errno tells them apart.
      errno = 0
      guard let entry = readdir(folder) else { break }
      let raw = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      guard let name = String(validating: raw, as: UTF8.self) else {
        let shown = String(decoding: raw, as: UTF8.self)
        throw FileProblem(.failed, "a name in folder \(path) is not UTF-8: \(shown)", "rename it")
      }
      if name != "." && name != ".." { names.append(name) }
    }
    guard errno == 0 else { throw Self.problem(errno, "folder", path) }
    return names
  }

  public func kind(of path: String, followingLinks: Bool) throws(FileProblem) -> FileKind? {
    var status = stat()
    guard (followingLinks ? stat(path, &status) : lstat(path, &status)) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw Self.problem(errno, "file", path)
    }
    return switch status.st_mode & S_IFMT {
    case S_IFREG: .regular
    case S_IFDIR: .folder
    case S_IFLNK: .link
    default: .other
    }
  }

  public func resolved(_ path: String) throws(FileProblem) -> String {
    guard let real = realpath(path, nil) else { throw Self.problem(errno, "file", path) }
    defer { free(real) }
    return String(cString: real)
  }

  public func open(_ path: String) throws(FileProblem) -> any OpenFile {
    // O_NONBLOCK: opening a pipe must not wait for its other end; regular files are not affected.
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Self.problem(errno, "file", path) }
    let file = LocalFile(descriptor: descriptor, path: path)
    guard try file.isRegular() else {
      throw FileProblem(.notAFile, "\(path) is not a regular file", "name a file, or a glob such as \(path)/*")
    }
    return file
  }

  static func problem(_ code: Int32, _ what: String, _ path: String) -> FileProblem {
    switch code {
    case ENOENT, ENOTDIR: FileProblem(.missing, "\(what) \(path) does not exist", "check the path")
    case EACCES, EPERM: FileProblem(.forbidden, "\(what) \(path) is not readable by this user", "chmod or copy it")
    case ELOOP: FileProblem(.linkLoop, "\(path) is a loop of symbolic links", "remove or mend the link")
    default: FileProblem(.failed, "\(what) \(path): \(String(cString: strerror(code)))", "")
    }
  }
}

private final class LocalFile: OpenFile {
  private let descriptor: Int32
  private let path: String

  init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { close(descriptor) }

  private func status() throws(FileProblem) -> stat {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw LocalFileSystem.problem(errno, "file", path) }
    return status
  }

  func isRegular() throws(FileProblem) -> Bool { try status().st_mode & S_IFMT == S_IFREG }

  func stamp() throws(FileProblem) -> FileStamp {
    let status = try status()
    let modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    return FileStamp(
      byteCount: Int(status.st_size), modifiedNanoseconds: modified, device: UInt64(status.st_dev),
      node: UInt64(status.st_ino))
  }

  func read(at offset: Int, count: Int) throws(FileProblem) -> [UInt8] {
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = 0
      while filled < count {
        let got = pread(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset + filled))
        if got < 0, errno == EINTR { continue }
        if got < 0 { failure = errno }
        if got <= 0 { break }
        filled += got
      }
    }
    guard failure == 0 else { throw LocalFileSystem.problem(failure, "file", path) }
    return bytes
  }
}
