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
            next: "jointcloud ledger verify --data \(ShellWord.quoted(folder.data(of: member.name).path))")
        }
        for line in ended.output.split(separator: "\n") {
          let report = try CanonicalJSON.parseAnyForm(Array(line.utf8), limit: line.utf8.count)
          ledgers += 1
          entries += Int(report["entries"]?.integerValue ?? 0)
        }
      }
      guard ledgers >= DemoCast.all.count else { throw Failure(step: "only \(ledgers) ledgers were found") }
      report.keep("ledgers", .integer(Int64(ledgers)))
      report.keep("entries", .integer(Int64(entries)))
      return "\(ledgers) ledgers on 7 nodes hold: every link and signature of \(entries) entries"
    }
  }

  /// Changes one digit of what a participant is paid for, in a copy.
  func forge() async throws {
    guard let collaboration else { throw Failure(step: "there is no ledger to forge") }
    try await report.step("forge", "in a copy, a participant is given more CPU time than it used") {
      let copy = folder.path + "/copy.sqlite"
      let (number, change) = try Self.changeOneDigit(
        from: folder.data(of: DemoCast.asker.name).databasePath, to: copy, collaboration)
      let ended = try await Program.own.run(["ledger", "verify", "--file", copy])
      guard ended.code == ExitStatus.verificationFailed.rawValue else {
        throw Failure(step: "the forged copy was accepted with exit code \(ended.code)")
      }
      guard let line = ended.errors.split(separator: "\n").first(where: { $0.contains("entry \(number):") }) else {
        throw Failure(step: "the verifier did not name entry \(number): \(ended.errors)")
      }
      report.keep("forgedEntry", .integer(Int64(number)))
      let said = line.hasPrefix("error: ") ? line.dropFirst(7) : line
      return "in a copy, entry \(number) was changed (\(change)), and the verifier says:\n\(said)"
    }
  }

  /// - Returns: the number of the entry that was changed, and how.
  private static func changeOneDigit(
    from original: String, to copy: String, _ collaboration: CollaborationID
  ) throws -> (Int, String) {
    var readOnly = Configuration()
    readOnly.readonly = true
    let queue = try DatabaseQueue(path: copy)
    try DatabaseQueue(path: original, configuration: readOnly).backup(to: queue)
    let key = Data(collaboration.digest.bytes)
    let changed = try queue.write { database in
      let rows = try Row.fetchAll(
        database, sql: "SELECT number, bytes FROM entries WHERE collaboration = ? ORDER BY number", arguments: [key])
      for row in rows {
        let number: Int = row["number"]
        let bytes: Data = row["bytes"]
        guard let (forged, change) = Self.moreTime(Array(bytes)) else { continue }
        try database.execute(
          sql: "UPDATE entries SET bytes = ? WHERE collaboration = ? AND number = ?",
          arguments: [Data(forged), key, number])
        return (number, change)
      }
      throw Failure(step: "no entry says how long anybody computed")
    }
    try queue.close()
    return changed
  }

  /// The same bytes with a larger first digit of the CPU time, where there is one that can grow.
  private static func moreTime(_ bytes: [UInt8]) -> (forged: [UInt8], change: String)? {
    let field = Array("\"cpuMilliseconds\":".utf8)
    guard let place = bytes.firstRange(of: field)?.upperBound, place < bytes.count,
      (UInt8(ascii: "1")...UInt8(ascii: "8")).contains(bytes[place])
    else { return nil }
    var forged = bytes
    forged[place] += 1
    func number(_ bytes: [UInt8]) -> String {
      String(decoding: bytes[place...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }, as: UTF8.self)
    }
    return (forged, "\(number(bytes)) ms of CPU became \(number(forged)) ms")
  }
}
