import Foundation
import Glibc

/// Something that a test waited for and that did not come.
struct Missed: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

/// Asks again and again until there is an answer.
///
/// - Throws: `Missed` when there is none within `seconds`.
@discardableResult
func until<Value>(_ what: String, seconds: Double = 30, _ look: () throws -> Value?) throws -> Value {
  let deadline = ContinuousClock.now + .seconds(seconds)
  while true {
    if let found = try look() { return found }
    guard ContinuousClock.now < deadline else { throw Missed("\(what): not within \(seconds) s") }
    usleep(20_000)
  }
}

/// One run of a program, bounded in time, with nothing of this process's environment that steers it.
struct Ended {
  var status: Int32
  var output: String
  var errors: String

  var text: String { output.trimmingCharacters(in: .whitespacesAndNewlines) }

  /// Whether the error says `part`, and what to type next.
  func refuses(_ status: Int32, _ parts: String...) -> Bool {
    self.status == status && errors.contains("error: ") && parts.allSatisfy(errors.contains)
  }
}

enum Binary {
  /// The product, as it was built beside these tests.
  static let jointcloud = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appendingPathComponent("jointcloud").path

  /// The package's root, for documents and the second verifier.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  static func run(
    _ arguments: [String], program: String = jointcloud, in folder: String = "/", environment: [String: String] = [:],
    input: String = "", seconds: Double = 60
  ) throws -> Ended {
    let files = (0..<3).map { _ in NSTemporaryDirectory() + "/jointcloud-e2e-\(UUID().uuidString)" }
    defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
    for file in files { try Data(file == files[0] ? Array(input.utf8) : []).write(to: URL(fileURLWithPath: file)) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "TERM": "dumb"].merging(environment) { $1 }
    process.standardInput = FileHandle(forReadingAtPath: files[0])
    process.standardOutput = FileHandle(forWritingAtPath: files[1])
    process.standardError = FileHandle(forWritingAtPath: files[2])
    try process.run()
    do {
      try until("\(arguments.prefix(3)) to end", seconds: seconds) { process.isRunning ? nil : () }
    } catch {
      kill(process.processIdentifier, SIGKILL)
      throw error
    }
    process.waitUntilExit()
    return Ended(
      status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
      output: try String(contentsOfFile: files[1], encoding: .utf8),
      errors: try String(contentsOfFile: files[2], encoding: .utf8))
  }
}

/// A document as the command line prints it.
struct JSON {
  let value: Any?

  init(_ value: Any?) { self.value = value }

  init(text: String) throws { value = try JSONSerialization.jsonObject(with: Data(text.utf8)) }

  subscript(key: String) -> JSON { JSON((value as? [String: Any])?[key]) }
  var text: String { value as? String ?? "" }
  var number: Int { (value as? NSNumber)?.intValue ?? 0 }
  var list: [JSON] { (value as? [Any])?.map { JSON($0) } ?? [] }
  var fields: [String: JSON] { (value as? [String: Any])?.mapValues { JSON($0) } ?? [:] }
}
