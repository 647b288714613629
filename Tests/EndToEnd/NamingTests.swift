import Foundation
import Glibc
import Testing

extension EndToEnd {
  @Suite struct NamingTests {
    /// Answers GET from a table of paths, and keeps what anybody tries to change. Says its port on standard output.
    private static let stub = """
      import http.server, json, sys
      answers = json.load(open(sys.argv[1]))
      class Node(http.server.BaseHTTPRequestHandler):
        def answer(self, status, text):
          body = text.encode()
          self.send_response(status); self.send_header("Content-Length", str(len(body))); self.end_headers()
          self.wfile.write(body)
        def do_GET(self):
          text = answers.get(self.path.split("?")[0])
          if text: self.answer(200, text)
          else: self.answer(404, '{"kind":"notFound","next":"","subject":"","what":"nothing at ' + self.path + '"}')
        def do_POST(self):
          open(sys.argv[2], "a").write(self.path + "\\n"); self.answer(500, "{}")
        def log_message(self, *_): pass
      server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Node)
      print(server.server_address[1], flush=True)
      server.serve_forever()
      """

    /// Runs `body` with the address of a node that gives these answers; what it was asked to change.
    private func withStub(
      _ answers: [String: String], in folder: String, _ body: (String) throws -> Void
    ) throws -> String {
      let (table, changes, port) = (folder + "/answers", folder + "/changes", folder + "/port")
      try JSONSerialization.data(withJSONObject: answers).write(to: URL(fileURLWithPath: table))
      for file in [changes, port] { try Data().write(to: URL(fileURLWithPath: file)) }
      let stub = Process()
      stub.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
      stub.arguments = ["-c", Self.stub, table, changes]
      stub.standardOutput = FileHandle(forWritingAtPath: port)
      try stub.run()
      defer {
        kill(stub.processIdentifier, SIGKILL)
        stub.waitUntilExit()
      }
      let number = try until("the stub listens") {
        let text = try String(contentsOfFile: port, encoding: .utf8)
        return text.hasSuffix("\n") ? text.trimmingCharacters(in: .whitespacesAndNewlines) : nil
      }
      try body("http://127.0.0.1:\(number)")
      return try String(contentsOfFile: changes, encoding: .utf8)
    }

    /// A list as the node gives it, with ids that begin alike: `cafe12`, and then `0`, `1` and so on.
    private func alike(_ node: TestNode, _ noun: String, _ key: String) throws -> String {
      var text = try node.run(noun, "list", "-o", "json").output
      let ids = try JSON(text: text).list.map { $0[key].text }
      try #require(ids.count > 1)
      for (index, id) in ids.enumerated() {
        text = text.replacingOccurrences(of: id, with: "cafe12\(index % 10)" + id.dropFirst(7))
      }
      return text
    }

    @Test func aNameOrShortIdThatMeansSeveralIsRefusedWithTheListAndNothingIsDone() throws {
      let noop = ["adapters": "[noop]"]
      try TestNetwork.with(["a", "b"], options: ["a": ["--kind", "virtual"]], settings: ["b": noop]) {
        network, nodes in
        let file = try network.manifest(
          "twin", "command: [\"true\"]\nresources: {cpu: 100m, memory: 1Mi}\nadapter: noop")
        let twins = try (0..<2).map { _ in try nodes[0].submit(file, "--new") }
        for task in twins { #expect(try nodes[0].finish(task)["task"]["state"].text == "succeeded") }
        for command in [["show"], ["cancel"], ["get", "--stdout"], ["logs"], ["explain"]] {
          let ended = try Binary.run(["task", command[0], "twin", "--data", nodes[0].data] + command.dropFirst())
          #expect(
            ended.refuses(2, "\"twin\" means 2 of them", "next: ") && ended.output.isEmpty,
            "\(command): \(ended.status) \(ended.errors)")
          for task in twins { #expect(ended.errors.contains("\(task.prefix(12)) twin"), "\(ended.errors)") }
        }
        #expect(try nodes[0].ask("task", "show", "last")["task"]["task"].text == twins[1])
        #expect(try nodes[0].ask("task", "show", String(twins[0].prefix(16)))["task"]["task"].text == twins[0])

        let answers = [
          "/v1/tasks": try alike(nodes[0], "task", "task"), "/v1/events": try alike(nodes[0], "event", "id"),
          "/v1/collaborations": try alike(nodes[0], "collaboration", "collaboration"),
          "/v1/offers": try alike(nodes[1], "offer", "offer"), "/v1/announcements": "[]",
        ]
        let changes = try withStub(answers, in: network.folder) { address in
          func run(_ words: String...) throws -> Ended {
            try Binary.run(words + ["--http", address, "--token", "none"])
          }
          for words in [
            ["task", "show"], ["task", "cancel"], ["event", "show"], ["collaboration", "show"], ["offer", "accept"],
            ["offer", "decline", "--reason", "none"], ["trace"],
          ] {
            let ended = try Binary.run(words + ["cafe12", "--http", address, "--token", "none"])
            #expect(
              ended.refuses(2, "\"cafe12\" means ", " of them: cafe120", ", cafe121", "next: type more digits"),
              "\(words): \(ended.status) \(ended.errors)")
          }
          let short = try run("task", "show", "caf")
          #expect(short.refuses(1, "at least 4 digits", "next: jointcloud task list"), "\(short.errors)")
          let none = try run("task", "show", "beef12")
          #expect(none.refuses(1, "beef12", "next: jointcloud task list"), "\(none.errors)")
          // One digit more tells them apart: the id in full is asked for.
          let one = try run("task", "show", "cafe121")
          #expect(one.status == 1 && one.errors.contains("nothing at /v1/tasks/cafe121"), "\(one.errors)")
        }
        #expect(changes.isEmpty, "\(changes)")
      }
    }
  }
}
