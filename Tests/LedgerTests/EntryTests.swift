import Ledger
import LedgerFixtures
import Model
import Sodium
import Testing

@Suite struct EntryTests {
  @Test func anEntryReadsBackFromItsBytes() throws {
    let ledger = try FixtureLedger(count: 5, batch: 2)
    for entry in ledger.entries {
      let again = try Entry(bytes: entry.bytes)
      #expect(again == entry)
      #expect(again.record == entry.record)
      #expect(again.previous == entry.previous)
    }
  }

  @Test func theHashIsThatOfAnRFC6962Leaf() throws {
    let entry = try FixtureLedger(count: 1, batch: 1).entries[0]
    #expect(entry.hash == Digest(of: [0x00] + entry.bytes))
  }

  @Test func bytesThatAreNotTheOneSpellingAreRefused() throws {
    let good = try FixtureLedger(count: 2, batch: 1).entries[1]
    let text = String(decoding: good.bytes, as: UTF8.self)
    let bad = [
      text + " ", text.replacing("\"version\":1", with: "\"version\":2"),
      text.replacing("\"term\":1", with: "\"term\":0"),
      text.replacing("\"number\":2", with: "\"number\":0"), text.replacing("\"number\":2", with: "\"number\":2.0"),
      text.replacing("\"kind\":\"note.added\"", with: "\"kind\":\"\""),
      text.replacing("\"kind\":\"note.added\"", with: "\"kind\":\"no te\""),
      text.replacing("\"body\":", with: "\"aaaa\":1,\"body\":"),
      text.replacing("\"term\":1", with: "\"term\":1,\"term\":1"),
      text.replacing("\"timeMilliseconds\":1", with: "\"timeMilliseconds\":-1"), "", "{}", "[]", "null",
      String(text.dropLast()),
    ]
    for (index, bytes) in bad.enumerated() {
      #expect(throws: LedgerError.self, "spelling \(index)") { try Entry(bytes: Array(bytes.utf8)) }
    }
  }

  @Test func anEntryOverItsLimitIsRefusedWhenMadeAndWhenRead() throws {
    var chain = try FixtureLedger(count: 1, batch: 1).chain
    let before = chain
    let body = JSON.string(String(repeating: "x", count: Entry.byteLimit))
    #expect(throws: LedgerError.self) {
      try chain.extend(kind: "note", body: body, term: 1, timeMilliseconds: 0, configuration: .zero)
    }
    #expect(chain == before)
    #expect(throws: LedgerError.self) { try Entry(bytes: [UInt8](repeating: 32, count: Entry.byteLimit + 1)) }
  }

  @Test func randomBytesAndRandomlyDamagedEntriesNeverTrap() throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = Random.seeded(seed)
    let good = try FixtureLedger(count: 2, batch: 1).entries[1].bytes
    for _ in 0..<2_000 {
      var bytes = good
      bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
      if let entry = try? Entry(bytes: bytes) {
        #expect((entry.hash == Digest(of: [0] + good)) == (bytes == good), "seed \(seed)")
      }
      _ = try? Entry(bytes: random.bytes(Int.random(in: 0...200, using: &random)))
    }
  }
}

@Suite struct ChainTests {
  @Test func aChainTakesOnlyWhatFollowsItsHead() throws {
    let ledger = try FixtureLedger(count: 4, batch: 4)
    let other = try FixtureLedger(count: 4, batch: 4, name: "another")
    var chain = Chain(ledger.collaboration)
    try chain.append(ledger.entries[0])
    #expect(throws: LedgerError.wrongNumber(expected: 2, found: 3)) { try chain.append(ledger.entries[2]) }
    #expect(throws: LedgerError.self) { try chain.append(other.entries[1]) }
    let forged = try Entry(
      ledger.entries[1].record, collaboration: ledger.collaboration, configuration: .zero, previous: .zero)
    #expect(throws: LedgerError.wrongPrevious(number: 2, expected: chain.head, found: .zero)) {
      try chain.append(forged)
    }
    try chain.append(ledger.entries[1])
    #expect(chain.number == 2)
    #expect(chain.head == ledger.entries[1].hash)
  }

  @Test func termsNeverGoBack() throws {
    var chain = Chain(try FixtureLedger().collaboration)
    _ = try chain.extend(kind: "a", body: .null, term: 2, timeMilliseconds: 0, configuration: .zero)
    #expect(throws: LedgerError.termWentBack(number: 2, from: 2, to: 1)) {
      try chain.extend(kind: "b", body: .null, term: 1, timeMilliseconds: 0, configuration: .zero)
    }
  }
}

@Suite struct ProposalTests {
  @Test func aProposalOfNoOrTooManyEntriesIsRefused() throws {
    let ledger = try FixtureLedger(count: 1, batch: 1)
    for (first, last) in [(2, 1), (0, 1), (1, 257), (-5, -5)] {
      let body = Proposal(term: 1, configuration: .zero, first: first, last: last, head: .zero)
      let signed = ledger.coordinator.sign(try ledger.statement(body, by: ledger.coordinator))
      #expect(throws: LedgerError.self, "\(first) to \(last)") { try SignedProposal(signed) }
    }
  }

  @Test func anAcknowledgementIsNoProposal() throws {
    let ledger = try FixtureLedger(count: 1, batch: 1)
    let signed = try ledger.acknowledgement(of: 1, by: ledger.nodes[1]).signed
    #expect(throws: LedgerError.self) { try SignedProposal(signed) }
  }
}
