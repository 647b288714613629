import Glibc

/// A network namespace that this program and its children have to themselves, so that loopback carries nothing else
/// and can be made to lose datagrams.
enum PrivateLoopback {
  private static let mark = "JOINTCLOUD_BENCHMARK_NAMESPACE"
  /// What a program prints that can make one.
  static let whyAbsent = "only root can have a network namespace of its own"

  /// Whether this process is in one.
  static var isHere: Bool { getenv(mark) != nil }

  /// Starts this program anew in a namespace of its own. Returns only where that cannot be.
  ///
  /// - Throws: `BenchmarkFailure` when the machine refuses.
  static func enter() throws {
    guard !isHere, geteuid() == 0 else { return }
    guard setenv(mark, "1", 1) == 0 else { throw problem("set an environment variable") }
    let arguments = ["unshare", "--net", "--", "/proc/self/exe"] + CommandLine.arguments.dropFirst()
    // The link would name unshare itself once that runs.
    guard let own = realpath("/proc/self/exe", nil) else { throw problem("find this program") }
    defer { free(own) }
    var pointers = arguments.map { strdup($0 == "/proc/self/exe" ? String(cString: own) : $0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    execvp("unshare", &pointers)
    throw problem("run unshare")
  }

  /// A new namespace's loopback is down.
  ///
  /// - Throws: `BenchmarkFailure`.
  static func bringUp() throws {
    guard isHere else { return }
    let socket = socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0)
    guard socket >= 0 else { throw problem("open a socket") }
    defer { close(socket) }
    var request = ifreq()
    withUnsafeMutableBytes(of: &request) { $0.copyBytes(from: Array("lo".utf8)) }
    request.ifr_ifru.ifru_flags = Int16(IFF_UP | IFF_RUNNING)
    guard ioctl(socket, UInt(SIOCSIFFLAGS), &request) == 0 else { throw problem("bring loopback up") }
  }

  /// Runs `body` while a part of all datagrams is lost.
  ///
  /// - Throws: `BenchmarkFailure` where they cannot be made to be.
  static func losing<Value>(percent: Int, _ body: () async throws -> Value) async throws -> Value {
    guard isHere else { throw BenchmarkFailure(whyAbsent) }
    guard let tables = ChildProgram.find("iptables") else {
      throw BenchmarkFailure("iptables is not installed", next: "apt-get install iptables")
    }
    let rule = [
      "INPUT", "-i", "lo", "-p", "udp", "-m", "statistic", "--mode", "random", "--probability",
      "0.\(percent < 10 ? "0" : "")\(percent)", "-j", "DROP",
    ]
    try await tables.output(["-A"] + rule)
    let result: Result<Value, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    // An interrupted run ends with its namespace, rule included.
    guard !Task.isCancelled else { return try result.get() }
    let listing: Result<String, any Error>
    do { listing = .success(try await tables.output(["-nvxL", "INPUT"])) } catch { listing = .failure(error) }
    // Whatever failed, what is measured next loses nothing.
    try await tables.output(["-D"] + rule)
    let value = try result.get()
    let lost = lostCount(in: try listing.get())
    // Where nothing was lost, that nobody was held dead shows nothing.
    guard lost > 0 else { throw BenchmarkFailure("the kernel lost no datagram, though it was told to") }
    return value
  }

  /// - Parameter listing: of a chain with one rule, with counters: packets come first in the rule's line.
  private static func lostCount(in listing: String) -> Int {
    listing.split(separator: "\n").first { $0.contains("DROP") }?.split(separator: " ").first.flatMap { Int($0) } ?? 0
  }

  private static func problem(_ what: String) -> BenchmarkFailure {
    BenchmarkFailure("a network namespace cannot be had: \(what): \(String(cString: strerror(errno)))")
  }
}

/// What loopback has carried in this namespace, headers included, as the kernel counts it (proc(5)).
struct LoopbackTraffic: Sendable {
  let datagrams: Int
  let bytes: Int

  /// - Throws: `BenchmarkFailure`.
  init() throws {
    let udp = ProcessFigures.text("/proc/self/net/snmp").split(separator: "\n").filter { $0.hasPrefix("Udp:") }
      .map { $0.split(separator: " ") }
    let lo = ProcessFigures.text("/proc/self/net/dev").split(separator: "\n")
      .map { $0.split { $0 == " " || $0 == ":" } }.first { $0.first == "lo" }
    guard udp.count == 2, let column = udp[0].firstIndex(of: "OutDatagrams"), column < udp[1].count,
      let datagrams = Int(udp[1][column]), let lo, lo.count > 9, let bytes = Int(lo[9])
    else { throw BenchmarkFailure("the kernel does not say what loopback carried") }
    self.datagrams = datagrams
    self.bytes = bytes
  }
}
