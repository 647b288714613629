import Glibc
import Subprocess
import SystemPackage

/// Runs a program to its end and takes what it says.
struct Program: Sendable {
  /// The longest output taken, in bytes.
  static let outputLimit = 4 * 1_024 * 1_024

  struct Ended: Sendable {
    var status: TerminationStatus
    var output: String
    var errors: String

    var succeeded: Bool { status.isSuccess }
    var code: Int32 { if case .exited(let code) = status { code } else { -1 } }
  }

  let executable: Executable

  /// This same binary, wherever it was found.
  static let own = Program(executable: .path(FilePath(ownPath)))
  static func named(_ name: String) -> Program { Program(executable: .name(name)) }

  private static var ownPath: String {
    guard let path = realpath("/proc/self/exe", nil) else { return "/proc/self/exe" }
    defer { free(path) }
    return String(cString: path)
  }

  /// - Throws: `Failure` when it cannot be started.
  func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Ended {
    var variables: [Subprocess.Environment.Key: String?] = [:]
    for (name, value) in environment { variables[.init(stringLiteral: name)] = value }
    do {
      let result = try await Subprocess.run(
        executable, arguments: .init(arguments), environment: .inherit.updating(variables),
        output: .string(limit: Self.outputLimit), error: .string(limit: Self.outputLimit))
      return Ended(
        status: result.terminationStatus, output: result.standardOutput, errors: result.standardError)
    } catch let error as SubprocessError {
      throw Failure(step: "\(executable) cannot be run: \(error)")
    }
  }

  /// What it prints, without the last line end.
  ///
  /// - Throws: `Failure` when it ends in any way but well.
  @discardableResult
  func output(_ arguments: [String]) async throws -> String {
    let ended = try await run(arguments)
    guard ended.succeeded else {
      let said = ended.errors.split(separator: "\n").first.map(String.init) ?? "\(ended.status)"
      throw Failure(step: "\(arguments.prefix(3).joined(separator: " ")) ended with \(ended.code): \(said)")
    }
    return ended.output.hasSuffix("\n") ? String(ended.output.dropLast()) : ended.output
  }
}
