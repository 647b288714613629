import Consensus
import Ledger
import LedgerFixtures
import Model
import Testing

/// Elections and decisions among a few members, in virtual time.
@Suite struct ElectionTests {
  @Test("What a client asks for is decided in term 1 without an election", arguments: [1, 2, 3, 4, 7])
  func decides(members: Int) throws {
    let council = try Council(members: members, seed: 1)
    council.connect { _, _ in true }
    for index in 0..<20 { council.submit("note \(index)", at: index % members) }
    #expect(council.run(for: .seconds(5)) { $0.decidedTexts.count == 20 }, "\(council.findings)")
    council.run(for: .seconds(5))
    #expect(council.findings.isEmpty, "\(council.findings)")
    #expect(council.highestTerm == 1)
    #expect(council.seats.allSatisfy { $0.decided == council.agreed.count })
  }

  @Test("A lost coordinator is replaced, and what was decided stays", arguments: [3, 4, 5, 7])
  func replaces(members: Int) throws {
    let council = try Council(members: members, seed: 2)
    council.connect { _, _ in true }
    for index in 0..<5 { council.submit("early \(index)", at: 1) }
    #expect(council.run(for: .seconds(5)) { $0.decidedTexts.count == 5 })
    council.crash(0)
    for index in 0..<5 { council.submit("late \(index)", at: 1) }
    #expect(council.run(for: .seconds(5)) { $0.decidedTexts.count == 10 }, "\(council.findings) \(council.drops)")
    council.restart(0)
    council.connect { _, _ in true }
    council.run(for: .seconds(5))
    #expect(council.findings.isEmpty, "\(council.findings)")
    #expect(council.highestTerm == 2)
    #expect(council.seats.allSatisfy { $0.decided == council.agreed.count })
  }

  @Test("Who called an election is told though its first votes come to nothing")
  func callOutlivesVotes() throws {
    let council = try Council(members: 4, seed: 3)
    council.connect { _, _ in true }
    council.submit("early", at: 1)
    #expect(council.run(for: .seconds(5)) { $0.decidedTexts.count == 1 })
    var isLosingVotes = true
    for seat in 0..<4 {
      council.tamper[seat] = { _, message in
        if case .vote = message, isLosingVotes { [] } else { [message] }
      }
    }
    council.step(2, .call(council.id, person: "ada", reason: "maintenance"))
    council.run(for: .milliseconds(1_500))
    isLosingVotes = false
    #expect(council.run(for: .seconds(8)) { $0.seats[2].decided == 2 }, "\(council.findings) \(council.drops)")
    let opening = try #require(try council.openings(at: 2).last)
    let caller = council.ledger.nodes[2].id
    #expect(opening.cause == TermCause(kind: .called, by: caller, detail: "maintenance", person: "ada"))
    #expect(opening.election.body.term > 2)
    // The next term has a reason of its own.
    council.crash(try #require(council.ledger.nodes.firstIndex { $0.id == opening.coordinator }))
    let survivor = council.seats.indices.first { council.seats[$0].isUp } ?? 0
    council.submit("late", at: survivor)
    #expect(council.run(for: .seconds(8)) { $0.decidedTexts.count == 2 }, "\(council.findings) \(council.drops)")
    #expect(try council.openings(at: survivor).last?.cause.kind == .lost)
    #expect(council.findings.isEmpty, "\(council.findings)")
  }

  @Test("Votes that split on slow machines come together as candidates are waited for longer", arguments: [7, 8])
  func slowMachines(seed: UInt64) throws {
    let council = try Council(members: 7, seed: seed)
    council.syncMicroseconds = 10_000...200_000
    council.delayMicroseconds = 1_000...250_000
    council.connect { _, _ in true }
    council.submit("early", at: 1)
    #expect(council.run(for: .seconds(20)) { $0.decidedTexts.count == 1 })
    for round in 0..<5 {
      let before = council.highestTerm
      council.step(round % 7, .call(council.id, person: "ada", reason: "round \(round)"))
      #expect(council.run(for: .seconds(40)) { $0.highestTerm > before })
      council.run(for: .seconds(3))
      #expect(council.highestTerm - before <= 3, "round \(round) took \(council.highestTerm - before) terms")
    }
    #expect(council.findings.isEmpty, "\(council.findings)")
  }

  @Test("Voters that prefer different candidates elect one all the same", arguments: [3, 4, 7])
  func preferences(members: Int) throws {
    let council = try Council(members: members, seed: 5)
    council.connect { _, _ in true }
    council.submit("early", at: 1)
    #expect(council.run(for: .seconds(5)) { $0.decidedTexts.count == 1 })
    for seat in 0..<members { council.step(seat, .rank(council.id, [council.ledger.nodes[seat].id])) }
    council.crash(0)
    council.submit("late", at: 1)
    #expect(council.run(for: .seconds(12)) { $0.decidedTexts.count == 2 }, "\(council.findings) \(council.drops)")
    #expect(council.highestTerm <= 5 && council.findings.isEmpty)
  }

  @Test("A coordinator that was set back to an older copy of its data notices, proposes nothing and is replaced")
  func setBack() throws {
    let council = try Council(members: 4, seed: 6)
    // The oracle takes disks for what they were: this one forgets.
    council.witness = nil
    council.connect { _, _ in true }
    for index in 0..<5 { council.submit("early \(index)", at: 1) }
    #expect(council.run(for: .seconds(5)) { $0.decidedTexts.count == 5 })
    let copy = council.seats[0].disk
    for index in 0..<5 { council.submit("late \(index)", at: 1) }
    #expect(council.run(for: .seconds(5)) { $0.decidedTexts.count == 10 })
    council.run(for: .seconds(1))
    council.crash(0)
    council.setBack(0, to: copy)
    council.restart(0)
    council.connect { _, _ in true }
    council.submit("after", at: 0)
    #expect(council.run(for: .seconds(10)) { $0.decidedTexts.count == 11 }, "\(council.findings) \(council.drops)")
    #expect(council.setBacks == 1 && council.conflicts == 0)
    #expect(council.highestTerm == 2)
    council.run(for: .seconds(5))
    #expect(council.seats.allSatisfy { $0.decided == council.agreed.count })
  }

  @Test("A coordinator that restarts with all its data goes on in its term", arguments: [2, 3, 4])
  func resumes(members: Int) throws {
    let council = try Council(members: members, seed: 7)
    council.connect { _, _ in true }
    for index in 0..<5 { council.submit("early \(index)", at: 1) }
    #expect(council.run(for: .seconds(5)) { $0.decidedTexts.count == 5 })
    council.crash(0)
    council.restart(0)
    council.connect { _, _ in true }
    council.submit("after", at: 1)
    #expect(council.run(for: .seconds(3)) { $0.decidedTexts.count == 6 }, "\(council.findings) \(council.drops)")
    #expect(council.highestTerm == 1 && council.setBacks == 0 && council.findings.isEmpty)
  }
}

extension Council {
  /// The openings of terms that a seat holds for decided.
  func openings(at index: Int) throws -> [TermOpened] {
    try (1...max(1, seats[index].decided)).compactMap { number in
      guard let entry = seats[index].core.entry(number, of: id), entry.kind == TermOpened.kind else { return nil }
      return try TermOpened(entry)
    }
  }
}
