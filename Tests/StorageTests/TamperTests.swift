import Engine
import Foundation
import GRDB
import Ledger
import LedgerFixtures
import Model
import Storage
import Testing

/// Each way of changing the file, found and named by both verifiers.
@Suite(
  .enabled(
    if: TwoOpinions.canRun, "python3 with the package cryptography is needed (apt-get install python3-cryptography)"))
struct TamperTests {
  let folder: TemporaryFolder
  let ledger: FixtureLedger
  let seed = UInt64.random(in: .min ... .max)

  init() throws {
    folder = try TemporaryFolder()
    ledger = try FixtureLedger(count: 30, batch: 8)
    try folder.store(ledger)
  }

  func opinions(heads: Bool = false) throws -> TwoOpinions { try TwoOpinions(folder, ledger, heads: heads) }

  @Test func aGoodFileHoldsAndItsHeadProvesItsTail() throws {
    let alone = try opinions()
    #expect(alone.ours.findings == [])
    #expect(alone.agree)
    #expect(alone.theirs.ledgers.first?.head == ledger.chain.head.hexadecimal)
    #expect(alone.ours.tail == .unproven)
    #expect(alone.theirs.ledgers.first?.tail == "unproven")
    let anchored = try opinions(heads: true)
    #expect(anchored.ours.tail == .proven(by: [ledger.coordinator.id]))
    #expect(anchored.theirs.ledgers.first?.tail == "proven")
  }

  @Test func anyChangedByteOfAnyRowIsFoundAndNamed() throws {
    var random = Random.seeded(seed)
    let number = Int.random(in: 1...30, using: &random)
    var bytes = ledger.entries[number - 1].bytes
    bytes[Int.random(in: bytes.indices, using: &random)] ^= UInt8.random(in: 1...127, using: &random)
    try folder.tamper("UPDATE entries SET bytes = ? WHERE number = ?", [Data(bytes), number])
    #expect(try opinions().both(name: number), "seed \(seed), entry \(number)")
  }

  @Test func aWellMadeForgeryOfOneEntryIsNamed() throws {
    var random = Random.seeded(seed)
    let number = Int.random(in: 2...30, using: &random)
    let old = ledger.entries[number - 1]
    let forged = try Entry(
      LedgerRecord(number: number, term: 1, timeMilliseconds: 5, kind: "note.added", body: .string("forged")),
      collaboration: old.collaboration, configuration: old.configuration, previous: old.previous)
    try folder.tamper(
      "UPDATE entries SET bytes = ?, hash = ?, time_ms = 5 WHERE number = ?",
      [Data(forged.bytes), Data(forged.hash.bytes), number])
    let found = try opinions()
    #expect(found.ours.findings.map(\.number) == [number], "seed \(seed)")
    #expect(found.agree, "seed \(seed)")
  }

  @Test func aDeletedRowIsNamed() throws {
    var random = Random.seeded(seed)
    let number = Int.random(in: 1...29, using: &random)
    try folder.tamper("DELETE FROM entries WHERE number = ?", [number])
    #expect(try opinions().both(name: number), "seed \(seed)")
  }

  @Test(arguments: [9_000_000_000_000_000, Int.max, 0, Int.min])
  func aRowThatWasMovedFarAwayIsNamedWithTheGapsThatItLeaves(number: Int) throws {
    try folder.tamper("UPDATE entries SET number = ? WHERE number = 5", [number])
    let found = try opinions()
    #expect(found.both(name: 5) && found.both(name: number), "\(number)")
    #expect(found.ours.findings.count < 10 && found.agree, "\(number)")
  }

  @Test func swappedRowsAreBothNamed() throws {
    var random = Random.seeded(seed)
    let left = Int.random(in: 1...29, using: &random)
    let right = Int.random(in: left + 1...30, using: &random)
    for (from, to) in [(left, 1_000), (right, left), (1_000, right)] {
      try folder.tamper("UPDATE entries SET number = ? WHERE number = ?", [to, from])
    }
    let found = try opinions()
    #expect(found.both(name: left) && found.both(name: right), "seed \(seed): \(left), \(right)")
  }

  @Test func anInsertedRowIsNamed() throws {
    var random = Random.seeded(seed)
    let number = Int.random(in: 2...30, using: &random)
    let old = ledger.entries[number - 1]
    let forged = try Entry(
      LedgerRecord(number: number, term: 1, timeMilliseconds: 5, kind: "note.added", body: .string("forged")),
      collaboration: old.collaboration, configuration: old.configuration, previous: old.previous)
    try folder.tamper("UPDATE entries SET number = -number - 1 WHERE number >= ?", [number])
    try folder.tamper("UPDATE entries SET number = -number WHERE number < 0")
    try folder.tamper(
      "INSERT INTO entries(collaboration, number, hash, kind, time_ms, bytes) VALUES (?, ?, ?, ?, ?, ?)",
      [
        Data(ledger.collaboration.digest.bytes), number, Data(forged.hash.bytes), "note.added", 5, Data(forged.bytes),
      ])
    #expect(try opinions().both(name: number), "seed \(seed), entry \(number)")
  }

  @Test func aMisleadingColumnIsNamed() throws {
    try folder.tamper("UPDATE entries SET kind = 'task.accepted' WHERE number = 12")
    let found = try opinions()
    #expect(found.ours.findings.map(\.what) == [.column])
    #expect(found.both(name: 12))
    #expect(found.agree)
  }

  @Test func aBrokenSignatureAndAMissingProposalAreNamed() throws {
    try folder.tamper("UPDATE proposals SET signature = zeroblob(64) WHERE first = 9")
    #expect(try opinions().both(name: 16))
    try folder.tamper("DELETE FROM proposals WHERE first = 9")
    #expect(try opinions().both(name: 9))
  }

  @Test func aCutTailIsSeenAgainstTheHeadBesideTheFileOnly() throws {
    try folder.tamper("DELETE FROM entries WHERE number > 24")
    try folder.tamper("DELETE FROM proposals WHERE last > 24")
    let blind = try opinions()
    #expect(blind.ours.holds && blind.agree)
    #expect(blind.ours.tail == .unproven)
    let anchored = try opinions(heads: true)
    #expect(anchored.ours.findings.map(\.what) == [.cut])
    #expect(anchored.both(name: 25))
    #expect(anchored.agree)
  }
}
