import Glibc

extension ChildProgram {
  /// The command line as it ships, built beside this program.
  ///
  /// - Throws: `BenchmarkFailure` when it was not built.
  static func shipped() throws -> ChildProgram {
    let folder = try this().path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let path = folder.joined(separator: "/") + "/jointcloud"
    guard access(path, X_OK) == 0 else {
      throw BenchmarkFailure("\(path) was not built", next: "swift build -c release --product jointcloud")
    }
    return ChildProgram(path: path)
  }

  /// This program, to run again as a child.
  static func this() throws -> ChildProgram {
    guard let path = realpath("/proc/self/exe", nil) else { throw BenchmarkFailure("/proc is not there") }
    defer { free(path) }
    return ChildProgram(path: String(cString: path))
  }
}
