import Foundation
import Testing

@Suite struct SetupTests {
  private func initialise(_ folder: String, _ name: String) throws {
    let ended = try Binary.run(["node", "init", "--data", name, "--name", name], in: folder)
    #expect(ended.status == 0, "\(ended.errors)")
  }

  @Test func aNodeIsSetUpAndInvitesAnother() throws {
    try Scratch.folder { folder in
      try initialise(folder, "a")
      try initialise(folder, "b")
      let network = try Binary.run(["network", "create", "--data", "a", "--name", "net"], in: folder)
      #expect(network.status == 0)
      #expect(network.output.count == 65)
      let invitation = try Binary.run(
        ["network", "invite", "--data", "a", "--address", "127.0.0.1:4000"], in: folder)
      #expect(invitation.output.hasPrefix("jc1"))
      let joined = try Binary.run(
        ["network", "join", "-"], in: folder, environment: ["JOINTCLOUD_DATA": "b"], input: invitation.output)
      #expect(joined.output == network.output)
      let shown = try Binary.run(["network", "show", "--data", "b", "-o", "json"], in: folder)
      let document = try JSONSerialization.jsonObject(with: Data(shown.output.utf8)) as? [String: Any]
      #expect(document?["name"] as? String == "net")
      #expect(document?["isFounder"] as? Bool == false)
    }
  }

  @Test func anAllowListLetsInTheNamedNodeAndNoOther() throws {
    try Scratch.folder { folder in
      for name in ["a", "b", "c"] { try initialise(folder, name) }
      func run(_ arguments: String...) throws -> Binary.Ended { try Binary.run(arguments, in: folder) }
      #expect(try run("network", "create", "--data", "a", "--name", "net", "--admission", "allow-list").status == 0)
      let invited = try run("network", "invite", "--data", "a", "--address", "127.0.0.1:4000")
      #expect(invited.status == 8 && invited.errors.contains("next: ") && invited.errors.contains("network allow"))
      let id = try run("node", "id", "--data", "b").output.trimmingCharacters(in: .whitespacesAndNewlines)
      #expect(id.count == 64)
      #expect(try run("network", "allow", "--data", "a", String(id.prefix(8))).status == 2)
      let allowed = try run("network", "allow", "--data", "a", id, "--address", "127.0.0.1:4000")
      #expect(allowed.output.hasPrefix("jc1") && allowed.errors.contains("no secret"), "\(allowed.errors)")
      let text = allowed.output.trimmingCharacters(in: .whitespacesAndNewlines)
      let other = try run("network", "join", "--data", "c", text)
      #expect(other.status == 8 && other.errors.contains("alone"), "\(other.errors)")
      #expect(try run("network", "join", "--data", "b", text).status == 0)
      let shown = try run("network", "show", "--data", "b", "-o", "json")
      let document = try JSONSerialization.jsonObject(with: Data(shown.output.utf8)) as? [String: Any]
      #expect(document?["admission"] as? [String: Bool] == ["allowList": true, "invitation": false, "vote": false])
      #expect(document?["joinableUntilMilliseconds"] is Int)
      let member = try run("network", "allow", "--data", "b", id, "--address", "127.0.0.1:4000")
      #expect(member.status == 8 && member.errors.contains("did not found"), "\(member.errors)")
    }
  }

  @Test func anAddressThatNobodyCanDialIsRefusedWithOneThatWouldDo() throws {
    try Scratch.folder { folder in
      try initialise(folder, "a")
      #expect(try Binary.run(["network", "create", "--data", "a", "--name", "net"], in: folder).status == 0)
      for (address, what) in [
        ("foo", "is not HOST:PORT"), ("10.0.0.1:0", "port 0 is not from 1 to 65535"), (":7400", "is not HOST:PORT"),
        ("[::1]:99999", "port 99999 is not from 1 to 65535"), ("a:b:1", "is not HOST:PORT"),
      ] {
        let ended = try Binary.run(["network", "invite", "--data", "a", "--address", address], in: folder)
        #expect(ended.status == 2 && ended.output.isEmpty && ended.errors.contains(what), "\(ended.errors)")
        // What is advised works.
        let next = try #require(ended.errors.split(separator: "\n").last { $0.hasPrefix("next: ") }).dropFirst(6)
        let again = try Binary.run(
          ["network", "invite", "--data", "a"] + next.split(separator: " ").map(String.init), in: folder)
        #expect(again.status == 0 && again.output.hasPrefix("jc1"), "\(next): \(again.errors)")
      }
      let listen = try Binary.run(["node", "run", "--data", "a", "--listen", "127.0.0.1:99999"], in: folder)
      #expect(listen.status == 2 && listen.errors.contains("port 99999 is not from 0 to 65535"), "\(listen.errors)")
      let http = try Binary.run(["node", "run", "--data", "a", "--http", "no-such-host.invalid:0"], in: folder)
      #expect(http.status == 1 && http.errors.contains("no address is known of the host no-such-host.invalid"))
      #expect(http.errors.contains("next: --http HOST:PORT"), "\(http.errors)")
      let foreign = try Binary.run(["node", "run", "--data", "a", "--http", "192.0.2.1:0"], in: folder)
      #expect(foreign.errors.contains("cannot listen on 192.0.2.1:0: Cannot assign requested address"))
      #expect(!foreign.errors.contains("descriptor"), "\(foreign.errors)")
    }
  }

