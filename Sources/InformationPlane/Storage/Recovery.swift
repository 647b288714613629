internal import Engine
internal import Foundation
internal import GRDB
internal import Ledger
internal import Model

/// Reading the tables back. A cursor throws where a row cannot be read, and every count is compared with what the
/// table says, so that a failed read is never taken for an end.
enum Recovery {
  static func everything(_ db: Database, path: String) throws -> Recovered {
    let table = TableReader(db: db, path: path)
    var recovered = Recovered()
    recovered.chains = try chains(table)
    recovered.events = try table.rows(
      "events", "state != 'handled'", order: "arrival_ms, rowid"
    ) { row in try event(row, table) }
    recovered.handledEventIDs = try String.fetchAll(
      db,
      sql: "SELECT id FROM events WHERE state = 'handled' ORDER BY arrival_ms DESC, rowid DESC LIMIT ?",
      arguments: [Recovered.handledLimit])
    recovered.outbox = try table.rows("outbox", order: "id, destination") { row in
      StoredMessage(
        try table.statement(row), signature: try table.optionalSignature(row),
        destination: NodeID(try table.digest(row, "destination")),
        deadlineMilliseconds: try table.value(row, "deadline_ms"))
    }
    let documents = try table.rows("documents", order: "key") { row in
      (try table.value(row, "key") as String, try table.bytes(row, "value"))
    }
    recovered.documents = Dictionary(uniqueKeysWithValues: documents)
    recovered.snapshots = try snapshots(table)
    recovered.facts = try table.rows("facts", order: "id") { row in
      StoredFact(try table.signed(row), expiresMilliseconds: try table.optional(row, "expires_ms"))
    }
    return recovered
  }

  /// The highest proposal of each collaboration. Found by the key: a node may hold as many proposals as entries.
  static func newestProposals(_ db: Database, path: String) throws -> [SignedProposal] {
    let table = TableReader(db: db, path: path)
    return try Row.fetchAll(
      db,
      sql: """
        SELECT p.bytes, p.signature
        FROM (SELECT collaboration, max(first) AS first FROM proposals GROUP BY collaboration) AS newest
        JOIN proposals AS p ON p.collaboration = newest.collaboration AND p.first = newest.first
        ORDER BY p.collaboration
        """
    ).map { try table.proposal($0) }
  }

  private static func chains(_ table: TableReader) throws -> [RecoveredChain] {
    // A member votes before it has the first entry.
    let ids = try Data.fetchAll(
      table.db, sql: "SELECT collaboration FROM entries UNION SELECT collaboration FROM ballots ORDER BY 1")
    return try ids.map { data in
      let id = CollaborationID(try table.digest(data, "collaboration"))
      var chain = Chain(id)
      let entries = try table.rows("entries", "collaboration = ?", [data], order: "number") { row in
        let number: Int = try table.value(row, "number")
        do {
          let entry = try Entry(bytes: try table.bytes(row, "bytes"))
          try chain.append(entry)
          guard entry.hash == (try table.digest(row, "hash")), entry.number == number else {
            throw LedgerError.statement("its row says otherwise")
          }
          return entry
        } catch let error as LedgerError {
          throw table.corrupt("entry \(number) of collaboration \(id.short): \(error)")
        }
      }
      return RecoveredChain(
        collaboration: id, entries: entries,
        proposals: try table.rows("proposals", "collaboration = ?", [data], order: "first") {
          try table.proposal($0)
        },
        ballot: try ballot(id, data, table) ?? Ballot(), prepared: try certificate(id, data, table),
        decision: try certificate(id, data, table))
    }
  }

  /// Whether they are what the ledger says is for the engine to find out.
  private static func snapshots(_ table: TableReader) throws -> [CollaborationID: [String: [UInt8]]] {
    let parts = try table.rows("snapshots", order: "collaboration, part") { row in
      (
        CollaborationID(try table.digest(row, "collaboration")), try table.value(row, "part") as String,
        try table.bytes(row, "bytes")
      )
    }
    return parts.reduce(into: [:]) { $0[$1.0, default: [:]][$1.1] = $1.2 }
  }

  private static func ballot(_ id: CollaborationID, _ data: Data, _ table: TableReader) throws -> Ballot? {
    try table.rows("ballots", "collaboration = ?", [data], order: "collaboration") { row in
      do {
        return try CanonicalJSON.decode(Ballot.self, from: try table.bytes(row, "bytes"), limit: .max)
      } catch let error as JSONError {
        throw table.corrupt("the ballot of collaboration \(id.short): \(error)")
      }
    }.first
  }

  static func certificate<Body>(
    _ id: CollaborationID, _ data: Data, _ table: TableReader
  ) throws -> Certificate<Body>? {
    try table.rows(
      "certificates", "collaboration = ? AND purpose = ?", [data, Body.purpose.name], order: "number"
    ) { row in
      do {
        let certificate = try CanonicalJSON.decode(
          Certificate<Body>.self, from: try table.bytes(row, "bytes"), limit: .max)
        guard certificate.collaboration == id else { throw LedgerError.statement("it is of another collaboration") }
        return certificate
      } catch let error as StorageError {
        throw error
      } catch {
        throw table.corrupt("the \(Body.purpose) certificate of collaboration \(id.short): \(error)")
      }
    }.first
  }

  static func event(_ row: Row, _ table: TableReader) throws -> StoredEvent {
    let id: String = try table.value(row, "id")
    guard let state = StoredEvent.State(rawValue: try table.value(row, "state")) else {
      throw table.corrupt("event \(id) is in an unknown state")
    }
    let trace: Data? = try table.optional(row, "trace")
    let result: Data? = try table.optional(row, "result")
    return StoredEvent(
      id: id, lane: try table.value(row, "lane"), kind: try table.value(row, "kind"),
      priority: try table.value(row, "priority"), deadlineMilliseconds: try table.optional(row, "deadline_ms"),
      arrivalMilliseconds: try table.value(row, "arrival_ms"),
      trace: try trace.map { TraceID(try table.digest($0, "trace")) }, state: state,
      attempts: try table.value(row, "attempts"), payload: try table.bytes(row, "payload"),
      result: result.map { [UInt8]($0) })
  }
}
