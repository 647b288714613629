import Foundation
import Ledger
import LedgerFixtures
import Model
import Storage

/// What our verifier and the one in Python say about one file.
struct TwoOpinions {
  let ours: VerificationReport
  let theirs: Document

  struct Document: Decodable {
    struct Finding: Decodable {
      let number: Int
      let what: String
    }
    struct Ledger: Decodable {
      let entries: Int
      let decided: Int
      let head: String
      let tail: String
      let findings: [Finding]
    }
    let ok: Bool
    let ledgers: [Ledger]
  }

  struct Missing: Error, CustomStringConvertible {
    let description: String
  }

  static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Verifier/verify_ledger.py").path

  /// Whether python3 and its `cryptography` are here. With `CI=true` the tests run, and fail where they are not.
  static let canRun: Bool = {
    if ProcessInfo.processInfo.environment["CI"] == "true" { return true }
    return (try? run(["-c", "import cryptography"]).status) == 0
  }()

  init(_ folder: TemporaryFolder, _ ledger: FixtureLedger, heads: Bool) throws {
    let reader = try LedgerReader(path: folder.path)
    ours = try reader.verify(ledger.collaboration, heads: heads ? reader.headsBeside() : [])
    let arguments = [Self.script, folder.database] + (heads ? ["--heads", folder.path + "/heads.json"] : [])
    let (status, output, problem) = try Self.run(arguments)
    guard status == 0 || status == 6 else {
      throw Missing(description: "the Python verifier ended with \(status): \(problem)")
    }
    theirs = try JSONDecoder().decode(Document.self, from: output)
  }

  var agree: Bool {
    ours.holds == theirs.ok && [ours.decided] == theirs.ledgers.map(\.decided)
      && Set(ours.findings.map(\.number))
        == Set(theirs.ledgers.flatMap(\.findings).map(\.number))
  }

  func both(name number: Int) -> Bool {
    ours.findings.contains { $0.number == number }
      && theirs.ledgers.flatMap(\.findings).contains { $0.number == number }
  }

  private static func run(_ arguments: [String]) throws -> (status: Int32, output: Data, problem: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    let (output, problem) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = problem
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    let text = String(decoding: problem.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, data, text)
  }
}
