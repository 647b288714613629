import Foundation
import Ledger
import LedgerFixtures
import Model
import Storage
import Testing

@Suite struct LedgerReaderTests {
  let folder: TemporaryFolder
  let ledger: FixtureLedger

  init() throws {
    folder = try TemporaryFolder()
    ledger = try FixtureLedger(count: 30, batch: 8)
  }

  @Test func aClosedCopyIsReadWithoutLeavingAnythingBesideIt() throws {
    try folder.store(ledger)
    let copy = folder.path + "/a copy #1?.sqlite"
    try FileManager.default.copyItem(atPath: folder.database, toPath: copy)
    let before = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    let reader = try LedgerReader(path: copy)
    let summaries = try reader.ledgers()
    #expect(summaries.map(\.collaboration) == [ledger.collaboration])
    #expect(summaries.map(\.entryCount) == [30])
    #expect(summaries.map(\.lastNumber) == [30])
    #expect(try reader.verify(ledger.collaboration).holds)
    #expect(try reader.entries(of: ledger.collaboration, from: 28, limit: 10).map(\.number) == [28, 29, 30])
    #expect(try reader.proposal(covering: 17, of: ledger.collaboration)?.numbers == 17...24)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == before)
  }

  @Test func theFileOfARunningNodeAndACopyWithItsLogAreReadToo() throws {
    let database = try folder.open(ledger)
    try database.commit([ledger.writes])
    #expect(try LedgerReader(path: folder.path).verify(ledger.collaboration).entries == 30)
    let copy = folder.path + "/copy"
    try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
    for suffix in ["", "-wal"] {
      try FileManager.default.copyItem(atPath: folder.database + suffix, toPath: copy + "/node.sqlite" + suffix)
    }
    #expect(try LedgerReader(path: copy).verify(ledger.collaboration).entries == 30)
  }

  @Test func whatANodeWritesWhileItsLogIsEmptyIsSeen() throws {
    let database = try folder.open(ledger)
    // As just after a start: the node has the file open and has written nothing yet.
    _ = try database.pragma("wal_checkpoint(TRUNCATE)")
    let log = try FileManager.default.attributesOfItem(atPath: folder.database + "-wal")
    try #require(log[.size] as? Int == 0)
    let reader = try LedgerReader(path: folder.path)
    #expect(try reader.ledgers().isEmpty)
    try database.commit([ledger.writes])
    #expect(try reader.ledgers().map(\.entryCount) == [30])
    #expect(try reader.verify(ledger.collaboration).holds)
  }

  @Test func whatIsNotThereOrNoDatabaseIsNamed() throws {
    #expect(throws: StorageError.notFound(path: "/nowhere")) { try LedgerReader(path: "/nowhere") }
    let file = folder.path + "/text"
    try Data("this is no database at all, but a text".utf8).write(to: URL(fileURLWithPath: file))
    #expect {
      try LedgerReader(path: file)
    } throws: { error in
      if case .corrupt? = error as? StorageError { true } else { false }
    }
  }

  @Test func headsAreKeptBesideTheDatabaseAndFollowIt() async throws {
    var ledger = ledger
    try folder.store(ledger)
    #expect(try LedgerReader(path: folder.path).headsBeside() == [ledger.proposals.last?.signed])
    try ledger.append()
    try ledger.propose()
    let database = try folder.open(ledger)
    let writer = Writer(database)
    try writer.enqueue(Array(ledger.writes.suffix(1)), ticket: WriteTicket(1))
    writer.finish()
    try await writer.run { _ in }
    #expect(try HeadsFile.read(folder.path + "/heads.json") == [ledger.proposals.last?.signed])
  }
}
