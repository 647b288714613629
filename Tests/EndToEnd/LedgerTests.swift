import Foundation
import Glibc
import Testing

extension EndToEnd {
  @Suite struct LedgerTests {
    /// SQL that somebody with the file could run; both verifiers must name the entry of that number.
    private static let changes: [(sql: String, number: Int)] = [
      (
        "UPDATE entries SET bytes = CAST(replace(CAST(bytes AS TEXT), '\"number\":4', '\"number\": 4') AS BLOB) WHERE number = 4",
        4
      ),
      ("DELETE FROM entries WHERE number = 4", 4),
      (
        "INSERT INTO entries SELECT collaboration, number + 1000, hash, kind, time_ms, bytes FROM entries WHERE number = 2",
        1002
      ),
      (
        "UPDATE entries SET bytes = (SELECT bytes FROM entries e WHERE e.number = 9 - entries.number), hash = (SELECT hash FROM entries e WHERE e.number = 9 - entries.number) WHERE number IN (4, 5)",
        4
      ),
    ]

    private func change(_ path: String, _ sql: String) throws {
      let ended = try Binary.run(
        ["-c", "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()", path, sql],
        program: "/usr/bin/python3")
      guard ended.status == 0 else { throw Missed(ended.errors) }
    }

    @Test func anyChangeOfALedgerIsFoundByBothVerifiersAndACutTailByItsHeads() throws {
      try TestNetwork.with(["a", "b"]) { network, nodes in
        let detail = try nodes[0].finish(try nodes[0].submit(try network.adding("small", to: 3)))
        #expect(detail["task"]["state"].text == "succeeded")
        try nodes[1].stop()
        try nodes[0].stop()
        func copy(_ name: String, heads: Bool) throws -> String {
          let folder = network.folder + "/" + name
          try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
          try FileManager.default.copyItem(atPath: nodes[0].databasePath, toPath: folder + "/node.sqlite")
          if heads {
            try FileManager.default.copyItem(atPath: nodes[0].data + "/heads.json", toPath: folder + "/heads.json")
          }
          return folder + "/node.sqlite"
        }
        let blank = try copy("blank", heads: false)
        try network.write("blank/heads.json", "")
        let unproven = try Binary.run(["ledger", "verify", "--file", blank])
        #expect(unproven.status == 0 && unproven.output.contains("unproven"), "\(unproven.errors)")
        #expect(unproven.errors.contains("heads.json"), "\(unproven.errors)")
        let whole = try copy("whole", heads: true)
        #expect(try Binary.run(["ledger", "verify", "--file", whole]).status == 0)
        for (index, forged) in Self.changes.enumerated() {
          let path = try copy("changed\(index)", heads: true)
          try change(path, forged.sql)
          let ours = try Binary.run(["ledger", "verify", "--file", path, "-o", "json"])
          #expect(ours.status == 6 && ours.errors.contains("next: "), "\(forged.sql): \(ours.errors)")
          let found = try JSON(text: ours.output).list.flatMap { $0["findings"].list }.map { $0["number"].number }
          #expect(found.contains(forged.number), "\(forged.sql): \(found)")
          let theirs = try Verifier.check(path)
          #expect(theirs.status == 6, "\(forged.sql): \(theirs.output)")
          let numbers = try JSON(text: theirs.output)["ledgers"].list.flatMap { $0["findings"].list }
            .map { $0["number"].number }
          #expect(numbers.contains(forged.number), "\(forged.sql): \(numbers)")
        }
        let cut = """
          DELETE FROM entries WHERE number > (SELECT first - 1 FROM proposals ORDER BY first DESC LIMIT 1)
          """
        for heads in [true, false] {
          let path = try copy("cut\(heads)", heads: heads)
          try change(path, cut)
          try change(path, "DELETE FROM proposals WHERE first = (SELECT max(first) FROM proposals)")
          // The certificate of the newest decision would show the cut too.
          try change(path, "DELETE FROM certificates")
          let ours = try Binary.run(["ledger", "verify", "--file", path])
          #expect(ours.status == (heads ? 6 : 0), "\(ours.output) \(ours.errors)")
          #expect(heads ? ours.errors.contains("cut") : ours.output.contains("unproven"), "\(ours.output)")
          guard heads else { continue }
          // The same head once more says nothing more.
          let again = try Binary.run(
            ["ledger", "verify", "--file", path, "--head", nodes[0].data + "/heads.json"])
          #expect(again.errors == ours.errors && again.status == 6, "\(again.errors)")
          #expect(again.output.contains("cut: signed heads") && !again.output.contains("was given"), "\(again.output)")
        }
        let emptied = try copy("emptied", heads: true)
        try change(emptied, "DELETE FROM entries")
        let empty = try Binary.run(["ledger", "verify", "--file", emptied])
        #expect(empty.status == 6 && empty.errors.contains("entries 1 to "), "\(empty.errors)")
        #expect(empty.errors.split(separator: "\n").count == 2, "\(empty.errors)")
        #expect(try Verifier.check(emptied).status == 6)
      }
    }

