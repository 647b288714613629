import Foundation
import Testing

extension EndToEnd {
  @Suite struct HistoryTests {
    @Test func eventsThatWereHandledBeforeAKillAreShownWithTheirResultsAfterIt() throws {
      let noop = ["adapters": "[noop]"]
      try TestNetwork.with(["a", "b"], options: ["a": ["--kind", "virtual"]], settings: ["b": noop]) {
        network, nodes in
        let file = try network.manifest(
          "kept", "replicas: 3\ncommand: [\"true\"]\nresources: {cpu: 100m, memory: 1Mi}\nadapter: noop")
        let task = try nodes[0].submit(file)
        #expect(try nodes[0].finish(task)["task"]["state"].text == "succeeded")
        let before = try nodes.map { node in
          try until("all events of \(node.name) are handled") {
            let events = try node.ask("event", "list").list
            return events.contains { $0["state"].text != "handled" } ? nil : events
          }
        }
        let kinds = Set(before[0].map { $0["kind"].text })
        func events(_ hops: JSON) -> [String] {
          hops.list.filter { kinds.contains($0["what"].text) }.map { "\($0["what"].text): \($0["detail"].text)" }
        }
        let trace = events(try nodes[0].ask("trace", task))
        for node in nodes { try node.kill() }
        for node in nodes { try node.start() }
        try network.meet()

        for (node, before) in zip(nodes, before) {
          let after = try node.ask("event", "list").list
          let arrivals = after.map { $0["arrivalMilliseconds"].number }
          #expect(arrivals == arrivals.sorted(by: >), "newest first")
          for event in before {
            let id = event["id"].text
            let kept = after.first { $0["id"].text == id }
            #expect(kept?["state"].text == "handled", "\(node.name): \(event["kind"].text)")
            #expect(kept?["result"].text == event["result"].text)
            #expect(!event["result"].text.isEmpty, "\(node.name): \(event["kind"].text) has no result")
          }
          #expect(
            try node.ask("event", "list", "--limit", "2").list.map { $0["id"].text }
              == after.prefix(2).map { $0["id"].text })
        }
        #expect(
          Set(before[0].map { $0["kind"].text }).isSuperset(of: ["task.submit", "offer.answer", "result.report"]))
        #expect(Set(before[1].map { $0["queue"].text }) == ["consumption"])

        let submission = try #require(before[0].first { $0["kind"].text == "task.submit" })
        let shown = try nodes[0].ask("event", "show", String(submission["id"].text.prefix(12)))
        #expect(shown["id"].text == submission["id"].text)
        #expect(shown["result"].text == submission["result"].text)
        #expect(shown["statement"]["name"].text == "kept")
        let absent = try nodes[0].run("event", "show", String(repeating: "0", count: 64))
        #expect(absent.refuses(1, "next: jointcloud event list"), "\(absent.status) \(absent.errors)")

        let traced = try nodes[0].ask("trace", task)
        #expect(trace.count >= 3, "\(trace)")
        #expect(events(traced) == trace)
        #expect(traced.list.contains { $0["plane"].text == "information" && $0["what"].text == "task.ended" })
      }
    }
  }
}
