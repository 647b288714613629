import Foundation
import Testing

extension EndToEnd {
  /// A node whose data folder was put back to an older copy.
  @Suite struct RollbackTests {
    private func copy(_ node: TestNode) throws -> String {
      let path = node.data + ".old"
      let ended = try Binary.run(["-a", node.data, path], program: "/bin/cp")
      guard ended.status == 0 else { throw Missed("cp: \(ended.errors)") }
      return path
    }

    private func setBack(_ node: TestNode, to copy: String) throws {
      try FileManager.default.removeItem(atPath: node.data)
      try FileManager.default.moveItem(atPath: copy, toPath: node.data)
    }

    @Test func aMemberSetBackToAnOlderCopyFetchesWhatItLacks() throws {
      try TestNetwork.with(["a", "b", "c"]) { network, nodes in
        let lab = try Collaboration(of: nodes, in: network)
        let file = try network.adding("sum", to: 6)
        try nodes[1].stop()
        let old = try copy(nodes[1])
        try nodes[1].start()
        try network.meet()
        try lab.requireSum(to: 6, of: try lab.submit(file, at: nodes[0]), at: nodes[0])
        try lab.untilCaughtUp(nodes[1], with: nodes[0])
        let before = try lab.decided(at: nodes[1])
        try nodes[1].kill()
        try setBack(nodes[1], to: old)
        try nodes[1].start()
        try lab.untilCaughtUp(nodes[1], with: nodes[0])
        try lab.requireKept(before, at: nodes[1])
        try lab.requireSum(to: 6, of: try lab.submit(file, at: nodes[1]), at: nodes[1])
        try lab.requireOneLedger(at: nodes)
      }
    }

    @Test func aCoordinatorSetBackAndStartedBeforeAnElectionIsReplacedAndFollows() throws {
      try TestNetwork.with(["a", "b", "c"]) { network, nodes in
        let lab = try Collaboration(of: nodes, in: network)
        let file = try network.adding("sum", to: 6)
        try nodes[0].kill()
        let old = try copy(nodes[0])
        try nodes[0].start()
        try lab.requireSum(to: 6, of: try lab.submit(file, at: nodes[0]), at: nodes[0])
        try lab.requireOneLedger(at: nodes)
        let before = try lab.decided(at: nodes[1])
        try nodes[0].kill()
        try setBack(nodes[0], to: old)
        try nodes[0].start()
        let task = try lab.submit(file, at: nodes[0])
        try lab.requireCountedOnce(task, of: 6, at: nodes[1])
        try lab.requireKept(before, at: nodes[0])
        try lab.requireOneLedger(at: nodes)
      }
    }

    @Test(.enabled(if: hasTime, "most of a minute: JOINTCLOUD_ROUNDS=5 runs it"))
    func amongFourVotersOneSetBackTakesNothingDecidedAway() throws {
      try TestNetwork.with(["a", "b", "c", "d"]) { network, nodes in
        let lab = try Collaboration(of: nodes, in: network)
        let file = try network.adding("sum", to: 6)
        try nodes[3].kill()
        try nodes[1].kill()
        let old = try copy(nodes[1])
        try nodes[1].start()
        try lab.requireSum(to: 6, of: try lab.submit(file, at: nodes[2]), at: nodes[2])
        let before = try lab.decided(at: nodes[2])
        for node in nodes[..<3] { try node.kill() }
        try setBack(nodes[1], to: old)
        // Who forgot, who never knew, and one who knows: a quorum of three.
        for node in nodes[1...] { try node.start() }
        _ = try lab.office(among: Array(nodes[1...]))
        try lab.requireSum(to: 6, of: try lab.submit(file, at: nodes[3]), at: nodes[3])
        for node in nodes[1...] { try lab.requireKept(before, at: node) }
        try nodes[0].start()
        try lab.untilCaughtUp(nodes[0], with: nodes[3])
        try lab.requireOneLedger(at: nodes)
      }
    }

    @Test func amongThreeVotersOneSetBackVotesForNobodyUntilWhoKnowsMoreIsBack() throws {
      try TestNetwork.with(["a", "b", "c"]) { network, nodes in
        let lab = try Collaboration(of: nodes, in: network)
        let file = try network.adding("sum", to: 6)
        try nodes[2].kill()
        try nodes[1].kill()
        let old = try copy(nodes[1])
        try nodes[1].start()
        try lab.requireSum(to: 6, of: try lab.submit(file, at: nodes[0]), at: nodes[0])
        let before = try lab.decided(at: nodes[0])
        for node in nodes[..<2] { try node.kill() }
        try setBack(nodes[1], to: old)
        // Who forgot and who never knew would be a quorum.
        for node in nodes[1...] { try node.start() }
        let waiting = try until("it says that it waits") {
          lab.view(at: nodes[1]).flatMap { $0["reason"].text.contains("has not heard a (") ? $0 : nil }
        }
        #expect(waiting["reason"].text.contains("jointcloud node run --newest-copy"), "\(waiting)")
        #expect(waiting["term"].number == 1, "\(waiting)")
        try nodes[0].start()
        try lab.requireSum(to: 6, of: try lab.submit(file, at: nodes[2]), at: nodes[2])
        for node in nodes { try lab.requireKept(before, at: node) }
        try lab.requireOneLedger(at: nodes)
      }
    }
  }
}
