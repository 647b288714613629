import Consensus
import Contract
import Coordination
import Engine
import Ledger
import Model
import Overlay
import Resources
import Simulations
import Testing

extension SimulatedNetwork {
  /// What a node told people, for the message of a failed expectation.
  func story(_ index: Int) -> String {
    nodes[index].notices.suffix(60).map {
      "\($0.timeMilliseconds - Self.start.wallMilliseconds) \($0.kind): \($0.text)"
    }
    .joined(separator: "\n") + "\n\(nodes[index].engine.dropped)"
  }

  /// Runs until every node holds every other that is up and in reach for alive.
  func meet() {
    let met = run(for: .seconds(20)) { network in
      network.live.allSatisfy { index in
        network.live.allSatisfy { other in
          other == index || network.isCut(index, other)
            || network.observations.sighting(of: other, by: index)?.state == .alive
        }
      }
    }
    #expect(met, "seed \(seed): the nodes did not find each other")
  }

  /// What holds at all times on every node: nothing refused by the disk, each event ended at most once, each
  /// ledger folds anew to the same value, and nothing is reserved that nobody expects.
  func expectHealthy(atRest: Bool = true) throws {
    for index in nodes.indices where nodes[index].isUp {
      let node = nodes[index]
      #expect(node.disk.faults == [], "seed \(seed), node \(index)")
      #expect(node.disk.endings.values.allSatisfy { $0 == 1 }, "seed \(seed), node \(index): handled twice")
      #expect(node.peak.fits(in: node.plan.offer), "seed \(seed), node \(index): oversubscribed")
      for (id, book) in node.engine.books { try expectSameFold(book, id, index) }
      let refused = node.notices.filter {
        [
          "entry.refused", "ledger.halted", "ledger.conflict", "ledger.diverged", "ledger.rolledBack",
          "ledger.unreadable",
        ]
        .contains($0.kind)
      }
      #expect(refused == [], "seed \(seed), node \(index)\n\(story(index))")
      guard atRest, node.engine.books.values.allSatisfy({ $0.openTasks == 0 }) else { continue }
      #expect(node.engine.assessor.reservations.committed.isZero, "seed \(seed), node \(index): reservations leak")
      #expect(node.engine.executor.attempts.isEmpty, "seed \(seed), node \(index): attempts leak")
      #expect(node.engine.dispatcher.offers.isEmpty, "seed \(seed), node \(index): offers leak")
      #expect(node.running.isEmpty, "seed \(seed), node \(index): work goes on")
    }
  }

  /// Every member that is up holds the same entries and makes the same of them.
  func expectEqualLedgers(_ id: CollaborationID) {
    guard let coordinator = nodes.indices.first(where: { nodes[$0].engine.books[id]?.coordinator == nodes[$0].id }),
      let book = nodes[coordinator].engine.books[id]
    else {
      Issue.record("seed \(seed): no coordinator of \(id.short)")
      return
    }
    for index in nodes.indices where nodes[index].isUp && book.roster[nodes[index].id] != nil {
      let hasSameLedger = ledger(id, at: index) == ledger(id, at: coordinator)
      #expect(hasSameLedger, "seed \(seed), node \(index)")
      let hasSameFold = nodes[index].engine.books[id] == book
      #expect(hasSameFold, "seed \(seed), node \(index)")
    }
  }

  private func expectSameFold(_ book: CollaborationState, _ id: CollaborationID, _ index: Int) throws {
    let engine = nodes[index].engine
    var anew: CollaborationState?
    for number in 1...book.lastEntry {
      let entry = try #require(engine.consensus.entry(number, of: id))
      if anew == nil {
        anew = try CollaborationState(id: id, opening: entry.record)
      } else {
        try anew?.apply(entry.record)
      }
    }
    let isSame = anew == book
    #expect(isSame, "seed \(seed), node \(index): another fold")
  }
}
