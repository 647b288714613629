import Ledger
import LedgerFixtures
import Model
import Sodium
import Testing

// The tests' library has one too.
typealias Confirmation = Ledger.Confirmation
typealias Places = [(number: Int, bytes: [UInt8])]

@Suite struct VerifierTests {
  let ledger: FixtureLedger

  init() throws {
    ledger = try FixtureLedger(count: 40, batch: 7)
  }

  var places: Places { ledger.entries.map { ($0.number, $0.bytes) } }

  func verify(_ places: Places? = nil, anchors: [Anchor] = [], rules: any Rules = NoRules()) -> VerificationReport {
    var verifier = Verifier(ledger.collaboration, rules: rules, anchors: anchors)
    return ledger.verify(&verifier, entries: places)
  }

  /// The same entry with another text in its body.
  func altered(_ entry: Entry) throws -> [UInt8] {
    try Entry(
      LedgerRecord(
        number: entry.number, term: entry.term, timeMilliseconds: entry.record.timeMilliseconds, kind: entry.kind,
        body: .object(["text": .string("altered")])),
      collaboration: entry.collaboration, configuration: entry.configuration, previous: entry.previous
    ).bytes
  }

  @Test func aGoodLedgerHoldsAndItsTailIsUnprovenWithoutAHead() throws {
    let report = verify()
    #expect(report.findings == [])
    #expect(report.entries == 40)
    #expect(report.proposals == 6)
    #expect(report.head == ledger.chain.head)
    #expect(report.coordinator == ledger.coordinator.id)
    #expect(report.tail == .unproven)
  }

  @Test func anyChangedEntryIsNamedAndNoOther() throws {
    for number in 2...40 {
      var places = places
      places[number - 1].bytes = try altered(ledger.entries[number - 1])
      let report = verify(places)
      #expect(report.findings.map(\.number) == [number])
      #expect(report.findings.first?.what == .changed)
    }
  }

  @Test func anyMissingEntryIsNamed() throws {
    for number in 1...39 {
      var places = places
      places.remove(at: number - 1)
      let report = verify(places)
      #expect(report.findings.contains { $0.number == number && $0.what == .missing }, "entry \(number)")
    }
  }

  @Test func aMissingEntryIsOneFindingWhereverItsBatchesEnd() throws {
    for size in [1, 7] {
      let ledger = try FixtureLedger(count: 40, batch: size)
      for gone in [2...2, 5...5, 7...7, 13...30] {
        var verifier = Verifier(ledger.collaboration)
        let left = ledger.entries.filter { !gone.contains($0.number) }.map { ($0.number, $0.bytes) }
        let report = ledger.verify(&verifier, entries: left)
        #expect(report.findings.map(\.number) == [gone.lowerBound], "batches of \(size): \(report.findings)")
        #expect(report.findings.first?.what == .missing)
      }
    }
  }

  @Test func anEmptiedLedgerIsOneFinding() throws {
    let report = verify([])
    #expect(report.findings.map(\.what) == [.missing])
    #expect(report.findings.first?.expected == "entries 1 to 40")
    var verifier = Verifier(ledger.collaboration, anchors: [Anchor(ledger.proposals[5], isOutside: true)])
    #expect(verifier.finish(expectedCount: 0).findings.map(\.what) == [.cut])
  }

  @Test func whatCausesTheOtherFindingsAtAnEntryLeads() {
    let report = VerificationReport(
      collaboration: ledger.collaboration, coordinator: nil, entries: 9, proposals: 9, decided: 0, head: .zero,
      tail: .unproven,
      findings: [
        Finding(number: 4, what: .column, expected: "", found: ""),
        Finding(number: 4, what: .changed, expected: "", found: ""),
        Finding(number: 7, what: .rules, expected: "", found: ""),
      ])
    #expect(report.leads.map(\.finding.what) == [.changed, .rules])
    #expect(report.leads.map(\.followers) == [1, 0])
  }

  @Test func aGapIsOneFindingHoweverWideItIs() throws {
    var places = places
    places.append((9_000_000_000_000_000, places.remove(at: 4).bytes))
    let report = verify(places)
    #expect(report.findings.filter { $0.what == .missing }.map(\.number) == [5, 41])
    #expect(report.findings.contains { $0.number == 9_000_000_000_000_000 && $0.what == .misplaced })
    #expect(report.findings.count < 10)
    places = self.places
    places.removeSubrange(9..<13)
    let wide = verify(places)
    #expect(wide.findings.map(\.number) == [10])
    #expect(wide.findings.first?.what == .missing && wide.findings.first?.expected == "entries 10 to 13")
  }

