internal import Model
internal import Resources

/// The words that start a command within its walls and limits.
struct Sandbox: Sendable {
  let configuration: LocalConfiguration

  /// Of `/etc`, what programs need to run and nothing that tells of the machine or its users' secrets.
  private static let readableSettings = [
    "alternatives", "fonts", "group", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "locale.alias", "localtime", "magic",
    "mime.types", "nsswitch.conf", "passwd", "perl", "protocols", "python3", "services", "ssl/certs", "timezone",
  ]
  private static let readableSystem = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"]

  func layout(for scratch: Scratch) -> Layout {
    switch configuration.sandbox {
    case .bubblewrap: .sandboxed
    case .none: Layout(unconfined: scratch)
    }
  }

  /// Program and arguments.
  func command(for work: Work, in scratch: Scratch) -> (program: String, arguments: [String]) {
    let start = limits(for: work) + ["sh", layout(for: scratch).start]
    switch configuration.sandbox {
    case .bubblewrap:
      return (configuration.bubblewrap, walls(scratch) + ["--"] + start)
    case .none:
      return ("setpriv", ["--pdeathsig", "KILL", "--"] + start)
    }
  }

  /// How many levels of the process tree belong to the adapter: bubblewrap, and the shell that starts the command.
  var ownLevels: Int { configuration.sandbox == .bubblewrap ? 2 : 1 }

  /// Every namespace is new, so there is no network and no foreign process; no further ones can be made inside.
  /// The root is an empty memory file system that is read-only once everything is in place.
  private func walls(_ scratch: Scratch) -> [String] {
    var words = [
      "--unshare-all", "--unshare-user", "--disable-userns", "--uid", "65534", "--gid", "65534",
      "--hostname", "jointcloud", "--die-with-parent", "--new-session", "--as-pid-1", "--cap-drop", "ALL",
    ]
    let system = Self.readableSystem + Self.readableSettings.map { "/etc/" + $0 }
    words += system.flatMap { ["--ro-bind-try", $0, $0] }
    words += ["--proc", "/proc", "--dev", "/dev", "--size", String(1 << 20), "--tmpfs", "/dev/shm"]
    words += ["--bind", scratch.work, Layout.sandboxed.work]
    words += ["--bind", scratch.temporary, Layout.sandboxed.temporary]
    words += ["--ro-bind", scratch.inputs, Layout.sandboxed.inputs]
    words += ["--ro-bind", scratch.control, Layout.sandboxed.control]
    // Last, since they may lie below folders that are replaced above, such as /tmp.
    words += configuration.readable.flatMap { ["--ro-bind-try", $0, $0] }
    words += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", Layout.sandboxed.work]
    return words
  }

  /// Limits of each process, wide of the task's amounts: those are held by watching the whole tree, these stop what
  /// grows faster than the watch looks. Address space is wider still, for programs that map much and use little.
  private func limits(for work: Work) -> [String] {
    let memory = max(work.amounts.memoryBytes, Self.leastMemoryBytes)
    let (seconds, attoseconds) = work.executeTimeout.components
    let cpuSeconds = (Int(seconds) + (attoseconds > 0 ? 1 : 0)) * HostMachine.coreCount + 10
    return [
      "prlimit", "--data=\(Self.saturating(memory, times: 2, plus: 64 << 20))",
      "--as=\(Self.saturating(memory, times: 4, plus: 8 << 30))", "--cpu=\(cpuSeconds)",
      "--fsize=\(max(configuration.fileLimitBytes, work.outputLimitBytes))", "--nproc=\(configuration.processLimit)",
      "--nofile=4096", "--core=0", "--",
    ]
  }

  /// A task that asks for less is held to this much.
  static let leastMemoryBytes = 16 << 20

  private static func saturating(_ value: Int, times factor: Int, plus slack: Int) -> Int {
    let (product, overflow) = value.multipliedReportingOverflow(by: factor)
    let (sum, overflowed) = product.addingReportingOverflow(slack)
    return overflow || overflowed ? Int.max : sum
  }
}
