import Foundation
import Glibc
import Testing

extension EndToEnd {
  @Suite struct BadInputTests {
    private func python(_ script: String, _ arguments: String...) throws -> Ended {
      try Binary.run(["-c", script] + arguments, program: "/usr/bin/python3")
    }

    /// What a node that cannot start says.
    private func refusedStart(_ node: TestNode, environment: [String: String] = [:], _ options: [String] = []) throws
      -> Ended
    {
      try Binary.run(["node", "run", "--data", node.data] + options, environment: environment, seconds: 30)
    }

    @Test func manifestsThatAreWrongNameTheirLineAndFieldAndNothingStarts() throws {
      try TestNetwork.with(["a"]) { network, nodes in
        let head = "apiVersion: jointcloud/v1\nkind: Task\nmetadata: {name: bad}\nspec:\n"
        for (text, parts) in [
          ("  comand: [\"true\"]\n", ["bad.yaml:5:3: spec.comand", "did you mean \"command\"?"]),
          ("  command: [\"true\"]\n  resources: {cpu: 500x}\n", ["bad.yaml:6:", "spec.resources.cpu", "500m"]),
          ("  command: [\"true\"]\n  timeouts: {total: 5 parsecs}\n", ["bad.yaml:6:", "spec.timeouts.total"]),
          (
            "  command: [\"true\"]\n  inputs: [{name: x, files: \"none/*\", split: byFile}]\n",
            ["bad.yaml:6:", "spec.inputs[0].files", "none/*"]
          ),
        ] {
          try network.write("bad.yaml", head + text)
          let ended = try nodes[0].run("submit", "bad.yaml")
          #expect(ended.status == 1 && ended.errors.contains("next: "), "\(ended.status) \(ended.errors)")
          for part in parts { #expect(ended.errors.contains(part), "\(part) in \(ended.errors)") }
        }
        let absent = try nodes[0].run("submit", "no-such.yaml")
        #expect(absent.refuses(1, "no-such.yaml", "next: "), "\(absent.errors)")
        try FileManager.default.createSymbolicLink(
          atPath: network.folder + "/gone.txt", withDestinationPath: network.folder + "/nowhere.txt")
        let file = try network.manifest("gone", "inputs: [{name: x, files: gone.txt}]\ncommand: [\"true\"]")
        let ended = try nodes[0].run("submit", file)
        #expect(ended.refuses(1, "gone.txt", "next: "), "\(ended.status) \(ended.errors)")
        #expect(try nodes[0].ask("task", "list").list.isEmpty)
      }
    }

    @Test func aPortInUseIsNamedWithTheOptionThatChoosesAnother() throws {
      try TestNetwork.with(["a"]) { network, nodes in
        let address = try #require(nodes[0].endpoint)["listenAddress"].text
        let other = try network.make("other")
        try network.found(other)
        let ended = try refusedStart(other, ["--listen", address])
        #expect(ended.refuses(1, address, "--listen"), "\(ended.status) \(ended.errors)")
        #expect(ended.output.isEmpty, "it says that it is ready: \(ended.output)")
        let guest = try network.make("guest")
        try network.invite(guest, by: nodes[0])
        let http = try refusedStart(guest, ["--http", address])
        #expect(http.refuses(1, address, "--http"), "\(http.status) \(http.errors)")
        #expect(http.output.isEmpty, "it says that it is ready: \(http.output)")
        #expect(try nodes[0].ask("member", "list").list.count == 1, "a node that did not start was met")
      }
    }

    @Test func aFolderOfAnotherNetworkIsRefused() throws {
      try TestNetwork.with(["a"]) { network, nodes in
        try nodes[0].stop()
        let other = try network.make("other")
        try network.found(other)
        try FileManager.default.copyItem(atPath: nodes[0].databasePath, toPath: other.databasePath)
        let ended = try refusedStart(other)
        #expect(ended.refuses(7, "belongs to network", "next: "), "\(ended.status) \(ended.errors)")
      }
    }

    @Test func aKeyThatOthersCanReadStopsTheStart() throws {
      try TestNetwork.with(["a"]) { _, nodes in
        try nodes[0].stop()
        let key = nodes[0].data + "/keys/signing.key"
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
        let ended = try refusedStart(nodes[0])
        #expect(ended.refuses(8, "next: chmod 600"), "\(ended.status) \(ended.errors)")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
        try nodes[0].start()
      }
    }

    @Test func aKeyThatIsElsewhereIsANoteAndAMissingSigningKeyAProblem() throws {
      try TestNetwork.with(["a"]) { _, nodes in
        func keys() throws -> JSON {
          let findings = try JSON(text: try nodes[0].run("doctor", "-o", "json").output).list
          return try #require(findings.first { $0["subject"].text == "keys" })
        }
        func move(_ key: String, away: Bool) throws {
          let places = [key, key + ".away"].map { nodes[0].data + "/keys/" + $0 }
          try FileManager.default.moveItem(atPath: places[away ? 0 : 1], toPath: places[away ? 1 : 0])
        }
        try move("root.key", away: true)
        #expect(try keys()["ok"].number == 1 && keys()["detail"].text.contains("root.key"))
        try move("signing.key", away: true)
        #expect(try keys()["ok"].number == 0 && keys()["remedy"].text.contains("copy of this folder"))
        try move("root.key", away: false)
        try move("signing.key", away: false)
        #expect(try keys()["remedy"].text == "")
      }
    }

    @Test func aLockedDatabaseIsNamedAndWorksOnceItIsFree() throws {
      try TestNetwork.with(["a"]) { network, nodes in
        try nodes[0].stop()
        let holder = Process()
        holder.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        let script = """
          import sqlite3, sys
          c = sqlite3.connect(sys.argv[1], isolation_level=None)
          c.execute("BEGIN EXCLUSIVE"); open(sys.argv[2], "w").close(); sys.stdin.read()
          """
        let held = network.folder + "/held"
        holder.arguments = ["-c", script, nodes[0].databasePath, held]
        let pipe = Pipe()
        holder.standardInput = pipe
        try holder.run()
        defer { kill(holder.processIdentifier, SIGKILL) }
        try until("the database is held") { FileManager.default.fileExists(atPath: held) ? () : nil }
        let left = nodes[0].data + "/work/left"
        try FileManager.default.createDirectory(atPath: left, withIntermediateDirectories: true)
        let ended = try refusedStart(nodes[0])
        #expect(ended.refuses(7, "node.sqlite", "locked", "next: "), "\(ended.status) \(ended.errors)")
        #expect(!FileManager.default.fileExists(atPath: left), "work that fills the disk gives way to the database")
        try pipe.fileHandleForWriting.close()
        holder.waitUntilExit()
        try nodes[0].start()
      }
    }

    @Test func aCorruptDatabaseIsNamedWithWhatToDo() throws {
      try TestNetwork.with(["a", "b"]) { network, nodes in
        let detail = try nodes[0].finish(try nodes[0].submit(try network.adding("some", to: 3)))
        #expect(detail["task"]["state"].text == "succeeded")
        try nodes[0].stop()
        let damage = """
          import sys
          f = open(sys.argv[1], "r+b"); f.seek(0, 2); n = f.tell(); f.seek(4096)
          f.write(b"\\xa5" * (min(n, 65536) - 4096))
          """
        #expect(try python(damage, nodes[0].databasePath).status == 0)
        let ended = try refusedStart(nodes[0])
        #expect(ended.refuses(1, "node.sqlite", "damaged", "next: "), "\(ended.status) \(ended.errors)")
        #expect(FileManager.default.fileExists(atPath: nodes[0].databasePath))
      }
    }

    @Test(arguments: ["ENOSPC", "EIO"]) func aDiskThatFailsEndsTheProcessAndLosesNothing(failure: String) throws {
      try TestNetwork.with(["a", "b"]) { network, nodes in
        let file = try network.adding("before", to: 3)
        let first = try nodes[0].finish(try nodes[0].submit(file))
        let collaboration = first["task"]["collaboration"].text
        try nodes[0].stop()
        // From the commit of the next submission on.
        let gate = network.folder + "/the-disk-fails"
        try nodes[0].start(environment: [
          "JOINTCLOUD_FAIL_POINT": "before-commit:1:\(failure)", "JOINTCLOUD_FAIL_POINT_FILE": gate,
        ])
        try network.meet()
        try network.write("the-disk-fails", "")
        let cut = try nodes[0].run("submit", file, seconds: 20)
        #expect(cut.refuses(1), "\(cut.status) \(cut.errors)")
        #expect(try nodes[0].ended(seconds: 15) == 1)
        let log = nodes[0].log
        let cause = failure == "EIO" ? "the disk failed under" : "no space left for"
        #expect(log.contains("error: \(cause)") && log.contains("next: "), "\(log.suffix(1_500))")
        try nodes[0].start()
        #expect(try nodes[0].run("task", "get", first["task"]["task"].text, "--stdout").text == "6")
        let again = try nodes[0].finish(try nodes[0].submit(file))
        #expect(again["task"]["state"].text == "succeeded")
        #expect(try nodes[0].head(collaboration) != nil)
        try network.requireEqualLedgers(of: again["task"], at: nodes)
      }
    }

    @Test func aStrangerSeesAndSaysNothingAndIsCounted() throws {
      try TestNetwork.with(["a", "b"]) { network, nodes in
        // Of another network, with its founder's address replaced by that of a node here.
        let address = try #require(nodes[0].endpoint)["listenAddress"].text
        let founder = try network.make("founder")
        let stranger = try network.make("stranger")
        try network.found(founder, "elsewhere")
        let invitation = try Binary.run(["network", "invite", "--data", founder.data, "--address", address])
        #expect(try Binary.run(["network", "join", "--data", stranger.data, invitation.text]).status == 0)
        try stranger.start()
        try until("a counts the stranger") { () -> Void? in
          try nodes[0].ask("node", "status")["dropped"]["overlay: otherNetwork"].number > 0 ? () : nil
        }
        #expect(try stranger.ask("member", "list").list.count < 2)
        let doctor = try Binary.run(["doctor", "--data", stranger.data])
        #expect(doctor.text.contains("no other member was met yet") && doctor.text.contains(address), "\(doctor.text)")
        let members = try nodes[0].ask("member", "list").list.map { $0["name"].text }
        #expect(members.sorted() == ["a", "b"])
        #expect(nodes[0].isRunning)
      }
    }

    @Test func aPeerThatSendsGarbageIsCountedAndTheNodeLives() throws {
      try TestNetwork.with(["a", "b"]) { network, nodes in
        let address = try #require(nodes[0].endpoint)["listenAddress"].text
        let script = """
          import os, socket, struct, sys
          host, port = sys.argv[1].rsplit(":", 1)
          for data in [os.urandom(4096), b"GET / HTTP/1.1\\r\\n\\r\\n", struct.pack(">I", 2**32 - 1), b"\\0" * 100,
                       struct.pack(">I", 40) + os.urandom(40)]:
            s = socket.create_connection((host, int(port))); s.settimeout(10)
            try:
              s.sendall(data); s.shutdown(socket.SHUT_WR)
              while s.recv(4096): pass
            except OSError: pass
            s.close()
          """
        let ended = try python(script, address)
        #expect(ended.status == 0, "\(ended.errors)")
        try until("a counts the garbage") { () -> Void? in
          try nodes[0].ask("node", "status")["dropped"].fields.values.contains { $0.number > 0 } ? () : nil
        }
        let right = try nodes[0].run("submit", try network.adding("after", to: 3), "--wait")
        #expect(right.text == "6", "\(right.errors)")
      }
    }

    @Test func anInvitationIsRefusedWhenExpiredAlteredOrForAnotherNetwork() throws {
      try TestNetwork.with(["a"]) { network, nodes in
        let b = try network.make("b")
        let founder = try network.make("c")
        try network.found(founder)
        let good = try Binary.run(["network", "invite", "--data", nodes[0].data]).text
        let expired = try Binary.run(["network", "invite", "--data", nodes[0].data, "--expires", "1s"]).text
        let clock = ContinuousClock.now
        try until("the second is over") { ContinuousClock.now - clock > .milliseconds(1_100) ? () : nil }
        let middle = good.index(good.startIndex, offsetBy: good.count / 2)
        let altered = good.replacingCharacters(in: middle...middle, with: good[middle] == "A" ? "B" : "A")
        for (node, text, status, fault) in [
          (b, expired, Int32(1), "expired"), (b, altered, 1, "altered"), (founder, good, 7, "belongs to network"),
        ] {
          let ended = try Binary.run(["network", "join", "--data", node.data, text])
          #expect(ended.refuses(status, fault, "next: "), "\(fault): \(ended.status) \(ended.errors)")
        }
        // None of that spoilt the folder.
        #expect(try Binary.run(["network", "join", "--data", b.data, good]).status == 0)
        try b.start()
        #expect(try b.ask("node", "status")["name"].text == "b")
      }
    }
  }
}
