import Glibc
import Subprocess
import SystemPackage

/// A program that this one runs as a child.
struct ChildProgram: Sendable {
  private static let outputLimit = 1 << 20
  let path: String
  var name: String { path.split(separator: "/").last.map(String.init) ?? path }

  /// nil when it is not installed.
  static func find(_ name: String) -> ChildProgram? {
    let folders = (getenv("PATH").map { String(cString: $0) } ?? "").split(separator: ":").map(String.init)
    return (folders + ["/usr/sbin", "/sbin"]).map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
      .map(ChildProgram.init)
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
      throw BenchmarkFailure("\(name) \(arguments.prefix(2).joined(separator: " ")): \(result.standardError)")
    }
    let text = result.standardOutput
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
  }

  /// Runs it until it ends or this task is cancelled; then it is told to stop, and killed if it does not. What it
  /// prints goes into a file.
  func run(
    _ arguments: [String], logPath: String, started: @escaping @Sendable (pid_t) -> Void
  ) async throws {
    let log = try FileDescriptor.open(
      FilePath(logPath), .writeOnly, options: [.create, .append, .closeOnExec], permissions: .ownerReadWrite)
    _ = try await Subprocess.run(
      .path(FilePath(path)), arguments: .init(arguments), platformOptions: Self.options, input: .none,
      output: .fileDescriptor(log, closeAfterSpawningProcess: true),
      error: .fileDescriptor(log, closeAfterSpawningProcess: false)
    ) { started($0.processIdentifier.value) }
  }

  /// The same, with each line that it prints handed over when it comes.
  func run(
    _ arguments: [String], line: @escaping @Sendable (ArraySlice<UInt8>) -> Void,
    started: @escaping @Sendable (pid_t) -> Void
  ) async throws {
    _ = try await Subprocess.run(
      .path(FilePath(path)), arguments: .init(arguments), platformOptions: Self.options, input: .none,
      output: .sequence, error: .combinedWithOutput
    ) { execution in
      started(execution.processIdentifier.value)
      var lines = LineCutter()
      for try await piece in execution.standardOutput {
        for each in lines.add(piece.withUnsafeBytes { Array($0) }) { line(each) }
      }
    }
  }

  private static var options: PlatformOptions {
    var options = PlatformOptions()
    // Ctrl-C reaches this program alone, which stops the others in order.
    options.processGroupID = 0
    options.teardownSequence = [.send(signal: .terminate, allowedDurationToNextStep: .seconds(5))]
    return options
  }
}

/// Cuts lines out of bytes that come in pieces of any size.
struct LineCutter {
  /// The longest line, in bytes; of a longer one the end is kept.
  private static let limit = 65_536
  private var pending: [UInt8] = []

  mutating func add(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    let all = pending + bytes
    var lines = all.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    pending = Array((lines.popLast() ?? []).suffix(Self.limit))
    return lines
  }
}
