import Foundation
import Testing

extension EndToEnd {
  @Suite struct ElectionSubmissionTests {
    /// Asks a node over its socket for a task, as the command line does.
    private func post(_ request: String, to node: TestNode) throws -> Ended {
      let script = """
        import http.client, socket, sys
        class Local(http.client.HTTPConnection):
          def connect(self):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(30)
            self.sock.connect(sys.argv[1])
        connection = Local("node")
        connection.request("POST", "/v1/tasks", sys.stdin.read(), {"Content-Type": "application/json"})
        response = connection.getresponse()
        sys.stdout.write(response.read().decode())
        sys.exit(0 if response.status == 200 else 1)
        """
      return try Binary.run(
        ["-c", script, node.endpoint?["socketPath"].text ?? ""], program: "/usr/bin/python3", input: request)
    }

    /// The request behind a task that no ledger has yet, as its node keeps it.
    private func request(of task: String, in lab: Collaboration, at node: TestNode) throws -> String {
      let script = """
        import json, sqlite3, sys
        file = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True)
        row = file.execute("SELECT value FROM documents WHERE key = ?", ("submission/" + sys.argv[2],)).fetchone()
        body = json.loads(row[0])["signed"]["statement"]["body"]
        print(json.dumps({"submission": body, "collaboration": sys.argv[3], "opensCollaboration": False}))
        """
      let read = try Binary.run(["-c", script, node.databasePath, task, lab.id], program: "/usr/bin/python3")
      guard read.status == 0 else { throw Missed("the submission at \(node.name): \(read.errors)") }
      return read.text
    }

    @Test func aSubmissionDuringAnElectionIsOneTaskHoweverOftenItIsAskedFor() throws {
      try TestNetwork.with(["a", "b", "c"]) { network, nodes in
        let lab = try Collaboration(of: nodes, in: network)
        let file = try network.adding("sum", to: 6)
        try nodes[0].kill()
        let task = try lab.submit(file, at: nodes[1])
        let waiting = try #require(lab.view(at: nodes[1]))
        #expect(waiting["term"].number == 1 && waiting["waitingSubmissions"].number == 1, "\(waiting)")
        let request = try request(of: task, in: lab, at: nodes[1])
        let again = try post(request, to: nodes[1])
        #expect(try JSON(text: again.output)["task"].text == task, "\(again)")
        // Its node forgets nothing of it, and hands it over anew.
        try nodes[1].kill()
        try nodes[0].start()
        try nodes[1].start()
        try lab.requireSum(to: 6, of: task, at: nodes[1])
        let late = try post(request, to: nodes[1])
        #expect(try JSON(text: late.output)["task"].text == task, "\(late)")
        try lab.requireOneLedger(at: nodes)
        let submitted = try lab.entries(at: nodes[2]).count { $0["kind"].text == "task.submitted" }
        #expect(submitted == 1)
      }
    }
  }
}
