import Foundation
import Testing

extension EndToEnd {
  @Suite struct ElectionDiskTests {
    /// Whose disk fails as it writes what it promised in an election, and how.
    private static let failures = [("b", "ENOSPC", "no space left for "), ("a", "EIO", "the disk failed under ")]

    @Test(arguments: failures)
    func whoCannotWriteItsPromiseEndsAndSaysWhyAndTheOthersElect(
      victim: String, failure: String, words: String
    ) throws {
      try TestNetwork.with(["a", "b", "c"]) { network, nodes in
        let failing = try #require(nodes.first { $0.name == victim })
        let others = nodes.filter { $0 !== failing }
        let lab = try Collaboration(of: nodes, in: network)
        let trigger = network.folder + "/disk-fails"
        try failing.stop()
        try failing.start(environment: [
          "JOINTCLOUD_FAIL_POINT": "before-commit:1:\(failure)", "JOINTCLOUD_FAIL_POINT_FILE": trigger,
        ])
        try network.meet()
        let term = try lab.office().term
        for node in nodes { try lab.untilCaughtUp(node, with: others[0]) }
        try network.write("disk-fails", "")
        let called = try others[1].run(
          "election", "call", lab.id, "--reason", "maintenance", "--person", "ada", "--no-wait")
        #expect(called.status == 0, "\(called)")
        #expect(try failing.ended() == 1, "what it cannot write it must not sign")
        let log = failing.log
        #expect(log.contains("error: \(words)") && log.contains("/\(victim)/node.sqlite"), "\(log.suffix(1_500))")
        #expect(log.contains("next: "), "\(log.suffix(1_500))")

        _ = try lab.office(after: term, among: others)
        let file = try network.adding("sum", to: 6)
        try lab.requireSum(to: 6, of: try lab.submit(file, at: others[1]), at: others[1])
        try failing.start()
        try lab.untilCaughtUp(failing, with: others[1])
        try lab.requireOneLedger(at: nodes)
        _ = try lab.requireTermsTold(at: nodes)
      }
    }
  }
}
