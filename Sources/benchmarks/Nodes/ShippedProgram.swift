import Glibc
import Subprocess
import SystemPackage

/// The command line as it ships, built beside this program.
struct ShippedProgram: Sendable {
  private static let outputLimit = 1 << 20
  private let path: String

  /// - Throws: `BenchmarkFailure` when it was not built.
  init() throws {
    guard let own = realpath("/proc/self/exe", nil) else { throw BenchmarkFailure("/proc is not there") }
    defer { free(own) }
    path =
      String(cString: own).split(separator: "/", omittingEmptySubsequences: false).dropLast()
      .joined(separator: "/") + "/jointcloud"
    guard access(path, X_OK) == 0 else {
      throw BenchmarkFailure("\(path) was not built", next: "swift build -c release --product jointcloud")
    }
  }

  /// What it prints, without the last line end.
  ///
  /// - Throws: `BenchmarkFailure` when it does not end well.
  @discardableResult
  func output(_ arguments: [String]) async throws -> String {
    let result = try await Subprocess.run(
      .path(FilePath(path)), arguments: .init(arguments), output: .string(limit: Self.outputLimit),
      error: .string(limit: Self.outputLimit))
    guard result.terminationStatus.isSuccess else {
      throw BenchmarkFailure("jointcloud \(arguments.prefix(2).joined(separator: " ")): \(result.standardError)")
    }
    let text = result.standardOutput
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
  }

  /// Runs a node until it ends or this task is cancelled; then it is told to stop, and killed if it does not.
  func runNode(data: String, logPath: String) async throws {
    var options = PlatformOptions()
    // Ctrl-C reaches this program alone, which stops the nodes in order.
    options.processGroupID = 0
    options.teardownSequence = [.send(signal: .terminate, allowedDurationToNextStep: .seconds(5))]
    let log = try FileDescriptor.open(
      FilePath(logPath), .writeOnly, options: [.create, .append, .closeOnExec], permissions: .ownerReadWrite)
    let result = try await Subprocess.run(
      .path(FilePath(path)),
      arguments: ["node", "run", "--data", data, "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"],
      platformOptions: options, input: .none, output: .fileDescriptor(log, closeAfterSpawningProcess: true),
      error: .fileDescriptor(log, closeAfterSpawningProcess: false))
    guard Task.isCancelled else {
      throw BenchmarkFailure("a node ended by itself (\(result.terminationStatus)); its log is \(logPath)")
    }
  }
}