  @Test func whoMayNotInviteHearsThatFirst() throws {
    try Scratch.folder { folder in
      for name in ["a", "b"] { try initialise(folder, name) }
      func run(_ arguments: String...) throws -> Binary.Ended { try Binary.run(arguments, in: folder) }
      #expect(try run("network", "create", "--data", "a", "--name", "net", "--admission", "allow-list").status == 0)
      let closed = try run("network", "invite", "--data", "a")
      #expect(closed.status == 8 && closed.errors.contains("admits nobody by invitation"), "\(closed.errors)")
      let id = try run("node", "id", "--data", "b").output.trimmingCharacters(in: .whitespacesAndNewlines)
      let text = try run("network", "allow", "--data", "a", id, "--address", "127.0.0.1:4000").output
      #expect(try run("network", "join", "--data", "b", text.trimmingCharacters(in: .newlines)).status == 0)
      for command in [["invite"], ["allow", id]] {
        let ended = try Binary.run(["network"] + command + ["--data", "b"], in: folder)
        #expect(ended.status == 8 && ended.errors.contains("did not found this network"), "\(ended.errors)")
      }
    }
  }

  @Test func moreThanTheMachineHasIsOfferedWithAWarning() throws {
    try Scratch.folder { folder in
      let plenty = try Binary.run(
        ["node", "init", "--data", "a", "--name", "a", "--cpu", "9000", "--memory", "100000Gi"], in: folder)
      #expect(plenty.status == 0)
      let warning = plenty.errors.split(separator: "\n").first { $0.hasPrefix("warning: ") } ?? ""
      #expect(warning.contains("9000 cpu, and this machine has") && warning.contains("97.6Ti"), "\(plenty.errors)")
      let modest = try Binary.run(["node", "init", "--data", "b", "--name", "b", "--cpu", "100m"], in: folder)
      #expect(modest.status == 0 && !modest.errors.contains("warning"), "\(modest.errors)")
    }
  }

  @Test func theOwnerIsWhomTheHelpNames() throws {
    try Scratch.folder { folder in
      for (name, environment, owner) in [
        ("a", ["USER": "somebody", "LOGNAME": "other"], "somebody"), ("b", ["LOGNAME": "other"], "other"),
        ("c", [:], "c"),
        ("d", ["USER": "not a name"], "d"),
      ] {
        let made = try Binary.run(
          ["node", "init", "--data", name, "--name", name], in: folder, environment: environment)
        #expect(made.status == 0)
        let text = try String(contentsOfFile: "\(folder)/\(name)/node.yaml", encoding: .utf8)
        #expect(text.contains("owner: \(owner)\n") || text.contains("owner: \"\(owner)\"\n"), "\(text)")
      }
      let help = try Binary.run(["node", "init", "--help"]).output.split(whereSeparator: \.isWhitespace)
      #expect(help.joined(separator: " ").contains("the user at login (USER or LOGNAME), or the node's name"))
    }
  }

  @Test func whereNoFolderCanBeMadeThatIsSaid() throws {
    let ended = try Binary.run(["node", "init", "--data", "/proc/none", "--name", "a"])
    #expect(ended.status == 1 && ended.errors.contains("cannot make the folder /proc/none"), "\(ended.errors)")
    #expect(ended.errors.contains("next: choose another place with --data\n"), "\(ended.errors)")
  }

  @Test func aFolderInUseIsAConflict() throws {
    try Scratch.folder { folder in
      try initialise(folder, "a")
      let again = try Binary.run(["node", "init", "--data", "a", "--name", "a"], in: folder)
      #expect(again.status == 7)
      #expect(again.errors.contains("next: jointcloud node run --data a"))
    }
  }