  @Test func noEntryLiesAtAPlaceOutsideOfAllNumbers() throws {
    for number in [Int.min, -1, 0, 9_007_199_254_740_992, Int.max] {
      var places = places
      places.insert((number, places[4].bytes), at: number < 1 ? 0 : 40)
      let report = verify(places)
      #expect(report.findings.map(\.number) == [number], "\(number)")
      #expect(report.findings.first?.what == .misplaced)
    }
  }

  @Test func twoSwappedEntriesAreBothNamed() throws {
    for number in 2...39 {
      var places = places
      let bytes = places[number - 1].bytes
      places[number - 1].bytes = places[number].bytes
      places[number].bytes = bytes
      let named = Set(verify(places).findings.filter { $0.what == .misplaced }.map(\.number))
      #expect(named == [number, number + 1])
    }
  }

  @Test func anInsertedEntryIsFoundAndEverythingItMoved() throws {
    var places = places
    let forged = try Entry(
      LedgerRecord(number: 10, term: 1, timeMilliseconds: 0, kind: "note.added", body: .null),
      collaboration: ledger.collaboration, configuration: ledger.configuration.hash,
      previous: ledger.entries[8].hash)
    places.insert((10, forged.bytes), at: 9)
    for index in 10..<places.count { places[index].number += 1 }
    let report = verify(places)
    #expect(report.findings.first?.number == 10)
    #expect(report.findings.contains { $0.number == 11 && $0.what == .misplaced })
  }

  @Test func aRewrittenRestOfTheChainFailsItsSignatures() throws {
    var other = try FixtureLedger()
    try other.open()
    for number in 2...40 {
      try other.append(body: number == 20 ? .string("rewritten") : ledger.entries[number - 1].record.body)
    }
    let report = verify(other.entries.map { ($0.number, $0.bytes) })
    // Entries 15 to 21 are one batch: its signed head accuses the last, and each later batch its own.
    #expect(report.findings.contains { $0.number == 21 && $0.what == .changed })
    #expect(!report.findings.contains { $0.number < 20 })
  }

  @Test func aSignatureByAnotherKeyIsNamed() throws {
    let intruder = try FixtureNode(50)
    var verifier = Verifier(ledger.collaboration)
    for entry in ledger.entries.prefix(7) { verifier.take(entry.bytes, at: entry.number) }
    let statement = ledger.proposals[0].signed.statement
    verifier.take(SignedStatement(statement, signature: intruder.signing.sign(statement.signedBytes)))
    let report = verifier.finish(expectedCount: 7)
    #expect(report.findings.map(\.what) == [.unproposed, .signature])
  }

  @Test func aProposalByAnotherMemberCoversNothing() throws {
    var verifier = Verifier(ledger.collaboration)
    for entry in ledger.entries.prefix(7) { verifier.take(entry.bytes, at: entry.number) }
    let member = ledger.nodes[1]
    verifier.take(member.sign(try ledger.statement(ledger.proposals[0].proposal, by: member)))
    let report = verifier.finish(expectedCount: 7)
    #expect(Set(report.findings.map(\.what)) == [.unproposed, .proposal])
  }

  @Test func entriesWithoutAProposalAreNamed() throws {
    var ledger = ledger
    try ledger.append()
    try ledger.append()
    var verifier = Verifier(ledger.collaboration)
    let report = ledger.verify(&verifier)
    #expect(report.findings.map(\.number) == [41])
    #expect(report.findings.first?.what == .unproposed)
  }

  @Test func aMissingProposalIsFoundAtItsFirstEntry() throws {
    for index in ledger.proposals.indices {
      var verifier = Verifier(ledger.collaboration)
      for entry in ledger.entries {
        verifier.take(entry.bytes, at: entry.number)
        for (position, proposal) in ledger.proposals.enumerated()
        where position != index && proposal.proposal.last == entry.number { verifier.take(proposal.signed) }
      }
      let report = verifier.finish(expectedCount: 40)
      let first = ledger.proposals[index].proposal.first
      #expect(report.findings.contains { $0.number == first && $0.what == .unproposed })
    }
  }

  @Test func aCutTailIsFoundAgainstAHeadThatAnyMemberSigned() throws {
    let short = try FixtureLedger(count: 35, batch: 7)
    let heads = [
      Anchor(ledger.proposals[5], isOutside: true),
      Anchor(try ledger.acknowledgement(of: 40, by: ledger.nodes[2]), isOutside: true),
      Anchor(try ledger.acknowledgement(of: 40, by: ledger.nodes[1]), isOutside: false),
    ]
    for head in heads {
      var verifier = Verifier(short.collaboration, anchors: [head])
      let report = short.verify(&verifier)
      #expect(report.findings.map(\.what) == [.cut])
      #expect(report.findings.first?.number == 36)
    }
  }

