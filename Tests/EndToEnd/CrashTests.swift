import Foundation
import Glibc
import Testing

extension EndToEnd {
  @Suite struct CrashTests {
    private struct Kill {
      var victim: String
      var point: String
      var count: Int
    }

    /// For each role and boundary eight passes spread over a task's life, chosen by a seed that is printed.
    private func kills() -> [Kill] {
      let seed =
        ProcessInfo.processInfo.environment["JOINTCLOUD_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999)
      print("seed of the kills: \(seed) (JOINTCLOUD_SEED repeats them)")
      var state = seed
      func next(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(bound))
      }
      return (0..<8).flatMap { step in
        ["a", "b"].map { victim in
          Kill(
            victim: victim, point: next(2) == 0 ? "before-commit" : "after-commit", count: 1 + step * 5 + next(5))
        }
      }
    }

    @Test func afterAKillAtAnyCommitTheTaskSucceedsAndEachSubtaskCountsOnce() throws {
      try TestNetwork.with(["a", "b", "c"]) { network, nodes in
        let file = try network.adding("sum", to: 6)
        var died = 0
        for kill in kills() {
          let victim = try #require(nodes.first { $0.name == kill.victim })
          let what = "\(kill.victim) killed at \(kill.point):\(kill.count)"
          #expect(try victim.stop() == 0, "\(what): it did not stop in order")
          try victim.launch(environment: ["JOINTCLOUD_FAIL_POINT": "\(kill.point):\(kill.count)"])
          try until("\(what): it listens or dies") { victim.isListening || !victim.isRunning ? () : nil }
          var task = ""
          // A submission that the death cut off is made again: the submitter got no id for the first.
          if let ended = try? nodes[0].run("submit", file), ended.status == 0 { task = ended.text }
          try until("\(what): it dies, or the task ends", seconds: 30) { () -> Void? in
            if !victim.isRunning || task.isEmpty { return () }
            guard let shown = try? nodes[0].ask("task", "show", task) else { return nil }
            return shown["task"]["state"].text == "succeeded" ? () : nil
          }
          // What still runs may reach its fail point while it stops.
          victim.signal(SIGTERM)
          let status = try victim.ended()
          #expect(status == -SIGKILL || status == 0, "\(what): it ended with \(status)")
          if status == -SIGKILL { died += 1 }
          try victim.start()
          if task.isEmpty { task = try nodes[0].submit(file) }
          let detail = try nodes[0].finish(task, seconds: 45)
          #expect(detail["task"]["state"].text == "succeeded", "\(what): \(detail["task"]["reason"].text)")
          #expect(try nodes[0].run("task", "get", task, "--stdout").text == "21", "\(what)")
          let succeeded = detail["participants"].list.reduce(0) { $0 + $1["succeeded"].number }
          #expect(succeeded == 7, "\(what): \(succeeded) successes of six subtasks and one that reduces")
          try network.meet()
          try network.requireEqualLedgers(of: detail["task"], at: nodes)
        }
        print("\(died) of 16 kills came within the task")
        #expect(died > 4)
      }
    }

    @Test func workOfAKilledParticipantIsPlannedAgainAndTheNodeCatchesUp() throws {
      try TestNetwork.with(["a", "b", "c"]) { network, nodes in
        let file = try network.adding("long", to: 8, work: "sleep 1.5")
        let task = try nodes[0].submit(file)
        try until("b runs a subtask") { () -> Void? in
          try nodes[0].ask("task", "show", task)["subtasks"].list
            .contains { $0["nodeName"].text == "b" && $0["state"].text == "running" } ? () : nil
        }
        try nodes[1].kill()
        let detail = try nodes[0].finish(task)
        #expect(detail["task"]["state"].text == "succeeded", "\(detail["task"]["reason"].text)")
        #expect(try nodes[0].run("task", "get", task, "--stdout").text == "36")
        let plans = try nodes[0].ask("task", "plan", task).list
        #expect(plans.count > 1)
        #expect(plans.dropFirst().first?["previous"].number == plans.first?["number"].number)
        #expect(detail["participants"].list.first { $0["name"].text == "b" }?["lost"].number ?? 0 > 0)
        try nodes[1].start()
        try network.requireEqualLedgers(of: detail["task"], at: nodes)
      }
    }

