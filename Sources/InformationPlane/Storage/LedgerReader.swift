internal import Foundation
internal import GRDB
public import Ledger
public import Model

/// One ledger in a file, as a list shows it.
public struct LedgerSummary: Hashable, Sendable {
  public let collaboration: CollaborationID
  public let entryCount: Int
  /// The highest number; larger than the count where entries are missing.
  public let lastNumber: Int
}

/// A row of the entries table, as it is; `bytes` may be anything.
public struct EntryRow: Hashable, Sendable {
  public let number: Int
  public let hash: [UInt8]
  public let kind: String
  public let timeMilliseconds: Int64
  public let bytes: [UInt8]
}

/// Reads the ledgers in any copy of `node.sqlite`, and never writes: not to the file, nor beside it if no log of
/// unfinished changes (`-wal`) lies there.
public final class LedgerReader: Sendable {
  public let path: String
  private let queue: DatabaseQueue

  /// - Parameter path: the file, or the data folder that holds it.
  /// - Throws: `StorageError.notFound`, `.notPermitted`, `.corrupt`, `.otherVersion`, `.locked`.
  public init(path given: String) throws(StorageError) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: given, isDirectory: &isFolder) else { throw .notFound(path: given) }
    let path = isFolder.boolValue ? given + "/" + NodeDatabase.fileName : given
    guard FileManager.default.fileExists(atPath: path) else { throw .notFound(path: path) }
    self.path = path
    queue = try naming(path) {
      var configuration = GRDB.Configuration()
      configuration.readonly = true
      configuration.busyMode = .timeout(5)
      let queue = try DatabaseQueue(path: Self.openable(path), configuration: configuration)
      try queue.read { db in
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard found == Schema.version else {
          throw StorageError.otherVersion(path: path, found: found, known: Schema.version)
        }
      }
      return queue
    }
  }

  /// The node whose file it is a copy of; nil when the file does not say.
  public func node() throws(StorageError) -> NodeID? {
    try read { table in
      try String.fetchOne(table.db, sql: "SELECT value FROM meta WHERE key = 'node'")
        .flatMap { Digest(hexadecimal: $0) }.map { NodeID($0) }
    }
  }

  /// All ledgers of which anything is stored, by id.
  public func ledgers() throws(StorageError) -> [LedgerSummary] {
    try read { table in
      let ids = try Data.fetchAll(
        table.db,
        sql: """
          SELECT collaboration FROM entries UNION SELECT collaboration FROM proposals
          UNION SELECT collaboration FROM certificates ORDER BY 1
          """)
      return try ids.map { data in
        let last = try Int.fetchOne(
          table.db, sql: "SELECT max(number) FROM entries WHERE collaboration = ?", arguments: [data])
        return LedgerSummary(
          collaboration: CollaborationID(try table.digest(data, "collaboration")),
          entryCount: try table.count("entries", "collaboration = ?", [data]), lastNumber: last ?? 0)
      }
    }
  }

  /// Rows from a number on, ascending, at most `limit`.
  public func entries(of id: CollaborationID, from first: Int = 1, limit: Int) throws(StorageError) -> [EntryRow] {
    try read { table in
      let cursor = try Row.fetchCursor(
        table.db, sql: "SELECT * FROM entries WHERE collaboration = ? AND number >= ? ORDER BY number LIMIT ?",
        arguments: [id.digest.blob, first, limit])
      var rows: [EntryRow] = []
      while let row = try cursor.next() { rows.append(try Self.entryRow(row, table)) }
      return rows
    }
  }

  /// The proposal that covers an entry, nil when none does.
  public func proposal(covering number: Int, of id: CollaborationID) throws(StorageError) -> SignedProposal? {
    try read { table in
      try Row.fetchOne(
        table.db, sql: "SELECT * FROM proposals WHERE collaboration = ? AND first <= ? AND last >= ?",
        arguments: [id.digest.blob, number, number]
      ).map { try table.proposal($0) }
    }
  }

  /// The signed heads of `heads.json` in the file's folder; empty when there is none.
  public func headsBeside() throws(StorageError) -> [SignedStatement] {
    let beside = URL(fileURLWithPath: path).deletingLastPathComponent().path + "/" + HeadsFile.fileName
    guard FileManager.default.fileExists(atPath: beside) else { return [] }
    return try HeadsFile.read(beside)
  }

  /// Checks one ledger in full, in one view of the file, holding a batch at a time.
  ///
  /// - Parameters:
  ///   - rules: the contract's fold, from its beginning.
  ///   - heads: signed heads kept outside of the file, by anybody; those of other ledgers are passed over.
  /// - Throws: `StorageError` when the file cannot be read to its end; what is wrong with the ledger is in the report.
  public func verify(
    _ id: CollaborationID, rules: any Rules = NoRules(), heads: [SignedStatement] = []
  ) throws(StorageError) -> VerificationReport {
    try read { table in
      var anchors: [Anchor] = []
      for head in heads { anchors.append(try Anchor(head, isOutside: true)) }
      var verifier = Verifier(id, rules: rules, anchors: anchors)
      try Self.feedDecision(of: id, &verifier, table)
      return try Self.feed(&verifier, table, id.digest.blob)
    }
  }

  private static func feedDecision(of id: CollaborationID, _ verifier: inout Verifier, _ table: TableReader) throws {
    let row = try Row.fetchOne(
      table.db, sql: "SELECT number FROM certificates WHERE collaboration = ? AND purpose = ?",
      arguments: [id.digest.blob, Confirmation.purpose.name])
    guard let row else { return }
    let number: Int = (try? table.value(row, "number")) ?? 0
    do {
      guard let decision: CommitCertificate = try Recovery.certificate(id, id.digest.blob, table) else { return }
      verifier.take(decision: decision)
      guard decision.body.number != number else { return }
      verifier.note(
        Finding(
          number: decision.body.number, what: .column, expected: "a certificate for \(decision.body.number)",
          found: "\(number)"))
    } catch StorageError.corrupt(_, let detail) {
      verifier.takeUnreadableDecision(of: number, reason: detail)
    }
  }

  private static func feed(
    _ verifier: inout Verifier, _ table: TableReader, _ id: Data
  ) throws -> VerificationReport {
    let expected = try table.count("entries", "collaboration = ?", [id])
    let expectedProposals = try table.count("proposals", "collaboration = ?", [id])
    let entries = try Row.fetchCursor(
      table.db, sql: "SELECT * FROM entries WHERE collaboration = ? ORDER BY number", arguments: [id])
    let proposals = try Row.fetchCursor(
      table.db, sql: "SELECT * FROM proposals WHERE collaboration = ? ORDER BY first", arguments: [id])
    var proposal = try proposals.next()?.copy()
    var taken = 0
    while let row = try entries.next() {
      let entry = try entryRow(row, table)
      while let next = proposal, (try table.value(next, "last") as Int) < entry.number {
        feedProposal(next, &verifier, table)
        proposal = try proposals.next()?.copy()
        taken += 1
      }
      if let held = verifier.take(entry.bytes, at: entry.number) { compare(entry, held, &verifier) }
    }
    while let next = proposal {
      feedProposal(next, &verifier, table)
      proposal = try proposals.next()?.copy()
      taken += 1
    }
    guard taken == expectedProposals else {
      throw table.corrupt("table proposals says \(expectedProposals) rows and gives \(taken)")
    }
    return verifier.finish(expectedCount: expected)
  }

  private static func feedProposal(_ row: Row, _ verifier: inout Verifier, _ table: TableReader) {
    let last: Int = (try? table.value(row, "last")) ?? 0
    do {
      let signed = try table.signed(row)
      verifier.take(signed)
      let columns = try [table.value(row, "first") as Int, last]
      if let known = try? SignedProposal(signed), columns != [known.proposal.first, known.proposal.last] {
        verifier.note(
          Finding(
            number: known.proposal.first, what: .column,
            expected: "a proposal for \(known.proposal.first) to \(known.proposal.last)",
            found: "\(columns[0]) to \(columns[1])"))
      }
    } catch {
      verifier.takeUnreadableProposal(last: last, reason: "\(error)")
    }
  }

  /// The columns beside an entry repeat what it says; who reads them must not be misled.
  private static func compare(_ row: EntryRow, _ entry: Entry, _ verifier: inout Verifier) {
    func check(_ name: String, _ expected: String, _ found: String) {
      guard expected != found else { return }
      verifier.note(
        Finding(number: row.number, what: .column, expected: "\(name) \(expected)", found: "\(name) \(found)"))
    }
    check("hash", entry.hash.hexadecimal, Hexadecimal.encode(row.hash))
    check("kind", entry.kind, row.kind)
    check("time_ms", "\(entry.record.timeMilliseconds)", "\(row.timeMilliseconds)")
  }

  private static func entryRow(_ row: Row, _ table: TableReader) throws -> EntryRow {
    EntryRow(
      number: try table.value(row, "number"), hash: try table.bytes(row, "hash"),
      kind: try table.value(row, "kind"), timeMilliseconds: try table.value(row, "time_ms"),
      bytes: try table.bytes(row, "bytes"))
  }

  private func read<Value>(_ body: (TableReader) throws -> Value) throws(StorageError) -> Value {
    try naming(path) { try queue.read { db in try body(TableReader(db: db, path: path)) } }
  }

  /// A file without a log is opened as one that nobody changes, so that SQLite makes no files beside it; with a log,
  /// what stands in the log must be read too. An empty log with its index (`-shm`) is that of a process which has the
  /// file open and may write at any moment.
  private static func openable(_ path: String) -> String {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path + "-wal")
    let logSize = attributes?[.size] as? Int
    let isOpen = logSize != nil && FileManager.default.fileExists(atPath: path + "-shm")
    guard !isOpen, logSize ?? 0 == 0 else { return path }
    let absolute = URL(fileURLWithPath: path).path
    var allowed = CharacterSet.urlPathAllowed
    allowed.remove(charactersIn: "?#%")
    guard let escaped = absolute.addingPercentEncoding(withAllowedCharacters: allowed) else { return path }
    return "file:" + escaped + "?immutable=1"
  }
}
