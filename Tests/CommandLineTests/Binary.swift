import Foundation
import Model

/// The real binary, as it was built beside these tests.
struct Binary {
  struct Ended {
    var status: Int32
    var output: String
    var errors: String
  }

  static let path = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appendingPathComponent("jointcloud").path

  /// Runs it to its end, with nothing of this process's environment that steers it.
  static func run(
    _ arguments: [String], program: String = path, in folder: String = "/", environment: [String: String] = [:],
    input: String = ""
  ) throws -> Ended {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.environment = ["PATH": "/usr/bin:/bin", "TERM": "xterm"].merging(environment) { $1 }
    let files = try (0..<3).map { _ in try Scratch.file() }
    defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
    try Data(input.utf8).write(to: URL(fileURLWithPath: files[0]))
    process.standardInput = FileHandle(forReadingAtPath: files[0])
    process.standardOutput = FileHandle(forWritingAtPath: files[1])
    process.standardError = FileHandle(forWritingAtPath: files[2])
    try process.run()
    process.waitUntilExit()
    return Ended(
      status: process.terminationStatus, output: try String(contentsOfFile: files[1], encoding: .utf8),
      errors: try String(contentsOfFile: files[2], encoding: .utf8))
  }
}

enum Scratch {
  /// A new empty file.
  static func file() throws -> String {
    let path = name()
    guard FileManager.default.createFile(atPath: path, contents: nil) else { throw CocoaError(.fileWriteUnknown) }
    return path
  }

  /// A folder of its own for one test, removed at its end.
  static func folder<Value>(_ body: (String) throws -> Value) throws -> Value {
    let path = name()
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
  }

  private static func name() -> String {
    var random = Random.system()
    return FileManager.default.temporaryDirectory.path + "/jointcloud-cli-\(random.digest().short)"
  }
}
