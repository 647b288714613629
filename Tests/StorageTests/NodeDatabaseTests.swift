import Engine
import Foundation
import GRDB
import Ledger
import LedgerFixtures
import Model
import Sodium
import Storage
import Testing

/// A folder of its own for one test, removed when the test is over.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/jointcloud-storage-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var database: String { path + "/" + NodeDatabase.fileName }

  func open(_ ledger: FixtureLedger) throws -> NodeDatabase {
    try NodeDatabase(folder: path, node: ledger.coordinator.id, network: FixtureLedger.network)
  }

  /// Writes a whole ledger and closes the file.
  func store(_ ledger: FixtureLedger) throws {
    let database = try open(ledger)
    try database.commit([ledger.writes])
    try database.close()
  }

  /// Changes the file behind the node's back.
  func tamper(_ sql: String, _ arguments: StatementArguments = []) throws {
    let queue = try DatabaseQueue(path: database)
    try queue.writeWithoutTransaction { db in try db.execute(sql: sql, arguments: arguments) }
    try queue.close()
  }
}

extension FixtureLedger {
  var writes: [Write] {
    entries.map { .ledger(.entry($0)) } + proposals.map { .ledger(.proposal($0)) }
  }

  func event(_ number: Int, state: StoredEvent.State = .queued) -> StoredEvent {
    StoredEvent(
      id: "event-\(number)", lane: "production", kind: "task", priority: 1, deadlineMilliseconds: nil,
      arrivalMilliseconds: Int64(number), trace: TraceID(.zero), state: state, payload: [1, 2, 3])
  }
}

@Suite struct NodeDatabaseTests {
  let folder: TemporaryFolder
  let ledger: FixtureLedger

  init() throws {
    folder = try TemporaryFolder()
    ledger = try FixtureLedger(count: 20, batch: 6)
  }

  @Test func everyCommitIsSyncedAndTheFileIsForItsOwnerOnly() throws {
    let database = try folder.open(ledger)
    #expect(try database.pragma("synchronous") == "2")
    #expect(try database.pragma("journal_mode") == "wal")
    #expect(try database.pragma("foreign_keys") == "1")
    #expect(try database.pragma("busy_timeout") == "5000")
    for suffix in ["", "-wal", "-shm"] {
      let attributes = try FileManager.default.attributesOfItem(atPath: folder.database + suffix)
      #expect(attributes[.posixPermissions] as? Int == 0o600)
    }
  }

  @Test func whatWasCommittedIsRecoveredWithoutAClose() throws {
    let statement = try ledger.statement(
      Acknowledgement(term: 1, configuration: .zero, number: 1, head: .zero), by: ledger.nodes[1])
    let signed = ledger.nodes[1].sign(statement)
    let (prepared, decision) = (try ledger.prepared(18), try ledger.decision(of: 18))
    let ballot = Ballot(promised: 4)
    let message = StoredMessage(
      statement, signature: nil, destination: ledger.nodes[1].id, deadlineMilliseconds: 99)
    let fact = StoredFact(signed, expiresMilliseconds: 1_000)
    let database = try folder.open(ledger)
    try database.commit([
      ledger.writes + [.ledger(.decision(try ledger.decision(of: 6)))],
      [.ledger(.prepared(prepared)), .ledger(.decision(decision)), .ledger(.ballot(ledger.collaboration, ballot))],
      [.event(ledger.event(1)), .event(ledger.event(2))],
      [.eventState(id: "event-1", state: .handled, attempts: 1, result: [9]), .outbox(message)],
      [.document(key: "a", value: [1]), .document(key: "b", value: [2]), .document(key: "a", value: nil)],
      [.fact(fact), .fact(StoredFact(ledger.proposals[0].signed, expiresMilliseconds: nil))],
      [.removeFact(ledger.proposals[0].signed.id)],
    ])
    let other = try folder.open(ledger)
    let recovered = try other.recover()
    let chain = try #require(recovered.chains.first)
    #expect(chain.entries == ledger.entries)
    #expect(chain.entries.map(\.record) == ledger.entries.map(\.record))
    #expect(chain.proposals == ledger.proposals)
    #expect(chain.prepared == prepared && chain.decision == decision && chain.ballot == ballot)
    #expect(recovered.events == [ledger.event(2)])
    #expect(recovered.handledEventIDs == ["event-1"])
    #expect(recovered.outbox == [message])
    #expect(recovered.documents == ["b": [2]])
    #expect(recovered.facts == [fact])
  }

