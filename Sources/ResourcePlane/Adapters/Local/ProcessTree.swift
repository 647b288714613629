import FoundationEssentials
import Glibc

/// What the kernel says about one process and those below it, and signals to them.
struct ProcessTree {
  let root: Int32

  /// The root's own state and times.
  struct RootStatus {
    /// It has ended and waits to be reaped: its number cannot go to another process yet, and its times are final.
    let hasEnded: Bool
    /// User and system, of its own and of descendants that were waited for.
    let cpuMilliseconds: Int
  }

  /// Sums over the processes that live now.
  struct Sample {
    var cpuMilliseconds = 0
    /// Memory that only the processes themselves account for: anonymous and shared, not files.
    var memoryBytes = 0
    /// The adapter's own included.
    var processCount = 0
  }

  /// - Returns: nil once it was reaped.
  func rootStatus() -> RootStatus? {
    guard let stat = Self.stat(of: root) else { return nil }
    return RootStatus(hasEnded: stat.state == "Z" || stat.state == "X", cpuMilliseconds: stat.cpuMilliseconds)
  }

  func sample() -> Sample {
    var sample = Sample()
    for process in descendants(sparing: 0) {
      sample.processCount += 1
      sample.cpuMilliseconds += Self.stat(of: process)?.cpuMilliseconds ?? 0
      sample.memoryBytes += Self.memoryBytes(of: process)
    }
    return sample
  }

  /// Signals every process at least `sparing` levels below the root.
  func signal(_ signal: Int32, sparing: Int) {
    for process in descendants(sparing: sparing) { _ = kill(process, signal) }
  }

  /// The tree's processes, parents first, without the first `sparing` levels.
  private func descendants(sparing: Int) -> [Int32] {
    var found: [Int32] = []
    var level = [root]
    var depth = 0
    // One that loses its parent meanwhile moves up the tree, and may be met again.
    var seen: Set = [root]
    while !level.isEmpty, seen.count < 65_536 {
      if depth >= sparing { found += level }
      level = level.flatMap(Self.children(of:)).filter { seen.insert($0).inserted }
      depth += 1
    }
    return found
  }

  /// Those of all its threads: the kernel lists a child at the thread that started it.
  private static func children(of process: Int32) -> [Int32] {
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
    return threads.flatMap { thread in
      (KernelFile.text("/proc/\(process)/task/\(thread)/children") ?? "").split(separator: " ").compactMap { Int32($0) }
    }
  }

  private static func stat(of process: Int32) -> (state: Substring, cpuMilliseconds: Int)? {
    // The name stands in parentheses and may hold anything, so fields count from the last one.
    guard let text = KernelFile.text("/proc/\(process)/stat"), let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 14 else { return nil }
    let ticks = fields[11...14].reduce(0) { $0 + (Int($1) ?? 0) }
    return (fields[0], ticks * 1_000 / HostMachine.clockTicksPerSecond)
  }

  private static func memoryBytes(of process: Int32) -> Int {
    guard let status = KernelFile.text("/proc/\(process)/status") else { return 0 }
    var kilobytes = 0
    for line in status.split(separator: "\n") where line.hasPrefix("RssAnon:") || line.hasPrefix("RssShmem:") {
      let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
      if words.count > 1 { kilobytes += Int(words[1]) ?? 0 }
    }
    return kilobytes * 1_024
  }
}