    @Test func headsOfLedgersThatAreNotHeldAreNamedAndAccuseNobody() throws {
      try TestNetwork.with(["a", "b"]) { network, nodes in
        let alone = try network.make("c")
        try network.invite(alone, by: nodes[0])
        #expect(
          try nodes[0].finish(try nodes[0].submit(try network.adding("s", to: 3)))["task"]["state"].text == "succeeded")
        for node in nodes { try node.stop() }
        let heads = nodes[0].data + "/heads.json"
        try alone.start()
        try alone.stop()
        let whole = try Binary.run(["ledger", "verify", "--data", alone.data, "--head", heads])
        #expect(whole.status == 0 && whole.errors.contains("not held here"), "\(whole.output) \(whole.errors)")
        #expect(try Verifier.check(alone.databasePath, "--heads", heads).status == 0)
        try change(nodes[0].databasePath, "DELETE FROM entries")
        try change(nodes[0].databasePath, "DELETE FROM proposals")
        try change(nodes[0].databasePath, "DELETE FROM certificates")
        try FileManager.default.moveItem(atPath: heads, toPath: network.folder + "/kept.json")
        let emptied = try Binary.run(
          ["ledger", "verify", "--data", nodes[0].data, "--head", network.folder + "/kept.json"])
        #expect(emptied.status == 6 && emptied.errors.contains("cut off"), "\(emptied.output) \(emptied.errors)")
        try network.write("bad.json", "{")
        let bad = try Binary.run(
          ["ledger", "verify", "--data", alone.data, "--head", network.folder + "/bad.json"])
        #expect(bad.refuses(1, "signed heads") && !bad.errors.contains("ledger verify"), "\(bad.errors)")
      }
    }

    @Test func oneDeletedEntryIsOneSentence() throws {
      try TestNetwork.with(["a", "b"]) { network, nodes in
        #expect(
          try nodes[0].finish(try nodes[0].submit(try network.adding("s", to: 3)))["task"]["state"].text == "succeeded")
        for node in nodes { try node.stop() }
        try change(nodes[0].databasePath, "DELETE FROM entries WHERE number = 4")
        let ended = try Binary.run(["ledger", "verify", "--data", nodes[0].data])
        #expect(ended.status == 6 && ended.errors.contains("entry 4: missing"), "\(ended.errors)")
        #expect(ended.errors.split(separator: "\n").count == 2, "\(ended.errors)")
      }
    }

    @Test func aNodeThatNobodyLetInWhileItsInvitationHeldIsAProblem() throws {
      try TestNetwork.with(["a"]) { network, nodes in
        let late = try network.make("late")
        let invitation = try Binary.run(["network", "invite", "--data", nodes[0].data, "--expires", "5s"])
        #expect(try Binary.run(["network", "join", "--data", late.data, invitation.text]).status == 0)
        try nodes[0].stop()
        try late.start()
        let ended = try until("the doctor names the expired invitation") { () -> Ended? in
          let ended = try late.run("doctor")
          return ended.output.contains("the invitation has expired") ? ended : nil
        }
        #expect(ended.status == 1 && ended.output.contains("ask a founder"), "\(ended.output)")
        #expect(!(try late.run("doctor").output.contains("1970")))
      }
    }

    @Test(arguments: [SIGTERM, SIGINT]) func aStoppedNodeEndsWellAndLeavesNoSocket(signal: Int32) throws {
      try TestNetwork.with(["a"]) { network, nodes in
        let socket = try #require(nodes[0].endpoint)["socketPath"].text
        #expect(FileManager.default.fileExists(atPath: socket))
        let second = try Binary.run(["node", "run", "--data", nodes[0].data])
        #expect(second.refuses(7, "next: "), "\(second.status) \(second.errors)")
        nodes[0].signal(signal)
        #expect(try nodes[0].ended() == 0)
        #expect(!FileManager.default.fileExists(atPath: socket))
        #expect(!FileManager.default.fileExists(atPath: nodes[0].endpointPath))
      }
    }
  }
}
