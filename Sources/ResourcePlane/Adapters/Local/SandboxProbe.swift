internal import Model
internal import Resources
import Subprocess
import SystemPackage

/// Whether commands can be run in the sandbox on this machine: tried, not guessed.
public struct SandboxProbe: Sendable {
  public enum Finding: Hashable, Sendable {
    /// The sandbox ran a command. The text names its version.
    case works(version: String)
    /// The owner chose to run without one.
    case notWanted
    case broken(problem: String, remedy: String)

    public var isUsable: Bool { if case .broken = self { false } else { true } }
  }

  private let configuration: LocalConfiguration

  public init(_ configuration: LocalConfiguration) {
    self.configuration = configuration
  }

  /// Runs `true` with the very words that run a task's command, at most 10 seconds long.
  @concurrent
  public func look() async -> Finding {
    if configuration.sandbox == .none { return .notWanted }
    let task = TaskID(Digest.zero)
    let work = Work(
      attempt: AttemptID(task: task, subtask: 0, number: 1), command: .arguments(["true"]),
      amounts: .zero, executeTimeout: .seconds(10), outputLimitBytes: 1 << 16)
    var own = configuration
    own.diskReserveBytes = 0
    own.workFolder += "/probe.\(UInt64.random(in: .min ... .max))"
    let run = LocalRun(work: work, sandbox: Sandbox(configuration: own), order: StopOrder())
    defer { try? Scratch.remove(own.workFolder) }
    do {
      try Scratch.makeFolders(own.workFolder)
      try await run.stage()
    } catch {
      return .broken(
        problem: "the work folder \(configuration.workFolder) cannot be written: \(error)",
        remedy: "make it a folder that the node's user can write")
    }
    let ended = await run.run()
    guard let failure = ended.failure else { return .works(version: await version()) }
    return Self.explain(failure.detail)
  }

  private func version() async -> String {
    let executable: Executable =
      configuration.bubblewrap.contains("/")
      ? .path(FilePath(configuration.bubblewrap)) : .name(configuration.bubblewrap)
    let result = try? await Subprocess.run(
      executable, arguments: ["--version"], environment: .custom(["PATH": StartScript.searchPath]),
      output: .string(limit: 256), error: .discarded)
    return result?.standardOutput.split(separator: "\n").first.map(String.init) ?? "unknown version"
  }

  private static let otherwise = "or let the node's owner set `sandbox: none` in node.yaml"

  static func explain(_ text: String) -> Finding {
    if text.contains("not found or cannot be executed") {
      return .broken(
        problem: "bubblewrap is not installed", remedy: "run `apt-get install bubblewrap`, \(otherwise)")
    }
    if text.contains("Unknown option") {
      return .broken(
        problem: "bubblewrap is too old (0.8.0 or newer is needed): \(text)",
        remedy: "install a newer bubblewrap, \(otherwise)")
    }
    let refusals = ["namespace", "uid map", "No space left on device", "Operation not permitted", "Permission denied"]
    guard refusals.contains(where: text.contains) else {
      return .broken(problem: text, remedy: "see what bubblewrap says, \(otherwise)")
    }
    return .broken(
      problem: "this machine does not let the node make namespaces: \(text)",
      remedy: "\(namespaceRemedy()), \(otherwise)")
  }

  /// The setting that forbids namespaces, as far as the kernel shows it.
  private static func namespaceRemedy() -> String {
    func setting(_ name: String) -> String? {
      KernelFile.text("/proc/sys/" + name.replacing(".", with: "/"))?.split(separator: "\n").first.map(String.init)
    }
    if setting("kernel.unprivileged_userns_clone") == "0" {
      return "run `sysctl -w kernel.unprivileged_userns_clone=1` as root"
    }
    if setting("kernel.apparmor_restrict_unprivileged_userns") == "1" {
      return "give bwrap an AppArmor profile that allows `userns`, or run "
        + "`sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` as root"
    }
    if setting("user.max_user_namespaces") == "0" {
      return "run `sysctl -w user.max_user_namespaces=10000` as root"
    }
    return "allow user namespaces (in a container: run it so that it may make its own)"
  }
}
