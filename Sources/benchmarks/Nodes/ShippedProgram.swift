import Glibc

extension ChildProgram {
  /// The command line as it ships, built beside this program.
  ///
  /// - Throws: `BenchmarkFailure` when it was not built.
  static func shipped() throws -> ChildProgram {
    guard let own = realpath("/proc/self/exe", nil) else { throw BenchmarkFailure("/proc is not there") }
    defer { free(own) }
    let path =
      String(cString: own).split(separator: "/", omittingEmptySubsequences: false).dropLast()
      .joined(separator: "/") + "/jointcloud"
    guard access(path, X_OK) == 0 else {
      throw BenchmarkFailure("\(path) was not built", next: "swift build -c release --product jointcloud")
    }
    return ChildProgram(path: path)
  }
}
