import Engine
import Glibc

/// The one folder that a run writes to.
struct BenchmarkFolder: Sendable {
  let path: String

  /// - Throws: `BenchmarkFailure` when there is no place for it.
  private init() throws {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/jointcloud-bench.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw BenchmarkFailure(
        "no folder can be made in \(base): \(String(cString: strerror(errno)))", next: "df \(base)")
    }
    path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Leaves no file, however `body` ends.
  static func within<Value>(_ body: (BenchmarkFolder) async throws -> Value) async throws -> Value {
    let folder = try BenchmarkFolder()
    let result: Result<Value, any Error>
    do {
      result = .success(try await body(folder))
    } catch {
      result = .failure(error)
    }
    try folder.remove()
    return try result.get()
  }

  /// - Throws: `BenchmarkFailure`.
  private func remove() throws { try Self.removeTree(path) }

  /// Links are removed, never followed.
  private static func removeTree(_ path: String) throws {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    if status.st_mode & S_IFMT == S_IFDIR {
      for name in try names(in: path) { try removeTree("\(path)/\(name)") }
    }
    guard Glibc.remove(path) == 0 || errno == ENOENT else {
      throw BenchmarkFailure(
        "\(path) cannot be removed: \(String(cString: strerror(errno)))",
        next: "rm -r \(ShellWord.quoted(path))")
    }
  }

  private static func names(in path: String) throws -> [String] {
    guard let folder = opendir(path) else {
      throw BenchmarkFailure(
        "\(path) cannot be read: \(String(cString: strerror(errno)))",
        next: "rm -r \(ShellWord.quoted(path))")
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
}
