import Engine
import Glibc
import Node

/// The one folder that the demo writes to.
struct DemoFolder: Sendable {
  let path: String
  /// Whether the demo made it, and so removes it whole.
  private let isOwn: Bool

  var logs: String { path + "/log" }
  var texts: String { path + "/texts" }
  /// The data folder of a node.
  func data(of name: String) -> DataFolder { DataFolder(at: "\(path)/\(name)") }
  var exists: Bool { access(path, F_OK) == 0 }

  /// - Parameter given: nil takes a new folder among the temporary ones.
  /// - Throws: `Failure` for a folder that holds anything.
  init(at given: String?) throws {
    guard let given else {
      let base = Environment.variable("TMPDIR") ?? "/tmp"
      var template = Array("\(base)/jointcloud-demo.XXXXXX".utf8CString)
      guard mkdtemp(&template) != nil else {
        throw Failure(
          .error, "no folder can be made in \(base): \(String(cString: strerror(errno)))",
          next: "jointcloud demo --folder DIR")
      }
      path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      isOwn = true
      return
    }
    path = DataFolder(at: given).path
    isOwn = mkdir(path, 0o700) == 0
    guard isOwn || errno == EEXIST else {
      throw Failure(.error, "\(given) cannot be made: \(String(cString: strerror(errno)))", next: "jointcloud demo")
    }
    guard try Self.names(in: path).isEmpty else {
      throw Failure(.conflict, "\(given) is not empty", next: "jointcloud demo --folder ANOTHER_FOLDER")
    }
  }

  func makeInner() throws {
    for inner in [logs, texts] where mkdir(inner, 0o700) != 0 {
      throw Failure(step: "\(inner) cannot be made: \(String(cString: strerror(errno)))")
    }
  }

  func write(_ name: String, _ text: String) throws -> String {
    let file = "\(path)/\(name)"
    guard let stream = fopen(file, "w") else {
      throw Failure(step: "\(file) cannot be written: \(String(cString: strerror(errno)))")
    }
    let written = fputs(text, stream)
    guard fclose(stream) == 0, written >= 0 else {
      throw Failure(.error, "\(file) cannot be written: \(String(cString: strerror(errno)))", next: "df \(path)")
    }
    return file
  }

  /// A text file of at most a megabyte.
  func lines(of path: String) throws -> [String] {
    guard let stream = fopen(path, "r") else {
      throw Failure(step: "\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { fclose(stream) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = fread(&bytes, 1, bytes.count, stream)
    return String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
  }

  /// The folder goes when the demo made it, else only what is in it.
  func remove() throws {
    guard exists else { return }
    for name in try Self.names(in: path) { try Self.removeTree("\(path)/\(name)") }
    if isOwn, rmdir(path) != 0 {
      throw Failure(
        .error, "\(path) cannot be removed: \(String(cString: strerror(errno)))",
        next: "rm -r \(ShellWord.quoted(path))")
    }
  }

  private static func names(in path: String) throws -> [String] {
    guard let folder = opendir(path) else {
      throw Failure(step: "\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let raw = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      let name = String(decoding: raw, as: UTF8.self)
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  /// Links are removed, never followed.
  private static func removeTree(_ path: String) throws {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    if status.st_mode & S_IFMT == S_IFDIR {
      chmod(path, 0o700)
      for name in try names(in: path) { try removeTree("\(path)/\(name)") }
    }
    guard Glibc.remove(path) == 0 || errno == ENOENT else {
      throw Failure(
        .error, "\(path) cannot be removed: \(String(cString: strerror(errno)))",
        next: "rm -r \(ShellWord.quoted(path))")
    }
  }
}
