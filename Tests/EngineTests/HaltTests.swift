import Consensus
import Contract
import Coordination
import Engine
import Ledger
import Model
import Overlay
import Simulations
import Testing

/// What a member makes of a coordinator, or of a ledger, that it cannot follow (R15, R57).
@Suite struct HaltTests {
  /// Sends a member an entry that its own engine would not make, signed as the coordinator signs.
  static func propose(
    _ record: LedgerRecord, after previous: Digest, in book: CollaborationState, from: Int, to: Int,
    _ network: SimulatedNetwork
  ) throws {
    let entry = try Entry(record, collaboration: book.id, configuration: book.configuration.hash, previous: previous)
    let proposal = try network.nodes[from].identity.sign(
      Proposal(
        term: record.term, configuration: book.configuration.hash, first: record.number, last: record.number,
        head: entry.hash),
      collaboration: book.id)
    network.send(
      .consensus(
        .init(
          collaboration: book.id, kind: "entries", statements: [proposal], entries: [entry.bytes], document: [])),
      from: from, to: to)
    network.run(for: .seconds(1))
  }

  @Test("Who proposes what the contract refuses loses the office, and the work goes on")
  func refused() throws {
    let (network, book, task) = try HostileTests.running(111)
    #expect(!network.nodes[1].running.isEmpty)
    let head = try #require(network.nodes[0].engine.consensus.head(of: book.id))
    let record = LedgerRecord(
      number: head.number + 1, term: 1, timeMilliseconds: network.now.wallMilliseconds, kind: "strange",
      body: .object([:]))
    for member in 1..<network.nodes.count {
      try Self.propose(record, after: head.head, in: book, from: 0, to: member, network)
    }
    network.run(for: .seconds(5))
    let now = try #require(network.nodes[1].engine.books[book.id])
    #expect(now.term > 1 && now.terms.last?.cause == "misbehaved", "\(now.terms)")
    #expect(now.tasks[task]?.isOver == false && !network.nodes[1].running.isEmpty)
    #expect(network.nodes[1].notices.contains { $0.kind == "entry.refused" })
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
