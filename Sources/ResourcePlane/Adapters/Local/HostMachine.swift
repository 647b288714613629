import FoundationEssentials
import Glibc
package import Model

/// What this machine has.
package enum HostMachine {
  static var coreCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
  static var pageByteCount: Int { max(1, sysconf(Int32(_SC_PAGESIZE))) }
  static var clockTicksPerSecond: Int { max(1, sysconf(Int32(_SC_CLK_TCK))) }

  /// Its cores and its memory.
  package static var amounts: Amounts {
    Amounts(cpuMillicores: coreCount * 1_000, memoryBytes: max(0, sysconf(Int32(_SC_PHYS_PAGES))) * pageByteCount)
  }

  /// All cores, and four fifths of the memory: the rest is the node's and the system's.
  static func offered() -> Amounts {
    Amounts(cpuMillicores: amounts.cpuMillicores, memoryBytes: amounts.memoryBytes / 5 * 4)
  }
}

/// Small files of the kernel, read whole.
enum KernelFile {
  /// - Returns: nil if it is not there (a process has ended, an option is not built in).
  static func text(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while bytes.count < 1 << 20 {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0 { return nil }
      if count == 0 { break }
      bytes.append(contentsOf: buffer.prefix(count))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
