import Foundation
import Glibc
import Testing

extension EndToEnd {
  @Suite(.enabled(if: SmallDisk.isPossible, "a tmpfs cannot be mounted here: that needs root"))
  struct FullDiskTests {
    private static let cast = ["a", "b", "c"]
    private static let asker = ["a": ["--kind", "virtual"]]

    @Test func aSubmissionThatADiskHasNoRoomForIsRefusedAndTheNodeGoesOn() throws {
      let disk = SmallDisk(megabytes: 16)
      try TestNetwork.with(["a", "b"], options: Self.asker, disks: ["a": disk]) { network, nodes in
        let file = try network.adding("early", to: 3)
        try disk.fill()
        let refused = try nodes[0].run("submit", file)
        #expect(
          refused.refuses(1, "no space left for ", "/a/objects/", "next: jointcloud"), "\(refused.errors)")
        #expect(try nodes[0].ask("task", "list").list.isEmpty)
        try disk.free()
        let right = try nodes[0].run("submit", file, "--wait")
        #expect(right.text == "6", "\(right.status) \(right.errors)")
      }
    }

    @Test(arguments: ["a", "b"])
    func aNodeWhoseDiskFillsUpEndsWithThePathAndItsTaskIsDoneOnceThereIsRoom(victim: String) throws {
      // Who runs work keeps a part of its disk free of it, and runs nothing where there is no more than that.
      let disk = SmallDisk(megabytes: victim == "b" ? 768 : 16)
      try TestNetwork.with(Self.cast, options: Self.asker, disks: [victim: disk]) { network, nodes in
        let full = try #require(nodes.first { $0.name == victim })
        let first = try nodes[0].finish(try nodes[0].submit(try network.adding("before", to: 3)))
        #expect(first["task"]["state"].text == "succeeded")
        let task = try nodes[0].submit(try network.adding("during", to: 8, work: "sleep 1.5"))
        try until("b runs a subtask") { () -> Void? in
          try nodes[0].ask("task", "show", task)["subtasks"].list
            .contains { $0["nodeName"].text == "b" && $0["state"].text == "running" } ? () : nil
        }
        try disk.fill()
        #expect(try full.ended() == 1, "what it cannot write it must not say")
        let log = full.log
        #expect(
          log.contains("error: no space left for ") && log.contains("/\(victim)/node.sqlite"), "\(log.suffix(1_500))")
        #expect(log.contains("next: "), "\(log.suffix(1_500))")
        try disk.free()
        try network.requireVerified(full)
        try full.start()
        let detail = try nodes[0].finish(task, seconds: 90)
        #expect(detail["task"]["state"].text == "succeeded", "\(detail["task"]["reason"].text)")
        #expect(try nodes[0].run("task", "get", task, "--stdout").text == "36")
        try network.requireEqualLedgers(of: detail["task"], at: nodes)
      }
    }
  }
}
