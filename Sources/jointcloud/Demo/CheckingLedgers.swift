import Engine
import FoundationEssentials
import GRDB
import Interface
import Model
import Node

/// Every ledger holds; a changed one is found, and where.
extension DemoPlay {
  func verifyLedgers() async throws {
    try await report.step("verify", "every node's ledgers, offline") {
      var entries = 0
      var ledgers = 0
      for member in DemoCast.all {
        let ended = try await Program.own.run(
          ["ledger", "verify", "--data", folder.data(of: member.name).path, "-o", "jsonl"])
        guard ended.code == ExitStatus.success.rawValue else {
          throw Failure(
            .verificationFailed, "\(member.name)'s ledger does not hold: \(ended.errors)",
            next: "jointcloud ledger verify --data \(folder.data(of: member.name).path)")
        }
        for line in ended.output.split(separator: "\n") {
          let report = try CanonicalJSON.parseAnyForm(Array(line.utf8), limit: line.utf8.count)
          ledgers += 1
          entries += Int(report["entries"]?.integerValue ?? 0)
        }
      }
      guard ledgers >= DemoCast.all.count else { throw Failure(.error, "only \(ledgers) ledgers were found") }
      report.keep("ledgers", .integer(Int64(ledgers)))
      report.keep("entries", .integer(Int64(entries)))
      return "\(ledgers) ledgers on 7 nodes hold: every link and signature of \(entries) entries"
    }
  }

  /// Changes one digit in one entry of a copy.
  func forge() async throws {
    guard let collaboration else { throw Failure(.error, "there is no ledger to forge") }
    try await report.step("forge", "one digit of one entry is changed in a copy") {
      let copy = folder.path + "/copy.sqlite"
      let number = try Self.changeOneDigit(
        from: folder.data(of: DemoCast.asker.name).databasePath, to: copy, collaboration)
      let ended = try await Program.own.run(["ledger", "verify", "--file", copy])
      guard ended.code == ExitStatus.verificationFailed.rawValue else {
        throw Failure(.error, "the forged copy was accepted with exit code \(ended.code)")
      }
      guard let line = ended.errors.split(separator: "\n").first(where: { $0.contains("entry \(number):") }) else {
        throw Failure(.error, "the verifier did not name entry \(number): \(ended.errors)")
      }
      report.keep("forgedEntry", .integer(Int64(number)))
      let said = line.hasPrefix("error: ") ? line.dropFirst(7) : line
      return "a digit of entry \(number) was changed in a copy, and found:\n\(said)"
    }
  }

  /// - Returns: the number of the entry that was changed, from the middle of the ledger.
  private static func changeOneDigit(
    from original: String, to copy: String, _ collaboration: CollaborationID
  ) throws -> Int {
    var readOnly = Configuration()
    readOnly.readonly = true
    let queue = try DatabaseQueue(path: copy)
    try DatabaseQueue(path: original, configuration: readOnly).backup(to: queue)
    let key = Data(collaboration.digest.bytes)
    let number = try queue.write { database in
      let count =
        try Int.fetchOne(
          database, sql: "SELECT count(*) FROM entries WHERE collaboration = ?", arguments: [key]) ?? 0
      let number = max(1, count / 2)
      let bytes = try Data.fetchOne(
        database, sql: "SELECT bytes FROM entries WHERE collaboration = ? AND number = ?", arguments: [key, number])
      guard var bytes, let place = bytes.lastIndex(where: { (UInt8(ascii: "1")...UInt8(ascii: "8")).contains($0) })
      else {
        throw Failure(.error, "entry \(number) has no digit to change")
      }
      bytes[place] += 1
      try database.execute(
        sql: "UPDATE entries SET bytes = ? WHERE collaboration = ? AND number = ?", arguments: [bytes, key, number])
      return number
    }
    try queue.close()
    return number
  }
}