  @Test func invitationsThatAreAlteredExpiredOrForAnotherNetworkAreRefused() throws {
    try Scratch.folder { folder in
      for name in ["a", "b", "c"] { try initialise(folder, name) }
      for name in ["a", "c"] {
        #expect(try Binary.run(["network", "create", "--data", name, "--name", name], in: folder).status == 0)
      }
      func invite(_ expires: String) throws -> String {
        try Binary.run(
          ["network", "invite", "--data", "a", "--address", "127.0.0.1:4000", "--expires", expires], in: folder
        ).output.trimmingCharacters(in: .whitespacesAndNewlines)
      }
      let good = try invite("1h")
      let middle = good.index(good.startIndex, offsetBy: good.count / 2)
      let altered = good.replacingCharacters(in: middle...middle, with: good[middle] == "A" ? "B" : "A")
      for (text, status, fault) in [
        (altered, Int32(1), "altered"), (String(good.dropLast(5)), 1, "altered"), ("jc2" + good.dropFirst(3), 1, "jc1"),
      ] {
        let ended = try Binary.run(["network", "join", "--data", "b", text], in: folder)
        #expect(ended.status == status)
        #expect(ended.errors.contains(fault), "\(ended.errors)")
        #expect(ended.errors.contains("next: "))
      }
      let brief = try invite("1s")
      var late: Binary.Ended?
      // The clock is the system's: nothing but asking again shows when the second is over.
      try Scratch.folder { other in
        for number in 0..<200 where late == nil {
          try initialise(other, "n\(number)")
          let ended = try Binary.run(["network", "join", "--data", "n\(number)", brief], in: other)
          if ended.status != 0 { late = ended }
        }
      }
      let refusal = try #require(late).errors
      #expect(refusal.contains("the invitation expired at 2") && refusal.contains(" UTC\n"), "\(refusal)")
      #expect(refusal.components(separatedBy: "ask a founder").count == 2, "\(refusal)")
      let other = try Binary.run(["network", "join", "--data", "c", good], in: folder)
      #expect(other.status == 7)
      #expect(other.errors.contains("belongs to network"))
      let stranger = try Binary.run(["network", "invite", "--data", "b", "--address", "127.0.0.1:1"], in: folder)
      #expect(stranger.status == 1)
      #expect(stranger.errors.contains("network create"))
    }
  }

  @Test func anInvitationHoldsForATimeWithinBoundsAndSaysWhomItLetsIn() throws {
    try Scratch.folder { folder in
      try initialise(folder, "a")
      #expect(try Binary.run(["network", "create", "--data", "a", "--name", "net"], in: folder).status == 0)
      func invite(_ expires: String) throws -> Binary.Ended {
        try Binary.run(
          ["network", "invite", "--data", "a", "--address", "127.0.0.1:4000", "--expires", expires], in: folder)
      }
      for bad in ["0s", "999ms", "721h", "9999999h"] {
        let ended = try invite(bad)
        #expect(ended.status == 2 && ended.errors.contains("30 days"), "\(bad): \(ended.status) \(ended.errors)")
      }
      for bad in ["0", "4097", "-1"] {
        let ended = try Binary.run(
          ["network", "invite", "--data", "a", "--address", "127.0.0.1:4000", "--nodes=\(bad)"], in: folder)
        #expect(ended.status == 2 && ended.errors.contains("1 to 1000"), "\(bad): \(ended.status) \(ended.errors)")
      }
      let several = try Binary.run(
        ["network", "invite", "--data", "a", "--address", "127.0.0.1:4000", "--nodes", "3"], in: folder)
      let lines = several.output.split(separator: "\n")
      #expect(several.status == 0 && lines.count == 3 && Set(lines).count == 3, "\(several.output)")
      #expect(lines.allSatisfy { $0.hasPrefix("jc1") } && several.errors.contains("the first node that has a line"))
      try initialise(folder, "b")
      let all = try Binary.run(["network", "join", "--data", "b", several.output], in: folder)
      #expect(all.status != 0 && all.errors.contains("each node takes one of its own"), "\(all.errors)")
      for good in ["1s", "720h"] {
        let ended = try invite(good)
        #expect(ended.status == 0, "\(good): \(ended.errors)")
        #expect(ended.errors.contains("the first node that has it may join"), "\(good): \(ended.errors)")
      }
    }
  }

