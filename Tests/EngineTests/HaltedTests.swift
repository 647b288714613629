import Contract
import Coordination
import Engine
import Ledger
import Model
import Overlay
import Resources
import Testing

/// A ledger that goes no further at a node is told of as such, and holds nothing there (R15, R57).
@Suite struct HaltedTests {
  enum Cause: CaseIterable {
    case refused, rolledBack
  }

  /// A task that runs for ever, with work at node 1.
  static func running(_ seed: UInt64) throws -> (SimulatedNetwork, CollaborationID, TaskID, before: SimulatedDisk) {
    let (network, id) = try ParticipantTests.opened(seed, [.asker(), NodePlan(name: "b"), NodePlan(name: "c")])
    let before = network.nodes[0].disk
    network.work = { _, _ in nil }
    let task = try #require(network.task(network.submit(TaskPlan(subtasks: 4), at: 0, to: id), at: 0))
    network.run(for: .seconds(10)) { network in
      network.nodes[0].engine.books[id]?.tasks[task]?.assignedCount == 4 && !network.nodes[1].running.isEmpty
    }
    network.settle()
    #expect(!network.nodes[1].engine.assessor.reservations.committed.isZero)
    return (network, id, task, before)
  }

  @Test("It is shown with its reason, and what it held is free", arguments: Cause.allCases)
  func halted(cause: Cause) throws {
    let (network, id, task, before) = try Self.running(121)
    switch cause {
    case .refused:
      let (entry, proposal) = try network.illegalEntry(of: id)
      network.send(
        .ledgerEntries(.init(collaboration: id, entries: [entry.bytes], proposals: [proposal.signed])), from: 0, to: 1)
    case .rolledBack:
      network.crash(0)
      network.nodes[0].disk = before
      try network.boot(0)
    }
    network.run(for: .seconds(20))
    let engine = network.nodes[1].engine
    let view = try #require(engine.collaborationView(id))
    #expect(view.state == "halted" && view.reason.contains("takes no more entries here"), "\(view.reason)")
    #expect(engine.taskView(task, at: network.now)?.reason == view.reason)
    #expect(engine.unfinished(at: network.now).contains { !$0.ok && $0.detail == view.reason })
    #expect(engine.assessor.reservations.committed.isZero)
    #expect(engine.executor.attempts.isEmpty && network.nodes[1].running.isEmpty)
    let notices = network.nodes[1].notices.filter { $0.kind.hasPrefix("ledger.") }
    #expect((1...2).contains(notices.count), "\(notices.map(\.kind))")
  }

  @Test("A ledger that cannot be taken up again is left as it is, at every start")
  func unreadable() throws {
    let (network, id, _, _) = try Self.running(122)
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
