import Glibc

/// What the kernel says of a process (proc(5)).
struct ProcessFigures: Sendable {
  /// CPU time of all its threads so far, those that have ended included.
  let cpuNanoseconds: UInt64
  let residentBytes: Int

  /// - Throws: `BenchmarkFailure` when there is no such process.
  init(of process: pid_t) throws {
    var clock = clockid_t()
    var time = timespec()
    guard clock_getcpuclockid(process, &clock) == 0, clock_gettime(clock, &time) == 0 else {
      throw BenchmarkFailure("process \(process) has ended")
    }
    cpuNanoseconds = UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
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
