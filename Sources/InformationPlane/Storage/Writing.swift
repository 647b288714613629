internal import Engine
internal import Foundation
internal import GRDB
internal import Ledger
internal import Model
internal import Sodium

extension Digest {
  var blob: Data { Data(bytes) }
}

extension Write {
  /// Applies one change inside the caller's transaction.
  func apply(to db: Database, path: String) throws {
    switch self {
    case .ledger(.entry(let entry)):
      try db.run(
        "INSERT INTO entries(collaboration, number, hash, kind, time_ms, bytes) VALUES (?, ?, ?, ?, ?, ?)",
        [
          entry.collaboration.digest.blob, entry.number, entry.hash.blob, entry.kind, entry.record.timeMilliseconds,
          Data(entry.bytes),
        ])
    case .ledger(.proposal(let proposal)):
      try db.run(
        "INSERT INTO proposals(collaboration, first, last, bytes, signature) VALUES (?, ?, ?, ?, ?)",
        [
          proposal.collaboration.digest.blob, proposal.proposal.first, proposal.proposal.last,
          Data(proposal.signed.statement.bytes), Data(proposal.signed.signature.bytes),
        ])
    case .ledger(.dropped(let id, let after)):
      try db.run("DELETE FROM proposals WHERE collaboration = ? AND last > ?", [id.digest.blob, after])
      try db.run("DELETE FROM entries WHERE collaboration = ? AND number > ?", [id.digest.blob, after])
    case .ledger(.ballot(let id, let ballot)):
      try db.run(
        "INSERT OR REPLACE INTO ballots(collaboration, bytes) VALUES (?, ?)",
        [id.digest.blob, Data(try CanonicalJSON.encode(ballot))])
    case .ledger(.prepared(let certificate)): try db.keep(certificate, number: certificate.body.number)
    case .ledger(.decision(let certificate)): try db.keep(certificate, number: certificate.body.number)
    case .event(let event): try event.insert(into: db)
    case .eventState(let id, let state, let attempts, let result):
      try db.run(
        "UPDATE events SET state = ?, attempts = ?, result = ? WHERE id = ?",
        [state.rawValue, attempts, result.map { Data($0) }, id])
      guard db.changesCount == 1 else {
        throw StorageError.contradiction(path: path, detail: "there is no event \(id) to mark \(state.rawValue)")
      }
    case .removeEvent(let id): try db.run("DELETE FROM events WHERE id = ?", [id])
    case .forgetEvents(let before):
      try db.run("DELETE FROM events WHERE state IN ('handled', 'dead') AND arrival_ms < ?", [before])
    case .outbox(let message):
      try db.run(
        "INSERT OR REPLACE INTO outbox(id, destination, bytes, signature, deadline_ms) VALUES (?, ?, ?, ?, ?)",
        [
          message.id.digest.blob, message.destination.digest.blob, Data(message.statement.bytes),
          message.signature.map { Data($0.bytes) }, message.deadlineMilliseconds,
        ])
    case .removeOutbox(let id, let node):
      try db.run("DELETE FROM outbox WHERE id = ? AND destination = ?", [id.digest.blob, node.digest.blob])
    case .document(let key, let value?):
      try db.run("INSERT OR REPLACE INTO documents(key, value) VALUES (?, ?)", [key, Data(value)])
    case .document(let key, nil): try db.run("DELETE FROM documents WHERE key = ?", [key])
    case .snapshot(let snapshot):
      let id = snapshot.collaboration.digest.blob
      if snapshot.isWhole { try db.run("DELETE FROM snapshots WHERE collaboration = ?", [id]) }
      for part in snapshot.parts {
        try db.run(
          "INSERT OR REPLACE INTO snapshots(collaboration, part, bytes) VALUES (?, ?, ?)",
          [id, part.name, Data(part.bytes)])
      }
    case .fact(let fact):
      try db.run(
        "INSERT OR REPLACE INTO facts(id, bytes, signature, expires_ms) VALUES (?, ?, ?, ?)",
        [
          fact.id.digest.blob, Data(fact.signed.statement.bytes), Data(fact.signed.signature.bytes),
          fact.expiresMilliseconds,
        ])
    case .removeFact(let id): try db.run("DELETE FROM facts WHERE id = ?", [id.digest.blob])
    }
  }
}

extension StoredEvent {
  fileprivate func insert(into db: Database) throws {
    try db.run(
      """
      INSERT OR REPLACE INTO events
        (id, lane, kind, priority, deadline_ms, arrival_ms, trace, state, attempts, payload, result)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        id, lane, kind, priority, deadlineMilliseconds, arrivalMilliseconds, trace?.digest.blob, state.rawValue,
        attempts, Data(payload), result.map { Data($0) },
      ])
  }
}

extension Database {
  /// Of each purpose the newest only: it speaks for all entries before its own.
  fileprivate func keep<Body>(_ certificate: Certificate<Body>, number: Int) throws {
    try run(
      "INSERT OR REPLACE INTO certificates(collaboration, purpose, number, bytes) VALUES (?, ?, ?, ?)",
      [
        certificate.collaboration.digest.blob, Body.purpose.name, number,
        Data(try CanonicalJSON.encode(certificate)),
      ])
  }

  fileprivate func run(_ sql: String, _ arguments: StatementArguments) throws {
    try cachedStatement(sql: sql).execute(arguments: arguments)
  }
}
