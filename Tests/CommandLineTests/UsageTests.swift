import Foundation
import Testing

@Suite struct UsageTests {
  static let nouns: [[String]] = [
    [], ["node"], ["network"], ["member"], ["collaboration"], ["participant"], ["task"], ["offer"], ["weight"],
    ["contract"], ["event"], ["ledger"], ["adapter"], ["election"],
  ]

  static let commands: [[String]] = [
    ["node", "init"], ["node", "run"], ["node", "status"], ["network", "create"], ["network", "invite"],
    ["network", "join"], ["network", "show"], ["member", "list"], ["collaboration", "create"],
    ["collaboration", "list"], ["collaboration", "show"], ["submit"], ["ps"], ["logs"], ["wait"], ["cancel"], ["get"],
    ["task", "list"], ["task", "show"], ["task", "plan"], ["task", "explain"], ["task", "logs"], ["task", "wait"],
    ["task", "cancel"], ["task", "get"], ["participant", "list"], ["offer", "list"], ["offer", "accept"],
    ["offer", "decline"], ["weight", "show"], ["event", "list"], ["event", "show"], ["trace"], ["ledger", "list"],
    ["election", "list"], ["election", "show"], ["election", "why"], ["election", "preview"], ["election", "call"],
    ["election", "transfer"], ["ledger", "show"], ["ledger", "verify"], ["adapter", "list"], ["doctor"],
    ["contract", "show"], ["demo"], ["version"],
  ]

  @Test(arguments: nouns + commands)
  func everyCommandHasHelp(command: [String]) throws {
    let ended = try Binary.run(command + ["--help"])
    #expect(ended.status == 0)
    #expect(ended.output.contains("USAGE: " + (["jointcloud"] + command).joined(separator: " ")))
    #expect(ended.errors.isEmpty)
  }

  @Test(arguments: commands)
  func anUnknownOptionIsAUsageErrorThatNamesTheHelp(command: [String]) throws {
    let ended = try Binary.run(command + ["--no-such-option"])
    #expect(ended.status == 2)
    #expect(ended.output.isEmpty)
    #expect(ended.errors.hasPrefix("error: "))
    #expect(ended.errors.contains("next: jointcloud"))
    #expect(ended.errors.contains("--help"))
  }

  @Test(arguments: nouns)
  func aNounWithoutAVerbShowsItsVerbs(noun: [String]) throws {
    let ended = try Binary.run(noun)
    #expect(ended.status == 0)
    #expect(ended.output.contains("SUBCOMMANDS"))
  }

  @Test(arguments: [
    ["bogus"], ["task", "bogus"], ["node", "init"], ["node", "init", "--name", "a/b", "--data", "x"],
    ["node", "init", "--name", "a", "--kind", "huge"], ["task", "show"], ["task", "plan"], ["ps", "-o", "xml"],
    ["event", "list", "--limit", "0"], ["ledger", "verify", "--data", "a", "--file", "b"],
    ["submit", "x.yaml", "--timeout", "1s"], ["ps"], ["ps", "--http", "ftp://x"],
    ["network", "invite", "--data", "/nowhere", "--expires", "soon"],
    ["network", "announce", "", "--data", "/nowhere"],
    ["election", "call", "x", "--data", "/nowhere"], ["election", "call", "--reason", " ", "--data", "/nowhere"],
    ["election", "call", "--reason", String(repeating: "x", count: 65), "--data", "/nowhere"],
    ["election", "call", "--reason", "x", "--person", String(repeating: "x", count: 65), "--data", "/nowhere"],
    ["election", "call", "--reason", "x", "--data", "/nowhere"],
    ["election", "call", "--reason", "x", "--person", "ada", "--timeout", "soon", "--data", "/nowhere"],
    ["election", "transfer", "--person", "ada", "--data", "/nowhere"],
    ["election", "transfer", "a", "b", "c", "--person", "ada", "--data", "/nowhere"],
    ["network", "announce", String(repeating: "x", count: 4_097), "--data", "/nowhere"],
  ])
  func usageErrorsEndWithTwo(arguments: [String]) throws {
    let ended = try Binary.run(arguments)
    #expect(ended.status == 2, "\(ended.errors)")
    #expect(ended.errors.contains("error: ") && ended.errors.contains("next: "))
    #expect(ended.output.isEmpty)
  }

  @Test func nothingInATextSteersTheTerminalOrBeginsALineOfItsOwn() throws {
    let name = "a\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\nnext: rm -rf ~"
    let ended = try Binary.run(["ps", "--data", name])
    #expect(ended.errors.contains("holds no node"))
    let lines = ended.errors.split(separator: "\n")
    #expect(lines.map { $0.prefix(6) } == ["error:", "next: "], "\(lines)")
    let steering = ended.errors.unicodeScalars.filter {
      $0 != "\n" && [.control, .format].contains($0.properties.generalCategory)
    }
    #expect(steering.isEmpty)
  }

  @Test func aNodeBehindTLSIsAddressedWithHTTPS() throws {
    let ended = try Binary.run(["ps", "--http", "https://127.0.0.1:1", "--token", "x"])
    #expect(ended.status == 1)
    #expect(ended.errors.contains("no node answers at https://127.0.0.1:1"), "\(ended.errors)")
  }

  @Test func dataThatCannotBeWrittenIsAnError() throws {
    let ended = try Binary.run(
      ["-c", "\(Binary.path) version > /dev/full; echo $?"], program: "/bin/sh")
    #expect(ended.output == "1\n")
    #expect(ended.errors.hasPrefix("error: standard output cannot be written: No space left"), "\(ended.errors)")
    #expect(ended.errors.contains("\nnext: "), "\(ended.errors)")
  }

  @Test func whatLibrariesSayOfConnectionsIsToldInPlainWords() throws {
    let ended = try Binary.run(["ps", "--http", "http://no-such-host.invalid:80", "--token", "x"])
    #expect(ended.status == 1)
    #expect(ended.errors.contains("no address is known of the host no-such-host.invalid"), "\(ended.errors)")
  }

  @Test func versionIsPrintedAndIsJSON() throws {
    #expect(try Binary.run(["--version"]).output.hasPrefix("jointcloud "))
    let json = try Binary.run(["version", "-o", "json"])
    let document = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
    #expect(document?["outputVersion"] as? Int == 1)
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func completionScriptsAreMade(shell: String) throws {
    let ended = try Binary.run(["--generate-completion-script", shell])
    #expect(ended.status == 0)
    #expect(ended.output.contains("collaboration"))
  }

  @Test func nothingIsColouredWhenItIsNotATerminal() throws {
    for environment in [[:], ["NO_COLOR": "1"]] {
      #expect(try !Binary.run(["contract", "show"], environment: environment).output.contains("\u{1b}"))
    }
  }

  @Test(arguments: [
    (["sumbit", "x.yaml"], "\"sumbit\" is no command; did you mean \"submit\"?"),
    (["task", "lst"], "\"lst\" is no command; did you mean \"list\"?"),
    (["zzzzzzzz"], "\"zzzzzzzz\" is no command\nnext: jointcloud --help\n"),
    (["member", "lst"], "did you mean \"list\"?\nnext: jointcloud member --help\n"),
  ])
  func aMisspeltVerbIsNamedWithTheOneThatIsMeant(arguments: [String], message: String) throws {
    let ended = try Binary.run(arguments)
    #expect(ended.status == 2 && ended.output.isEmpty)
    #expect(ended.errors.contains(message) && ended.errors.contains("next: jointcloud"), "\(ended.errors)")
  }
}