  @Test func aSignedHeadProvesTheTailUpToItsPlace() throws {
    let newest = Anchor(ledger.proposals[5], isOutside: true)
    let peer = Anchor(try ledger.acknowledgement(of: 40, by: ledger.nodes[1]), isOutside: true)
    let older = Anchor(ledger.proposals[4], isOutside: true)
    let both = [ledger.coordinator.id, ledger.nodes[1].id].sorted()
    #expect(verify(anchors: [newest, peer, older]).tail == .proven(by: both))
    #expect(verify(anchors: [older]).tail == .provenThrough(number: 35, by: [ledger.coordinator.id]))
    #expect(verify(anchors: [Anchor(ledger.proposals[5], isOutside: false)]).tail == .unproven)
  }

  @Test func aHeadThatIsGivenTwiceFindsACutOnce() throws {
    let short = try FixtureLedger(count: 35, batch: 7)
    let heads = [false, true, true].map { Anchor(ledger.proposals[5], isOutside: $0) }
    var verifier = Verifier(short.collaboration, anchors: heads)
    #expect(short.verify(&verifier).findings.map(\.what) == [.cut])
    #expect(verify(anchors: heads).tail == .proven(by: [ledger.coordinator.id]))
  }

  @Test func aHeadThatContradictsTheLedgerIsFound() throws {
    let body = Proposal(term: 1, configuration: ledger.configuration.hash, first: 36, last: 40, head: .zero)
    let other = try SignedProposal(ledger.coordinator.sign(ledger.statement(body, by: ledger.coordinator)))
    #expect(verify(anchors: [Anchor(other, isOutside: true)]).findings.map(\.what) == [.contradicted])
  }

  @Test func aForgedHeadProvesNothing() throws {
    let intruder = try FixtureNode(50)
    let statement = ledger.proposals[5].signed.statement
    let forged = SignedStatement(statement, signature: intruder.signing.sign(statement.signedBytes))
    let report = verify(anchors: [try Anchor(forged, isOutside: true)])
    #expect(report.findings.map(\.what) == [.signature])
    #expect(report.tail == .unproven)
  }

  @Test func whatTheContractRefusesIsNamed() throws {
    struct NoTwelve: Rules {
      struct Refusal: Error {}
      func apply(_ record: LedgerRecord) throws {
        if record.number == 12 { throw Refusal() }
      }
    }
    let report = verify(rules: NoTwelve())
    #expect(report.findings.map(\.number) == [12])
    #expect(report.findings.first?.what == .rules)
  }

  @Test func aCountThatDoesNotAgreeIsNoEnd() throws {
    var verifier = Verifier(ledger.collaboration)
    for entry in ledger.entries { verifier.take(entry.bytes, at: entry.number) }
    #expect(verifier.finish(expectedCount: 41).findings.contains { $0.what == .missing && $0.number == 41 })
  }

  @Test func anAlteredFirstEntryIsNamed() throws {
    var places = places
    places[0].bytes = try altered(ledger.entries[0])
    let report = verify(places)
    #expect(report.findings.first?.number == 1)
    #expect(report.findings.contains { $0.number == 1 && $0.what == .foundation })
  }

  @Test func aCertificateByAnotherRootIsRefused() throws {
    var text = String(decoding: try CanonicalJSON.encode(ledger.openingBody()), as: UTF8.self)
    let key = Hexadecimal.encode(ledger.coordinator.signing.verificationKey.bytes)
    text.replace(key, with: Hexadecimal.encode(try FixtureNode(9).signing.verificationKey.bytes))
    let body = try CanonicalJSON.parse(Array(text.utf8), limit: 65_536)
    let entry = try Entry(
      LedgerRecord(number: 1, term: 1, timeMilliseconds: 0, kind: "round.opened", body: body),
      collaboration: ledger.collaboration, configuration: ledger.configuration.hash,
      previous: ledger.collaboration.digest)
    var verifier = Verifier(ledger.collaboration)
    verifier.take(entry.bytes, at: 1)
    #expect(verifier.finish(expectedCount: 1).findings.contains { $0.what == .foundation })
  }

  @Test func anyDamagedByteOfAnyEntryIsFoundAndNamed() throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = Random.seeded(seed)
    for _ in 0..<300 {
      var places = places
      let index = Int.random(in: places.indices, using: &random)
      let offset = Int.random(in: places[index].bytes.indices, using: &random)
      places[index].bytes[offset] ^= UInt8.random(in: 1...255, using: &random)
      let report = verify(places)
      #expect(report.findings.contains { $0.number == index + 1 }, "seed \(seed), entry \(index + 1), byte \(offset)")
    }
  }
}