  @Test func aMembershipOfAnotherNodeIsNamedWithBothFiles() throws {
    try Scratch.folder { folder in
      for name in ["a", "b"] {
        try initialise(folder, name)
        #expect(try Binary.run(["network", "create", "--data", name, "--name", name], in: folder).status == 0)
      }
      try FileManager.default.removeItem(atPath: folder + "/a/network.json")
      try FileManager.default.copyItem(atPath: folder + "/b/network.json", toPath: folder + "/a/network.json")
      for command in [["node", "run"], ["doctor"]] {
        let ended = try Binary.run(command + ["--data", "a"], in: folder)
        let text = ended.output + ended.errors
        #expect(ended.status != 0 && text.contains("signing.key") && text.contains("network.json"), "\(text)")
        #expect(text.contains("restore both") && !text.contains("invite"), "\(text)")
      }
    }
  }

  @Test func aKeyThatOthersCanReadIsRefused() throws {
    try Scratch.folder { folder in
      try initialise(folder, "a")
      let key = folder + "/a/keys/root.key"
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
      let ended = try Binary.run(["network", "create", "--data", "a", "--name", "net"], in: folder)
      #expect(ended.status == 8)
      #expect(ended.errors.contains("next: chmod 600 \(key)"))
      let doctor = try Binary.run(["doctor", "--data", "a", "-o", "json"], in: folder)
      #expect(doctor.status == 1)
      #expect(try JSONSerialization.jsonObject(with: Data(doctor.output.utf8)) is [Any])
      #expect(doctor.output.contains("chmod 600"))
    }
  }

  @Test func aConfigurationWithAMistakeIsNamedByLine() throws {
    try Scratch.folder { folder in
      try initialise(folder, "a")
      let path = folder + "/a/node.yaml"
      let text = try String(contentsOfFile: path, encoding: .utf8).replacing("sandbox:", with: "sandbxo:")
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      let ended = try Binary.run(["node", "run", "--data", "a"], in: folder)
      #expect(ended.status == 1)
      #expect(ended.errors.contains("did you mean \"sandbox\"?"))
      #expect(ended.errors.contains("node.yaml:"))
    }
  }

  @Test(arguments: [
    ["ps"], ["member", "list"], ["node", "status"], ["wait", "last"], ["ledger", "list"], ["collaboration", "list"],
  ])
  func aNodeThatDoesNotRunIsNamedWithTheCommandThatStartsIt(command: [String]) throws {
    try Scratch.folder { folder in
      let nothing = try Binary.run(command + ["--data", "a"], in: folder)
      #expect(nothing.status == 1)
      #expect(nothing.errors.contains("next: jointcloud node init --data a"))
      try initialise(folder, "a")
      let stopped = try Binary.run(command + ["--data", "a"], in: folder)
      #expect(stopped.status == 1)
      #expect(stopped.errors.contains("next: jointcloud node run --data a"))
      #expect(stopped.output.isEmpty)
    }
  }

  @Test func aManifestWithMistakesIsRefusedBeforeAnythingIsAsked() throws {
    try Scratch.folder { folder in
      try initialise(folder, "a")
      let text = "apiVersion: jointcloud/v1\nkind: Task\nmetadata: {name: x}\nspec: {comand: [true]}\n"
      try text.write(toFile: folder + "/task.yaml", atomically: true, encoding: .utf8)
      let ended = try Binary.run(["submit", "task.yaml", "--data", "a"], in: folder)
      #expect(ended.status == 1)
      #expect(ended.errors.contains("task.yaml:4:"))
      #expect(ended.errors.contains("did you mean \"command\"?"))
    }
  }

  @Test func aFileThatIsNoDatabaseIsRefused() throws {
    try Scratch.folder { folder in
      try "not a database".write(toFile: folder + "/copy.sqlite", atomically: true, encoding: .utf8)
      for path in ["copy.sqlite", "missing.sqlite"] {
        let ended = try Binary.run(["ledger", "verify", "--file", path], in: folder)
        #expect(ended.status == 1)
        #expect(ended.errors.hasPrefix("error: "))
        // What was just typed is no advice.
        #expect(!ended.errors.contains("ledger verify --file \(path)"), "\(ended.errors)")
        #expect(ended.errors.contains("next: "), "\(ended.errors)")
      }
    }
  }

  @Test func whatIsPrintedToTypeNextCanBePastedWhateverTheFoldersName() throws {
    try Scratch.folder { folder in
      let name = "a node's folder, é"
      let made = try Binary.run(["node", "init", "--data", name, "--name", "a"], in: folder)
      let hint = try #require(made.errors.split(separator: "\n").last { $0.hasPrefix("next: ") })
      let command = try #require(hint.dropFirst("next: ".count).components(separatedBy: " --name NAME, or").first)
      let script = folder + "/next.sh"
      try Data("\(Binary.path) \(command.dropFirst("jointcloud ".count)) --name net\n".utf8).write(
        to: URL(fileURLWithPath: script))
      let shell = Process()
      shell.executableURL = URL(fileURLWithPath: "/bin/sh")
      shell.arguments = [script]
      shell.currentDirectoryURL = URL(fileURLWithPath: folder)
      try shell.run()
      shell.waitUntilExit()
      #expect(shell.terminationStatus == 0, "\(command)")
      let shown = try Binary.run(["network", "show", "--data", name, "-o", "json"], in: folder)
      #expect(shown.status == 0, "the network was founded: \(shown.errors)")
    }
  }

