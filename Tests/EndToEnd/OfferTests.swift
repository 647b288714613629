import Foundation
import Testing

extension EndToEnd {
  @Suite struct OfferTests {
    private static let asker = ["a": ["--kind", "virtual"]]

    @Test func whatPolicyDeclinesIsUnplacedWithTheReasonAndExitCodeFive() throws {
      let policy = ["policy": "{decline: [{work: batch, code: MAINTENANCE, text: \"closed for repairs\"}]}"]
      try TestNetwork.with(["a", "b"], options: Self.asker, settings: ["b": policy]) { network, nodes in
        let file = try network.manifest(
          "refused", "command: [\"true\"]\ntimeouts: {negotiate: 2s, queue: 2s}\nresources: {cpu: 100m, memory: 1Mi}")
        let waited = try nodes[0].run("submit", file, "--wait")
        #expect(waited.refuses(5, "next: jointcloud task explain"), "\(waited.status) \(waited.errors)")
        let explained = try nodes[0].run("task", "explain", "last")
        #expect(
          explained.output.contains("MAINTENANCE") && explained.output.contains("closed for repairs"), "\(explained)")
      }
    }

    @Test func anOfferIsAcceptedOrDeclinedByHand() throws {
      let manual = ["policy": "{manual: true}"]
      try TestNetwork.with(["a", "b"], options: Self.asker, settings: ["b": manual]) { network, nodes in
        let file = try network.adding("manual", to: 1)
        func waiting() throws -> String {
          try until("an offer waits at b") {
            try nodes[1].ask("offer", "list").list.last { $0["state"].text == "waiting" }?["offer"].text
          }
        }
        let task = try nodes[0].submit(file)
        var accepted = 0
        let detail = try until("the task ends", seconds: 60) {
          if let offer = try nodes[1].ask("offer", "list").list.last(where: { $0["state"].text == "waiting" }) {
            let ended = try nodes[1].run("offer", "accept", offer["offer"].text)
            if ended.status == 0 { accepted += 1 }
          }
          let detail = try nodes[0].ask("task", "show", task)
          return detail["task"]["state"].text == "succeeded" ? detail : nil
        }
        #expect(accepted > 0)
        #expect(detail["task"]["state"].text == "succeeded")

        let declined = try nodes[0].submit(
          try network.manifest(
            "declined", "command: [\"true\"]\ntimeouts: {negotiate: 3s, queue: 5s}\nresources: {cpu: 100m, memory: 1Mi}"
          ))
        let offer = try waiting()
        let ended = try nodes[1].run("offer", "decline", offer, "--reason", "not on Sundays")
        #expect(ended.status == 0, "\(ended.errors)")
        try until("the reason is explained") { () -> Void? in
          let text = try nodes[0].run("task", "explain", declined).output
          return text.contains("not on Sundays") ? () : nil
        }
        #expect(try nodes[1].ask("offer", "list").list.contains { $0["reason"].text.contains("not on Sundays") })
      }
    }

    @Test func theExitCodeTellsFailureTimeAndCancelApart() throws {
      try TestNetwork.with(["a", "b"]) { network, nodes in
        let small = "resources: {cpu: 100m, memory: 8Mi}\nretry: {attempts: 1}"
        let failing = try network.manifest("failing", "script: |\n  echo cause >&2\n  exit 7\n\(small)")
        let failed = try nodes[0].run("submit", failing, "--wait")
        #expect(failed.refuses(3, "next: jointcloud task explain"), "\(failed.status) \(failed.errors)")
        #expect(failed.errors.components(separatedBy: "exit code 7").count == 2, "told once: \(failed.errors)")
        let plan = try nodes[0].run("task", "plan", "--file", failing)
        #expect(plan.output.contains("Collaboration") && plan.output.contains("failing ("), "\(plan)")
        let shown = try nodes[0].run("task", "show", "last")
        #expect(shown.output.contains("0 of 1 done\n") && !shown.output.contains("pending"), "\(shown.output)")
        let logs = try nodes[0].run("task", "logs", "last", "--stream", "stderr")
        #expect((logs.output + logs.errors).contains("cause"), "\(logs)")

        let slow = try network.manifest("slow", "command: [sleep, \"50\"]\n\(small)")
        let task = try nodes[0].submit(slow)
        try until("it runs") { () -> Void? in try nodes[0].state(of: task) == "running" ? () : nil }
        let waited = try nodes[0].run("task", "wait", task, "--timeout", "300ms")
        #expect(waited.refuses(4, "is still running\n", "next: "), "\(waited.status) \(waited.errors)")
        #expect(try nodes[0].run("task", "cancel", task, "--reason", "enough").status == 0)
        let cancelled = try nodes[0].run("task", "wait", task, "--timeout", "20s")
        #expect(cancelled.refuses(3, "cancelled"), "\(cancelled.status) \(cancelled.errors)")
        #expect(try nodes[0].state(of: task) == "cancelled")

        let limited = try network.manifest(
          "limited", "command: [sleep, \"50\"]\ntimeouts: {execute: 500ms}\n\(small)")
        let late = try nodes[0].run("submit", limited, "--wait")
        #expect(late.refuses(4, "next: "), "\(late.status) \(late.errors)")

        let unknown = try network.manifest("unknown", "command: [no-such-program]\n\(small)")
        let absent = try nodes[0].run("submit", unknown, "--wait")
        #expect(absent.refuses(3, "no-such-program", "next: "), "\(absent.status) \(absent.errors)")

        let missing = try network.manifest("missing", "command: [\"true\"]\nresults: [out/report.txt]\n\(small)")
        let left = try nodes[0].run("submit", missing, "--wait")
        #expect(left.refuses(3, "out/report.txt", "next: "), "\(left.status) \(left.errors)")

        let huge = try network.manifest(
          "huge", "command: [\"true\"]\nresources: {cpu: 64, memory: 1Mi}\ntimeouts: {negotiate: 2s, queue: 2s}")
        let unplaced = try nodes[0].run("submit", huge, "--wait")
        #expect(unplaced.refuses(5, "next: "), "\(unplaced.status) \(unplaced.errors)")
        // After all this the node still works.
        let right = try nodes[0].run("submit", try network.adding("after", to: 3), "--wait")
        #expect(right.text == "6", "\(right.errors)")
      }
    }
  }
}
