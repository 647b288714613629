public import Engine
internal import GRDB
public import Model

// Events that were handled or given up, for people: read a page at a time, never decided upon.
extension NodeDatabase {
  /// The newest events that are over, newest first.
  ///
  /// - Parameters:
  ///   - trace: only those of this trace; nil for all.
  ///   - show: what is kept of each row. Rows are large, so none outlives its turn.
  public func finishedEvents<Shown: Sendable>(
    of trace: TraceID? = nil, limit: Int, _ show: @escaping @Sendable (StoredEvent) -> Shown
  ) async throws(StorageError) -> [Shown] {
    let (sql, arguments) = Self.finished(trace, limit: limit)
    return try await reading { table in
      var out: [Shown] = []
      let rows = try Row.fetchCursor(table.db, sql: sql, arguments: arguments)
      while let row = try rows.next() { out.append(show(try Recovery.event(row, table))) }
      return out
    }
  }

  /// One event that is over; nil when it is not there, or waits.
  public func finishedEvent(_ id: String) async throws(StorageError) -> StoredEvent? {
    try await reading { table in
      try Row.fetchOne(table.db, sql: "SELECT * FROM events WHERE id = ? AND state != 'queued'", arguments: [id])
        .map { try Recovery.event($0, table) }
    }
  }

  private static func finished(_ trace: TraceID?, limit: Int) -> (String, StatementArguments) {
    let order = "ORDER BY arrival_ms DESC, rowid DESC LIMIT ?"
    if let trace {
      return ("SELECT * FROM events WHERE trace = ? AND state != 'queued' \(order)", [trace.digest.blob, limit])
    }
    // Each state by its own walk of the index, so that a page costs what it shows and not what is kept.
    let rows = ["handled", "dead"].map {
      "SELECT * FROM (SELECT rowid, arrival_ms FROM events WHERE state = '\($0)' \(order))"
    }.joined(separator: " UNION ALL ")
    return (
      "SELECT e.* FROM (\(rows)) AS p JOIN events AS e ON e.rowid = p.rowid "
        + "ORDER BY e.arrival_ms DESC, e.rowid DESC LIMIT ?",
      [limit, limit, limit]
    )
  }

  /// In one view of the file, without keeping a thread of the caller's pool waiting for the disk.
  private func reading<Value: Sendable>(
    _ body: @escaping @Sendable (TableReader) throws -> Value
  ) async throws(StorageError) -> Value {
    let result: Result<Value, StorageError> = await withCheckedContinuation { continuation in
      pool.asyncRead { [path] database in
        continuation.resume(
          returning: Result { () throws(StorageError) in
            try naming(path) { try body(TableReader(db: try database.get(), path: path)) }
          })
      }
    }
    return try result.get()
  }
}
