import Consensus
import Contract
import Coordination
import Engine
import Ledger
import Model
import Overlay
import Simulations
import Testing

/// States by digest on ledgers, and kept for the next start (R5, R16).
@Suite struct SnapshotTests {
  /// Digests stand on the ledgers of the rounds that it opens every so many entries.
  static func asker(intervalEntries: Int) -> NodePlan {
    var plan = NodePlan.asker()
    plan.contract.snapshots.intervalEntries = intervalEntries
    return plan
  }

  /// Tasks that are over on a ledger with digests every 8 entries.
  private static func worked(_ seed: UInt64) throws -> (SimulatedNetwork, CollaborationID) {
    let (network, id) = try ParticipantTests.opened(
      seed, [asker(intervalEntries: 8), NodePlan(name: "b"), NodePlan(name: "c")])
    for _ in 0..<3 { try work(network, id) }
    return (network, id)
  }

  private static func work(_ network: SimulatedNetwork, _ id: CollaborationID) throws {
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 3), at: 0, to: id), at: 0))
    #expect(network.finish(task, at: 0) == "succeeded", "\(network.story(0))")
    network.settle()
  }

  private static func digests(_ network: SimulatedNetwork, _ id: CollaborationID) -> [Int] {
    let engine = network.nodes[0].engine
    return (1...(engine.books[id]?.lastEntry ?? 1)).filter {
      engine.consensus.entry($0, of: id)?.kind == StateDigested.kind
    }
  }

  private static func told(_ kind: String, _ network: SimulatedNetwork, _ index: Int) -> [String] {
    network.nodes[index].notices.filter { $0.kind == kind }.map(\.text)
  }

  @Test("The coordinator has a digest decided every so many entries, and nothing more while nothing happens")
  func interval() throws {
    let (network, id) = try Self.worked(201)
    let digests = Self.digests(network, id)
    #expect(digests.count >= 2, "\(digests)")
    for (before, after) in zip([0] + digests, digests) { #expect((9...16).contains(after - before), "\(digests)") }
    let last = network.nodes[0].engine.books[id]?.lastEntry
    network.run(for: .seconds(30))
    #expect(network.nodes[0].engine.books[id]?.lastEntry == last)
    network.expectEqualLedgers(id)
    try network.expectHealthy()
  }

  @Test("A start takes up the kept state, folds the entries after it, and goes on as the others do")
  func takenUp() throws {
    let (network, id) = try Self.worked(202)
    let newest = try #require(Self.digests(network, id).last)
    for index in network.nodes.indices {
      network.crash(index)
      try network.boot(index)
      network.settle()
      #expect(
        Self.told("ledger.takenUp", network, index).contains { $0.hasPrefix("the state before entry \(newest) ") },
        "\(network.story(index))")
      #expect(Self.told("ledger.foldedAnew", network, index) == [])
      network.expectEqualLedgers(id)
    }
    for _ in 0..<3 { try Self.work(network, id) }
    #expect((Self.digests(network, id).last ?? 0) > newest)
    network.expectEqualLedgers(id)
    try network.expectHealthy()
    // What was written since the start goes with what lay there before it.
    network.crash(1)
    try network.boot(1)
    network.settle()
    #expect(Self.told("ledger.takenUp", network, 1).count == 2 && Self.told("ledger.foldedAnew", network, 1) == [])
    network.expectEqualLedgers(id)
  }

  @Test("A kept state that is older than the newest digest is taken up as well, since a decided entry vouches for it")
  func older() throws {
    let (network, id) = try Self.worked(203)
    let older = network.nodes[1].disk.snapshots
    let newest = try #require(Self.digests(network, id).last)
    for _ in 0..<3 { try Self.work(network, id) }
    network.crash(1)
    #expect(network.nodes[1].disk.snapshots != older)
    network.nodes[1].disk.snapshots = older
    try network.boot(1)
    network.settle()
    #expect(
      Self.told("ledger.takenUp", network, 1).contains { $0.hasPrefix("the state before entry \(newest) ") },
      "\(network.story(1))")
    network.expectEqualLedgers(id)
    for _ in 0..<3 { try Self.work(network, id) }
    network.crash(1)
    try network.boot(1)
    #expect(Self.told("ledger.foldedAnew", network, 1) == [], "older parts were left among newer ones")
  }

  @Test("A kept state that no decided entry vouches for is told, all is folded anew, and it is kept anew")
  func damaged() throws {
    let (network, id) = try Self.worked(204)
    let whole = try #require(network.nodes[1].disk.snapshots[id])
    let parts = whole.keys.sorted()
    let task = try #require(parts.first { $0 != CollaborationState.headPart })
    let damages: [(String, (inout [String: [UInt8]]) -> Void)] = [
      ("the head is gone", { $0[CollaborationState.headPart] = nil }),
      ("a part is gone", { $0[task] = nil }),
      ("a bit of a part is another", { $0[task]?[20] ^= 1 }),
      ("a bit of the head is another", { $0[CollaborationState.headPart]?[20] ^= 1 }),
      ("nothing is there", { $0 = [:] }),
      ("it is no JSON", { $0 = $0.mapValues { _ in [1, 2, 3] } }),
      ("a task too many", { $0["task/\(TaskID(.zero))"] = $0[task] }),
    ]
    for (what, damage) in damages {
      network.crash(1)
      let before = Self.told("ledger.foldedAnew", network, 1).count
      var parts = whole
      damage(&parts)
      network.nodes[1].disk.snapshots[id] = parts
      try network.boot(1)
      network.settle()
      #expect(Self.told("ledger.foldedAnew", network, 1).count == before + 1, "\(what)\n\(network.story(1))")
      network.expectEqualLedgers(id)
    }
    #expect(Self.told("ledger.takenUp", network, 1) == [])
    for count in 1...2 {
      network.crash(1)
      try network.boot(1)
      network.settle()
      #expect(Self.told("ledger.takenUp", network, 1).count == count, "\(network.story(1))")
      for _ in 0..<3 { try Self.work(network, id) }
    }
    network.expectEqualLedgers(id)
    try network.expectHealthy()
  }

  @Test("A state whose digest is proposed and not decided is not taken up")
  func undecided() throws {
    let (network, id) = try Self.worked(205)
    var forged = try #require(network.nodes[1].engine.books[id])
    var kept = KeptParts()
    let parts = try forged.parts(beyond: &kept)
    network.crash(1)
    // An entry that a coordinator signed, and nobody acknowledged.
    var chain = try #require(network.nodes[0].engine.consensus.head(of: id))
    let entry = try chain.extend(
      kind: StateDigested.kind, body: .object(["digest": .string(try forged.digest().hexadecimal)]), term: chain.term,
      timeMilliseconds: network.now.wallMilliseconds, configuration: forged.configuration.hash)
    let proposal = try SignedProposal(
      network.nodes[0].identity.sign(
        Proposal(
          term: entry.term, configuration: forged.configuration.hash, first: entry.number, last: entry.number,
          head: entry.hash), collaboration: id))
    network.nodes[1].disk.apply([.ledger(.entry(entry)), .ledger(.proposal(proposal))])
    network.nodes[1].disk.snapshots[id] = Dictionary(
      parts.map { ($0.name, $0.bytes) }, uniquingKeysWith: { first, _ in first })
    try network.boot(1)
    #expect(Self.told("ledger.foldedAnew", network, 1).count == 1 && Self.told("ledger.takenUp", network, 1) == [])
  }

  @Test("Who proposes the digest of another state loses the office", arguments: [false, true])
  func wrongDigest(isRight: Bool) throws {
    let (network, id) = try ParticipantTests.opened(
      206, [Self.asker(intervalEntries: 1), NodePlan(name: "b"), NodePlan(name: "evil")])
    network.work = { _, _ in nil }
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 4), at: 0, to: id), at: 0))
    network.run(for: .seconds(10)) { $0.nodes[0].engine.books[id]?.tasks[task]?.assignedCount == 4 }
    network.settle()
    let book = try #require(network.nodes[0].engine.books[id])
    var chain = try #require(network.nodes[0].engine.consensus.head(of: id))
    #expect(chain.number == book.lastEntry && book.digestedEntry == book.lastEntry)
    // A plan that chooses nobody, so that a digest is due, and the digest after it.
    let plan = TaskPlanned(
      task: task, number: (book.tasks[task]?.planCount ?? 0) + 1, previous: book.tasks[task]?.planCount ?? 0,
      cause: "nothing", strategy: "weightedFairShare", seed: .zero, candidates: [], filtered: [], choices: [])
    let time = network.now.wallMilliseconds
    var after = book
    try after.apply(
      LedgerRecord(
        number: chain.number + 1, term: chain.term, timeMilliseconds: time, kind: TaskPlanned.kind,
        body: CanonicalJSON.json(of: plan)))
    let digest = StateDigested(digest: isRight ? try after.digest() : Digest(of: [1]))
    let bodies = [
      (TaskPlanned.kind, try CanonicalJSON.json(of: plan)), (StateDigested.kind, try CanonicalJSON.json(of: digest)),
    ]
    let entries = try bodies.map { kind, body in
      try chain.extend(
        kind: kind, body: body, term: chain.term, timeMilliseconds: time, configuration: book.configuration.hash)
    }
    let proposal = try network.nodes[0].identity.sign(
      Proposal(
        term: chain.term, configuration: book.configuration.hash, first: entries[0].number, last: entries[1].number,
        head: entries[1].hash), collaboration: id)
    for member in 1...2 {
      network.send(
        .consensus(
          .init(
            collaboration: id, kind: "entries", statements: [proposal], entries: entries.map(\.bytes), document: [])),
        from: 0, to: member)
    }
    network.run(for: .seconds(5))
    let refusals = Self.told("entry.refused", network, 1).filter { $0.contains("breaks the rule 'state'") }
    if isRight {
      #expect(refusals == [] && network.nodes[1].engine.consensus.entry(entries[1].number, of: id) == entries[1])
    } else {
      let now = try #require(network.nodes[1].engine.books[id])
      #expect(!refusals.isEmpty && now.term > 1 && now.terms.last?.cause == "misbehaved", "\(network.story(1))")
    }
  }
}
