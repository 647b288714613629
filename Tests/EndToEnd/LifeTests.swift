import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// How a node comes, stays and goes.
  @Suite struct LifeTests {
    private static let asker = ["a": ["--kind", "virtual"]]

    @Test func aMemberGoesOnMovingFilesWhenItsInvitationIsOver() throws {
      try TestNetwork.with { network in
        let (a, b) = (try network.make("a", ["--kind", "virtual"]), try network.make("b"))
        try network.found(a)
        try a.start()
        let invitation = try Binary.run(["network", "invite", "--data", a.data, "--expires", "8s"]).text
        let over = Date(timeIntervalSinceNow: 8.5)
        #expect(try Binary.run(["network", "join", "--data", b.data, invitation]).status == 0)
        try b.start()
        try network.meet()
        try until("the invitation is over") { Date() > over ? () : nil }
        try network.write("in.txt", "one two three\n" + String(repeating: "x", count: 2_000))
        let file = try network.manifest(
          "moved",
          "inputs: [{name: t, files: in.txt}]\ncommand: [sh, -c, 'wc -c < \"$INPUT_T\"']\n"
            + "resources: {cpu: 100m, memory: 16Mi}")
        let ended = try a.run("submit", file, "--wait")
        #expect(ended.text == "2014", "\(ended.status) \(ended.errors)")
      }
    }

    @Test func aNodeWhoseClockWasSetBackIsStillBelievedWhenItLeavesAndWhenItReturns() throws {
      try TestNetwork.with(["a", "b"]) { network, nodes in
        func state() throws -> String {
          try nodes[0].ask("member", "list").list.first { $0["name"].text == "b" }?["state"].text ?? ""
        }
        try nodes[1].stop()
        // As if its clock had been an hour ahead until now.
        let script = """
          import sqlite3, sys, time
          c = sqlite3.connect(sys.argv[1])
          ahead = str(int(time.time() * 1000) + 3600000).encode()
          print(c.execute("UPDATE documents SET value = ? WHERE key = 'incarnation'", (ahead,)).rowcount)
          c.commit()
          """
        let changed = try Binary.run(["-c", script, nodes[1].databasePath], program: "/usr/bin/python3")
        #expect(changed.text == "1", "\(changed.errors)")
        for _ in 0..<2 {
          try nodes[1].start()
          try network.meet()
          try nodes[1].stop()
          try until("a knows how b went") { ["left", "failed"].contains(try state()) ? () : nil }
          #expect(try state() == "left")
        }
      }
    }

    @Test func othersHearTheGoodbyeBeforeTheWorkIsEnded() throws {
      let free = ["b": ["sandbox": "none"]]
      try TestNetwork.with(["a", "b"], options: Self.asker, settings: free) { network, nodes in
        let clock = network.folder + "/clock"
        let file = try network.manifest(
          "long",
          "script: |\n  while :; do date +%s%3N >> \(clock); sleep 0.01; done\nresources: {cpu: 100m, memory: 16Mi}")
        _ = try nodes[0].submit(file)
        try until("b works") { (try? String(contentsOfFile: clock, encoding: .utf8))?.isEmpty == false ? () : nil }
        nodes[1].signal(SIGTERM)
        let left = try until("a hears that b leaves") {
          try nodes[0].ask("member", "list").list.first { $0["name"].text == "b" && $0["state"].text == "left" }
        }
        #expect(try nodes[1].ended() == 0)
        let times = try String(contentsOfFile: clock, encoding: .utf8).split(separator: "\n").compactMap { Int($0) }
        let last = try #require(times.last)
        #expect(
          last > left["sinceMilliseconds"].number, "work ended \(left["sinceMilliseconds"].number - last) ms before")
      }
    }

    @Test func whatAKilledProcessLeftIsNotTakenForARunningNode() throws {
      try TestNetwork.with(["a"]) { network, nodes in
        let address = try #require(nodes[0].endpoint)["listenAddress"].text
        #expect(try nodes[0].run("network", "invite").status == 0)
        // A copy of its folder is no running node, though the original runs.
        let copy = TestNode(name: "copy", data: network.folder + "/copy")
        #expect(try Binary.run(["-a", nodes[0].data, copy.data], program: "/bin/cp").status == 0)
        for arguments in [["node", "status"], ["node", "run"]] {
          let refused = try Binary.run(arguments + ["--data", copy.data])
          #expect(refused.refuses(7, copy.data, "is a copy", "/a, which runs"), "\(refused.errors)")
        }
        nodes[0].signal(SIGSTOP)
        let stopped = try nodes[0].run("network", "show")
        nodes[0].signal(SIGCONT)
        #expect(stopped.status == 0 && stopped.errors.contains("is stopped"), "\(stopped.errors)")
        try nodes[0].kill()
        for node in [nodes[0], copy] {
          let shown = try node.run("network", "show")
          #expect(shown.status == 0 && shown.output.contains("Founders"), "\(shown.errors)")
          let invited = try node.run("network", "invite")
          #expect(invited.refuses(1, "does not run"), "nobody listens at \(address): \(invited.text)")
          #expect(try node.run("node", "status").refuses(1, "jointcloud node run"))
        }
      }
    }

    @Test func headsThatCannotBeKeptAreNamedByTheDoctor() throws {
      try TestNetwork.with(["a"]) { network, nodes in
        #expect(!(try nodes[0].run("doctor").output.contains("heads.json")))
        try FileManager.default.createDirectory(
          atPath: nodes[0].data + "/heads.json.new", withIntermediateDirectories: false)
        _ = try nodes[0].finish(try nodes[0].submit(try network.adding("sum", to: 2)))
        let ended = try nodes[0].run("doctor")
        #expect(ended.status == 1 && ended.output.contains("heads.json"), "\(ended.output)")
      }
    }

    @Test func aTransferThatBeganWithWrongBytesIsAskedAnewFromTheSameHolder() throws {
      try TestNetwork.with(["a", "b"], options: Self.asker) { network, nodes in
        let content = String(repeating: "what was asked for\n", count: 500)
        try network.write("in.txt", content)
        let sum = try Binary.run([network.folder + "/in.txt"], program: "/usr/bin/sha256sum").output.prefix(64)
        try network.write("b/objects/partial/\(sum)", "what somebody else sent")
        let file = try network.manifest(
          "moved",
          "inputs: [{name: t, files: in.txt}]\ncommand: [sh, -c, 'wc -c < \"$INPUT_T\"']\n"
            + "resources: {cpu: 100m, memory: 16Mi}")
        let ended = try nodes[0].run("submit", file, "--wait")
        #expect(ended.text == "\(content.utf8.count)", "\(ended.status) \(ended.errors)")
        #expect(!nodes[1].log.contains("did not come"), "\(nodes[1].log.suffix(1_500))")
      }
    }

    @Test func followingALogPrintsTheWholeOutputOfTheNextAttempt() throws {
      let free = ["b": ["sandbox": "none"]]
      try TestNetwork.with(["a", "b"], options: Self.asker, settings: free) { network, nodes in
        let file = try network.manifest(
          "twice",
          """
          script: |
            echo "of attempt $JOINTCLOUD_ATTEMPT"
            [ "$JOINTCLOUD_ATTEMPT" = 1 ] || exit 0
            until [ -e "\(network.folder)/go" ]; do sleep 0.05; done
            exit 1
          resources: {cpu: 100m, memory: 16Mi}
          retry: {attempts: 2}
          """)
        let task = try nodes[0].submit(file)
        let path = network.folder + "/followed"
        try network.write("followed", "")
        let follower = Process()
        follower.executableURL = URL(fileURLWithPath: Binary.jointcloud)
        follower.arguments = ["logs", task, "-f", "--data", nodes[0].data]
        follower.standardOutput = FileHandle(forWritingAtPath: path)
        follower.standardError = FileHandle.nullDevice
        try follower.run()
        defer { kill(follower.processIdentifier, SIGKILL) }
        func printed() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
        try until("the first attempt is followed") { try printed() == "of attempt 1\n" ? () : nil }
        // It looks again only when the second attempt is over.
        kill(follower.processIdentifier, SIGSTOP)
        try network.write("go", "")
        #expect(try nodes[0].finish(task)["task"]["state"].text == "succeeded")
        kill(follower.processIdentifier, SIGCONT)
        try until("it ends") { follower.isRunning ? nil : () }
        #expect(try printed() == "of attempt 1\nof attempt 2\n")
      }
    }

    @Test func whatANodeMakesIsItsOwnersAloneFromTheFirstMoment() throws {
      try TestNetwork.with(["a"]) { _, nodes in
        let process = try #require(nodes[0].process).processIdentifier
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        #expect(status.contains("Umask:\t0077"), "\(status)")
        var info = stat()
        #expect(stat(nodes[0].data + "/api.sock", &info) == 0 && info.st_mode & 0o777 == 0o600)
      }
    }
  }
}
