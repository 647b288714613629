import Glibc

/// The one folder that a run writes to.
struct BenchmarkFolder: Sendable {
  let path: String

  /// - Throws: `BenchmarkFailure` when there is no place for it.
  init() throws {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/jointcloud-bench.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw BenchmarkFailure("no folder can be made in \(base): \(String(cString: strerror(errno)))", next: "df \(base)")
    }
    path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Links are removed, never followed.
  ///
  /// - Throws: `BenchmarkFailure`.
  func remove() throws {
    let result = nftw(
      path, { entry, _, _, _ in entry.map { Glibc.remove($0) } ?? 0 }, 32, Int32(FTW_DEPTH.rawValue | FTW_PHYS.rawValue))
    guard result == 0 else {
      throw BenchmarkFailure("\(path) cannot be removed: \(String(cString: strerror(errno)))", next: "rm -r \(path)")
    }
  }
}
