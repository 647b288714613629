internal import GRDB

/// The tables of `node.sqlite` (docs/formats.md). Ids and hashes are 32-byte blobs, statements and entries their
/// canonical JSON, so that `SELECT number, kind, CAST(bytes AS TEXT) FROM entries` reads well.
enum Schema {
  /// Stands in `PRAGMA user_version`. Before 1.0 other versions are refused, not migrated.
  static let version = 3

  static let statements = """
    CREATE TABLE meta(
      key TEXT PRIMARY KEY,
      value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE entries(
      collaboration BLOB NOT NULL,
      number INTEGER NOT NULL,
      hash BLOB NOT NULL,
      kind TEXT NOT NULL,
      time_ms INTEGER NOT NULL,
      bytes BLOB NOT NULL,
      PRIMARY KEY(collaboration, number)
    ) STRICT;
    CREATE TABLE proposals(
      collaboration BLOB NOT NULL,
      first INTEGER NOT NULL,
      last INTEGER NOT NULL,
      bytes BLOB NOT NULL,
      signature BLOB NOT NULL,
      PRIMARY KEY(collaboration, first)
    ) STRICT;
    CREATE TABLE certificates(
      collaboration BLOB NOT NULL,
      purpose TEXT NOT NULL,
      number INTEGER NOT NULL,
      bytes BLOB NOT NULL,
      PRIMARY KEY(collaboration, purpose)
    ) STRICT;
    CREATE TABLE ballots(
      collaboration BLOB PRIMARY KEY,
      bytes BLOB NOT NULL
    ) STRICT;
    CREATE TABLE events(
      id TEXT PRIMARY KEY,
      lane TEXT NOT NULL,
      kind TEXT NOT NULL,
      priority INTEGER NOT NULL,
      deadline_ms INTEGER,
      arrival_ms INTEGER NOT NULL,
      trace BLOB,
      state TEXT NOT NULL CHECK(state IN ('queued', 'handled', 'dead')),
      attempts INTEGER NOT NULL,
      payload BLOB NOT NULL,
      result BLOB
    ) STRICT;
    CREATE INDEX events_by_state ON events(state, arrival_ms);
    CREATE INDEX events_by_trace ON events(trace, arrival_ms) WHERE trace IS NOT NULL;
    CREATE TABLE outbox(
      id BLOB NOT NULL,
      destination BLOB NOT NULL,
      bytes BLOB NOT NULL,
      signature BLOB,
      deadline_ms INTEGER NOT NULL,
      PRIMARY KEY(id, destination)
    ) STRICT;
    CREATE TABLE documents(
      key TEXT PRIMARY KEY,
      value BLOB NOT NULL
    ) STRICT;
    CREATE TABLE snapshots(
      collaboration BLOB NOT NULL,
      part TEXT NOT NULL,
      bytes BLOB NOT NULL,
      PRIMARY KEY(collaboration, part)
    ) STRICT;
    CREATE TABLE facts(
      id BLOB PRIMARY KEY,
      bytes BLOB NOT NULL,
      signature BLOB NOT NULL,
      expires_ms INTEGER
    ) STRICT;
    """

  /// Makes the tables in an empty file, and refuses a file of another version.
  static func prepare(_ db: Database, path: String) throws {
    let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    if found == version { return }
    let tables = try Int.fetchOne(
      db, sql: "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'grdb_%' AND name NOT LIKE 'sqlite_%'")
    guard found == 0, tables == 0 else {
      throw StorageError.otherVersion(path: path, found: found, known: version)
    }
    try db.execute(sql: statements)
    try db.execute(sql: "PRAGMA user_version = \(version)")
  }
}
