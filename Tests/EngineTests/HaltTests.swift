import Consensus
import Contract
import Coordination
import Engine
import Ledger
import Model
import Overlay
import Simulations
import Testing

/// A participant that cannot follow its ledger any further says so and lets go of what it holds (R15, R57).
@Suite struct HaltTests {
  /// Sends a member an entry that its own engine would not make, signed as the coordinator signs.
  static func propose(
    _ record: LedgerRecord, after previous: Digest, in book: CollaborationState, from: Int, to: Int,
    _ network: SimulatedNetwork
  ) throws {
    let entry = try Entry(record, collaboration: book.id, configuration: book.configuration, previous: previous)
    let proposal = try network.nodes[from].identity.sign(
      Proposal(
        term: 1, configuration: book.configuration, first: record.number, last: record.number, head: entry.hash),
      collaboration: book.id)
    network.send(
      .ledgerEntries(.init(collaboration: book.id, entries: [entry.bytes], proposals: [proposal])), from: from, to: to)
    network.run(for: .seconds(1))
  }

  static func expectHalted(_ network: SimulatedNetwork, _ book: CollaborationState, _ task: TaskID, _ why: String)
    throws
  {
    let engine = network.nodes[1].engine
    let view = try #require(engine.collaborationView(book.id))
    #expect(view.state == "halted" && view.reason.contains(why), "\(view.reason)")
    #expect(engine.taskView(task, at: network.now)?.reason.contains(why) == true)
    #expect(engine.unfinished(at: network.now).contains { !$0.ok && $0.detail.contains(why) })
    #expect(network.nodes[1].running.isEmpty && engine.summary().committed.isZero)
    #expect(engine.executor.attempts.isEmpty)
  }

  @Test("An entry that the contract refuses")
  func refused() throws {
    let (network, book, task) = try HostileTests.running(111)
    #expect(!network.nodes[1].running.isEmpty)
    let head = try #require(network.nodes[0].engine.replication.head(of: book.id))
    let record = LedgerRecord(
      number: head.number + 1, term: 1, timeMilliseconds: network.now.wallMilliseconds, kind: "strange",
      body: .object([:]))
    try Self.propose(record, after: head.head, in: book, from: 0, to: 1, network)
    try Self.expectHalted(network, book, task, "the contract refused entry \(head.number + 1)")
  }

  @Test("Two entries for one place")
  func forked() throws {
    let (network, book, task) = try HostileTests.running(112)
    let engine = network.nodes[0].engine
    let head = try #require(engine.replication.head(of: book.id))
    let last = try #require(engine.replication.entry(head.number, of: book.id))
    var record = last.record
    record = LedgerRecord(
      number: record.number, term: 1, timeMilliseconds: record.timeMilliseconds + 1, kind: record.kind,
      body: record.body)
    try Self.propose(record, after: last.previous, in: book, from: 0, to: 1, network)
    // It is as long as what is held already: only one that goes on is looked at.
    let other = try Entry(
      record, collaboration: book.id, configuration: book.configuration, previous: last.previous)
    let next = LedgerRecord(
      number: record.number + 1, term: 1, timeMilliseconds: record.timeMilliseconds, kind: "strange",
      body: .object([:]))
    try Self.propose(next, after: other.hash, in: book, from: 0, to: 1, network)
    try Self.expectHalted(network, book, task, "its coordinator")
  }

  @Test("A coordinator that was set back to an older copy")
  func rolledBack() throws {
    let network = try SimulatedNetwork(seed: 113, [.asker(), NodePlan(name: "b"), NodePlan(name: "c")])
    network.work = { _, _ in nil }
    network.meet()
    let first = try #require(network.task(network.submit(TaskPlan(), at: 0), at: 0))
    network.run(for: .seconds(5)) { $0.book(of: first, at: 0)?.tasks[first]?.assignedCount == 1 }
    network.settle()
    let before = network.nodes[0].disk
    let id = try #require(network.book(of: first, at: 0)?.id)
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 4), at: 0, to: id), at: 0))
    network.run(for: .seconds(5)) { $0.book(of: task, at: 0)?.tasks[task]?.assignedCount == 4 }
    network.settle()
    let book = try #require(network.nodes[1].engine.books[id])
    #expect(!network.nodes[1].running.isEmpty)
    network.crash(0)
    network.nodes[0].disk = before
    try network.boot(0)
    network.run(for: .seconds(10))
    try Self.expectHalted(network, book, task, "less than it signed")
    #expect(network.nodes[1].notices.count { $0.kind == "ledger.diverged" } == 1)
  }

  @Test("A ledger that cannot be taken up again is left as it is, at every start")
  func unreadable() throws {
    let (network, book, _) = try HostileTests.running(114)
    let id = book.id
    let (entry, proposal) = try network.illegalEntry(of: id)
    network.crash(1)
    network.nodes[1].disk.apply([.ledger(.entry(entry)), .ledger(.proposal(proposal))])
    for _ in 0..<2 {
      try network.boot(1)
      network.run(for: .seconds(10))
      #expect(network.nodes[1].disk.faults == [])
      #expect(network.nodes[1].engine.books[id] == nil && network.nodes[1].isUp)
      let told = network.nodes[1].engine.unfinished(at: network.now)
      #expect(told.contains { !$0.ok && $0.detail.contains("could not be taken up again") }, "\(told)")
      #expect(network.nodes[1].engine.executor.attempts.isEmpty)
      network.crash(1)
    }
  }
}
