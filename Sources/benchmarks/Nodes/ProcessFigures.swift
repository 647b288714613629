import Glibc

/// What the kernel says of a process (proc(5)).
struct ProcessFigures: Sendable {
  /// CPU time of all threads that it has now.
  let cpuNanoseconds: UInt64
  let residentBytes: Int

  /// - Throws: `BenchmarkFailure` when there is no such process.
  init(of process: pid_t) throws {
    guard let folder = opendir("/proc/\(process)/task") else { throw BenchmarkFailure("process \(process) has ended") }
    defer { closedir(folder) }
    var nanoseconds: UInt64 = 0
    while let entry = readdir(folder) {
      let raw = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      guard let thread = Int(String(decoding: raw, as: UTF8.self)) else { continue }
      // A thread that ends between two reads is none that an idle node has.
      let times = Self.text("/proc/\(process)/task/\(thread)/schedstat")
      nanoseconds += times.split(separator: " ").first.flatMap { UInt64($0) } ?? 0
    }
    cpuNanoseconds = nanoseconds
    let line = Self.text("/proc/\(process)/status").split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    guard let kibibytes = line?.split(separator: " ").dropLast().last.flatMap({ Int($0) }) else {
      throw BenchmarkFailure("process \(process) has ended")
    }
    residentBytes = kibibytes * 1_024
  }

  /// The first 16 KiB; empty when there is nothing.
  static func text(_ path: String) -> String {
    guard let stream = fopen(path, "r") else { return "" }
    defer { fclose(stream) }
    var bytes = [UInt8](repeating: 0, count: 16_384)
    let count = fread(&bytes, 1, bytes.count, stream)
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }
}