  @Test func whatWasNeverDecidedGivesWayWithItsProposals() throws {
    let database = try folder.open(ledger)
    try database.commit([ledger.writes, [.ledger(.dropped(ledger.collaboration, after: 14))]])
    let chain = try #require(try folder.open(ledger).recover().chains.first)
    #expect(chain.entries.map(\.number) == Array(1...14))
    #expect(chain.proposals.map(\.proposal.last) == [6, 12])
  }

  @Test func partsOfStatesReplaceThoseBeforeAndStayWithTheirLedger() throws {
    let other = CollaborationID(Digest(of: [1]))
    func snapshot(
      _ id: CollaborationID, isWhole: Bool = false, _ parts: [(String, [UInt8])]
    ) -> Write {
      .snapshot(StoredSnapshot(id, isWhole: isWhole, parts: parts.map { .init(name: $0.0, bytes: $0.1) }))
    }
    let database = try folder.open(ledger)
    let whole = [UInt8](0...255)
    try database.commit([
      [snapshot(ledger.collaboration, isWhole: true, [("state", [1]), ("task/a", whole), ("task/b", [])])],
      [snapshot(other, isWhole: true, [("state", [9])])],
      [snapshot(ledger.collaboration, [("state", [2]), ("task/c", [3])])],
    ])
    let parts: [String: [UInt8]] = ["state": [2], "task/a": whole, "task/b": [], "task/c": [3]]
    #expect(try folder.open(ledger).recover().snapshots == [ledger.collaboration: parts, other: ["state": [9]]])
    // What decides a digest and the state that it vouches for are one step.
    #expect(throws: StorageError.self) {
      try database.commit([
        [
          snapshot(ledger.collaboration, [("state", [4])]),
          .eventState(id: "none", state: .dead, attempts: 0, result: nil),
        ]
      ])
    }
    #expect(try database.recover().snapshots[ledger.collaboration] == parts)
    try database.commit([[snapshot(ledger.collaboration, isWhole: true, [("state", [5])])]])
    #expect(try database.recover().snapshots == [ledger.collaboration: ["state": [5]], other: ["state": [9]]])
    try database.close()
    try folder.tamper("DELETE FROM snapshots WHERE part = 'state'")
    #expect(try folder.open(ledger).recover().snapshots.isEmpty, "a missing row is no failure of the file")
  }

  @Test func aStepIsWrittenWholeOrNotAtAll() throws {
    let database = try folder.open(ledger)
    #expect(throws: StorageError.self) {
      try database.commit([
        [.document(key: "a", value: [1]), .eventState(id: "none", state: .dead, attempts: 0, result: nil)]
      ])
    }
    #expect(try database.recover() == Recovered())
  }

  @Test func aSecondEntryAtOnePlaceNeverOverwrites() throws {
    let database = try folder.open(ledger)
    try database.commit([ledger.writes])
    var other = try FixtureLedger()
    try other.open()
    try other.append(body: .string("another story"))
    #expect {
      try database.commit([[.ledger(.entry(other.entries[1]))]])
    } throws: { error in
      if case .contradiction? = error as? StorageError { true } else { false }
    }
    #expect(try database.recover().chains.first?.entries == ledger.entries)
  }

  @Test func theFolderOfAnotherNetworkOrNodeIsRefusedByName() throws {
    try folder.store(ledger)
    let other = NetworkID(Digest(of: [1]))
    #expect(
      throws: StorageError.otherNetwork(
        path: folder.database, expected: other, found: FixtureLedger.network.hexadecimal)
    ) {
      try NodeDatabase(folder: folder.path, node: ledger.coordinator.id, network: other)
    }
    #expect(
      throws: StorageError.otherNode(
        path: folder.database, expected: ledger.nodes[1].id, found: ledger.coordinator.id.hexadecimal)
    ) {
      try NodeDatabase(folder: folder.path, node: ledger.nodes[1].id, network: FixtureLedger.network)
    }
  }

  @Test func dataOfAnotherVersionIsRefused() throws {
    try folder.store(ledger)
    try folder.tamper("PRAGMA user_version = 7")
    let expected = StorageError.otherVersion(path: folder.database, found: 7, known: 3)
    #expect(throws: expected) { try folder.open(ledger) }
    #expect(throws: expected) { try LedgerReader(path: folder.path) }
  }

  @Test func aDamagedFileIsRefusedWithItsNameAndTheNextStep() throws {
    let database = try folder.open(ledger)
    try database.commit([ledger.writes])
    try database.close()
    let url = URL(fileURLWithPath: folder.database)
    var data = try Data(contentsOf: url)
    for index in 0..<data.count where index % 3 == 0 { data[index] = 0x5a }
    try data.write(to: url)
    #expect {
      try folder.open(ledger)
    } throws: { error in
      guard case .corrupt(let path, _)? = error as? StorageError else { return false }
      return path == folder.database && "\(error)".contains("backup")
    }
  }

  @Test func damageInsideTheTablesIsFoundAfterAnUncleanEnd() throws {
    let database = try folder.open(ledger)
    try database.commit([ledger.writes])
    try database.close()
    try folder.tamper("UPDATE meta SET value = 'no' WHERE key = 'closed'")
    let url = URL(fileURLWithPath: folder.database)
    var data = try Data(contentsOf: url)
    // The last pages are the tables' leaves; their headers count cells that are not there any more.
    for page in stride(from: data.count - 4_096 * 6, to: data.count, by: 4_096) {
      for offset in 0..<64 { data[page + offset] = 0xff }
    }
    try data.write(to: url)
    #expect {
      try folder.open(ledger)
    } throws: { error in
      if case .corrupt? = error as? StorageError { true } else { false }
    }
  }

  @Test func aTamperedEntryIsNotRecovered() throws {
    try folder.store(ledger)
    try folder.tamper("UPDATE entries SET kind = 'x', hash = zeroblob(32) WHERE number = 5")
    #expect {
      _ = try folder.open(ledger).recover()
    } throws: { error in
      guard case .corrupt(_, let detail)? = error as? StorageError else { return false }
      return detail.contains("entry 5")
    }
  }

  @Test func aLockedDatabaseSaysWhoMustStop() throws {
    try folder.store(ledger)
    let other = try DatabaseQueue(path: folder.database)
    try other.writeWithoutTransaction { db in
      try db.execute(sql: "BEGIN EXCLUSIVE")
      #expect(throws: StorageError.locked(path: folder.database)) { try folder.open(ledger) }
      try db.execute(sql: "ROLLBACK")
    }
    #expect("\(StorageError.locked(path: "x"))".contains("stop the other node"))
  }

  @Test func aFullDatabaseIsAnErrorThatNamesTheDisk() throws {
    let database = try folder.open(ledger)
    _ = try database.pragma("max_page_count = 30")
    #expect {
      try database.commit([[.document(key: "large", value: [UInt8](repeating: 1, count: 1 << 20))]])
    } throws: { error in
      guard case .diskFull? = error as? StorageError else { return false }
      return "\(error)".contains("free some space")
    }
    #expect(try database.recover().documents.isEmpty)
  }

  @Test func oldEventsThatAreOverAreForgottenQueuedOnesAreNot() throws {
    let database = try folder.open(ledger)
    try database.commit([
      [
        .event(ledger.event(1, state: .handled)), .event(ledger.event(2)), .event(ledger.event(3, state: .dead)),
        .event(ledger.event(9, state: .handled)), .event(ledger.event(8, state: .dead)),
        .forgetEvents(arrivedBeforeMilliseconds: 5),
      ]
    ])
    let recovered = try database.recover()
    #expect(recovered.handledEventIDs == ["event-9"])
    #expect(recovered.events.map(\.id) == ["event-2", "event-8"])
  }

  @Test func eventsThatAreOverAreReadNewestFirstInPagesAndByTrace() async throws {
    let database = try folder.open(ledger)
    let other = TraceID(Digest(of: Array("other".utf8)))
    var events = (1...40).map { ledger.event($0, state: $0.isMultiple(of: 10) ? .dead : .handled) }
    for index in stride(from: 0, to: 40, by: 8) { events[index].trace = other }
    events[38].state = .queued
    events[37].result = Array("done".utf8)
    try database.commit([events.map { .event($0) }])
    let newest = try await database.finishedEvents(limit: 4) { $0.id }
    #expect(newest == ["event-40", "event-38", "event-37", "event-36"])
    #expect(try await database.finishedEvents(limit: 100) { $0.id }.count == 39)
    let traced = try await database.finishedEvents(of: other, limit: 3) { $0.id }
    #expect(traced == ["event-33", "event-25", "event-17"])
    #expect(try await database.finishedEvent("event-38") == events[37])
    #expect(try await database.finishedEvent("event-39") == nil, "it waits")
    #expect(try await database.finishedEvent("event-41") == nil)
  }
}