    @Test func aKilledCoordinatorIsReplacedByVoteAndTheTaskEndsWithTheRightResult() throws {
      try TestNetwork.with(["a", "b", "c"]) { network, nodes in
        let task = try nodes[0].submit(try network.adding("orphan", to: 8, work: "sleep 1"))
        try until("b runs a subtask") { () -> Void? in
          let shown = try nodes[1].run("task", "show", task, "-o", "json")
          guard shown.status == 0 else { return nil }
          return try JSON(text: shown.output)["subtasks"].list.contains { $0["state"].text == "running" } ? () : nil
        }
        try nodes[0].kill()
        try until("b or c coordinates a second term") { () -> Void? in
          let shown = try nodes[1].ask("collaboration", "list").list.first
          return shown?["term"].number == 2 && shown?["coordinatorName"].text != "a" ? () : nil
        }
        try nodes[0].start()
        let detail = try nodes[0].finish(task)
        #expect(detail["task"]["state"].text == "succeeded", "\(detail["task"]["reason"].text)")
        try until("the result is where it was asked for") { () -> Void? in
          let got = try nodes[0].run("task", "get", task, "--stdout")
          return got.status == 0 && got.output.trimmingCharacters(in: .whitespacesAndNewlines) == "36" ? () : nil
        }
        #expect(detail["participants"].list.reduce(0) { $0 + $1["succeeded"].number } == 9)
        try network.requireEqualLedgers(of: detail["task"], at: nodes)
      }
    }

    @Test func aTransferThatIsCutResumesWhereItEnded() throws {
      try TestNetwork.with(["a", "b"], options: ["a": ["--kind", "virtual"]]) { network, nodes in
        let path = network.folder + "/large.bin"
        let made = try Binary.run(
          ["-c", "head -c 67108864 /dev/urandom > \"$1\" && sha256sum < \"$1\"", "sh", path], program: "/bin/sh")
        let digest = String(made.output.prefix(64))
        let file = try network.manifest(
          "large",
          """
          inputs: [{name: blob, files: large.bin}]
          command: [sh, -c, 'sha256sum < "$INPUT_BLOB"']
          resources: {cpu: 250m, memory: 64Mi}
          """)
        let task = try nodes[0].submit(file)
        let partial = nodes[1].data + "/objects/partial/" + digest
        func size() -> Int {
          (try? FileManager.default.attributesOfItem(atPath: partial))?[.size] as? Int ?? 0
        }
        try until("the transfer is under way", seconds: 30) { size() > 4 << 20 ? () : nil }
        try nodes[1].kill()
        let cut = size()
        print("cut at \(cut) of \(64 << 20) bytes")
        #expect(cut > 4 << 20 && cut < 64 << 20)
        try nodes[1].start()
        let detail = try nodes[0].finish(task)
        #expect(detail["task"]["state"].text == "succeeded", "\(detail["task"]["reason"].text)")
        let chunk = 256 << 10
        let received = cut + (try nodes[1].metric("jointcloud_object_bytes_total{direction=\"received\"}"))
        print("received \(received) of \(64 << 20) bytes in both parts")
        #expect((64 << 20...(64 << 20) + 4 * chunk).contains(received), "what had arrived was not sent again")
        // Of what the first connection had under way no more is lost than sockets hold.
        let sent = try nodes[0].metric("jointcloud_object_bytes_total{direction=\"sent\"}")
        #expect(sent >= received - 4 * chunk, "sent \(sent), received \(received)")
        #expect(try nodes[0].run("task", "get", task, "--stdout").output.prefix(64) == digest)
        #expect(
          try Binary.run([nodes[1].data + "/objects/\(digest.prefix(2))/\(digest)"], program: "/usr/bin/sha256sum")
            .output.prefix(64) == digest)
        try network.requireEqualLedgers(of: detail["task"], at: nodes)
      }
    }
  }
}