  @Test func aFolderWithOthersFilesIsNotTaken() throws {
    try Scratch.folder { folder in
      try Data("mine\n".utf8).write(to: URL(fileURLWithPath: folder + "/diary.txt"))
      let refused = try Binary.run(["node", "init", "--data", folder, "--name", "a"], in: folder)
      #expect(refused.status == 7 && refused.errors.contains("diary.txt"), "\(refused.errors)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["diary.txt"], "nothing was made")
      try FileManager.default.createDirectory(atPath: folder + "/disk/lost+found", withIntermediateDirectories: true)
      let taken = try Binary.run(["node", "init", "--data", folder + "/disk", "--name", "a"], in: folder)
      #expect(taken.status == 0, "a new file system's own folder is nobody's: \(taken.errors)")
      // Who has lost its configuration keeps its keys.
      let node = try Binary.run(["node", "id", "--data", folder + "/disk"], in: folder).output
      _ = try Binary.run(["network", "create", "--data", folder + "/disk", "--name", "net"], in: folder)
      try FileManager.default.removeItem(atPath: folder + "/disk/node.yaml")
      let again = try Binary.run(["node", "init", "--data", folder + "/disk", "--name", "a"], in: folder)
      #expect(again.status == 0 && again.output == node, "\(again.errors)")
      let says = ["are kept", "next: jointcloud node run"].allSatisfy(again.errors.contains)
      #expect(says, "\(again.errors)")
    }
  }

  @Test func whatTheNodeCouldNotReadAgainIsNotWritten() throws {
    try Scratch.folder { folder in
      let refused = try Binary.run(["node", "init", "--data", "a", "--name", "a", "--price", "11"], in: folder)
      #expect(refused.status == 1 && refused.errors.contains("price"), "\(refused.errors)")
      #expect(!FileManager.default.fileExists(atPath: folder + "/a"))
    }
  }

  @Test func severalInvitationsAtOnceAreRefusedWithoutBeingShown() throws {
    try Scratch.folder { folder in
      try initialise(folder, "a")
      let secrets = ["jc1AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "jc1BBBBBBBBBBBBBBBBBBBBBBBBBBBB"]
      let ended = try Binary.run(["network", "join", "--data", "a"] + secrets, in: folder)
      #expect(ended.status == 2)
      #expect(secrets.allSatisfy { !ended.errors.contains($0) }, "\(ended.errors)")
      let slip = try Binary.run(["network", secrets[0], "--data", "a"], in: folder)
      #expect(slip.status == 2 && !slip.errors.contains(secrets[0]), "\(slip.errors)")
    }
  }

  @Test func eachCommandOfANextStepNamesTheFolder() throws {
    try Scratch.folder { folder in
      try initialise(folder, "a")
      let founding = ["network", "create", "--data", "a", "--name", "net", "--admission", "allow-list"]
      _ = try Binary.run(founding, in: folder)
      let ended = try Binary.run(["network", "invite", "--data", "a", "--address", "127.0.0.1:7400"], in: folder)
      #expect(ended.errors.contains("jointcloud network allow NODE --data a"), "\(ended.errors)")
    }
  }

  @Test func aNextStepNamesTheFolderThatTheCommandNamed() throws {
    try Scratch.folder { folder in
      try initialise(folder, "a")
      _ = try Binary.run(["network", "create", "--data", "a", "--name", "net"], in: folder)
      try Data(repeating: 7, count: 8_192).write(to: URL(fileURLWithPath: folder + "/a/node.sqlite"))
      let ended = try Binary.run(["node", "run", "--data", "a"], in: folder)
      #expect(ended.status == 1)
      #expect(ended.errors.contains("next: jointcloud doctor --data a"), "\(ended.errors)")
      let doctor = try Binary.run(["doctor", "--data", "a", "-o", "json"], in: folder)
      let findings = try JSONSerialization.jsonObject(with: Data(doctor.output.utf8)) as? [[String: Any]]
      let database = try #require(findings?.first { $0["subject"] as? String == "database" })
      #expect(database["ok"] as? Bool == false)
      #expect((database["detail"] as? String)?.contains("node.sqlite") == true)
    }
  }
}
