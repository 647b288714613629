import Foundation
import Testing

extension EndToEnd {
  /// How answers are laid out, and what is said where there is none.
  @Suite struct AnswerTests {
    @Test func aPortInUseAndAMissingTokenAreToldWithWhatHelps() throws {
      try TestNetwork.with { network in
        let (node, other) = (try network.make("a"), try network.make("b"))
        for node in [node, other] { try network.found(node) }
        try node.start(arguments: ["--http", "127.0.0.1:0"])
        let endpoint = try #require(node.endpoint)
        let (listen, http) = (endpoint["listenAddress"].text, endpoint["httpAddress"].text)
        for (option, address) in [("--listen", listen), ("--http", http)] {
          let ended = try other.run("node", "run", option, address)
          let port = address.split(separator: ":").last ?? ""
          #expect(ended.refuses(1, "\(address) (TCP) is in use", option), "\(ended.errors)")
          #expect(ended.errors.contains("next: ss -ltunp | grep :\(port) "), "\(ended.errors)")
        }
        let ask = ["member", "list", "--http", "http://" + http]
        for (token, said) in [([], "no token was given"), (["--token", "x"], "the token is not this node's")] {
          let ended = try Binary.run(ask + token)
          #expect(ended.refuses(8, said, "keys/api.token", "JOINTCLOUD_TOKEN"), "\(ended.errors)")
        }
      }
    }

    @Test func whatIsNotKnownIsAbsent() throws {
      try TestNetwork.with(["a", "b"]) { network, nodes in
        #expect(try nodes[0].ask("node", "status").fields["httpAddress"] == nil)
        #expect(nodes[0].endpoint?.fields["httpAddress"] == nil)
        #expect(try nodes[0].ask("member", "show", "b").fields["owner"] == nil)
        #expect(try nodes[0].ask("member", "show", "a")["owner"].text == "a")
        try nodes[1].stop()
        try nodes[1].start(arguments: ["--http", "127.0.0.1:0"])
        #expect(try nodes[1].ask("node", "status")["httpAddress"].text == nodes[1].endpoint?["httpAddress"].text)
      }
    }

    @Test func listsThatAreWatchedHaveALineEach() throws {
      try TestNetwork.with(["a", "b"]) { network, nodes in
        let terminal = try Terminal(
          ["member", "list", "--watch", "-o", "jsonl", "--data", nodes[0].data], columns: 4_000,
          environment: ["TERM": "dumb"], in: network.folder)
        func lists() -> [[String]] {
          terminal.text.split(whereSeparator: \.isNewline).compactMap { line in
            (try? JSON(text: String(line)))?.list.map { $0["name"].text + " " + $0["state"].text }
          }
        }
        try until("the first list") { lists().first == ["a alive", "b alive"] ? () : nil }
        try nodes[1].stop()
        try until("the next list") { lists().last == ["a alive", "b left"] ? () : nil }
        terminal.interrupt()
        #expect(try terminal.ended() == -2)
        // Without --watch each is a line of its own.
        let once = try nodes[0].run("member", "list", "-o", "jsonl").output.split(separator: "\n")
        #expect(try once.map { try JSON(text: String($0))["name"].text } == ["a", "b"])
      }
    }

    @Test func timesSayTheirZoneAndLongLinesGoOnBelow() throws {
      try TestNetwork.with(["a", "b"]) { network, nodes in
        try nodes[0].connectAndSend("GET / HTTP/1.0\r\n\r\n")
        try until("something was dropped") { () -> Void? in
          try nodes[0].ask("node", "status")["dropped"].fields.isEmpty ? nil : ()
        }
        let zone = ["TZ": "Asia/Tokyo"]
        let data = ["--data", nodes[0].data]
        let created = try nodes[0].ask("network", "show")["createdMilliseconds"].number
        let date = Date(timeIntervalSince1970: Double(created / 1_000)).ISO8601Format()
          .replacing("T", with: " ").replacing("Z", with: ".")
        let shown = try Binary.run(["network", "show"] + data, environment: zone).output
        #expect(shown.firstMatch(of: try Regex("Created: +\(date)[0-9]{3} UTC\n")) != nil, "\(shown)")
        let unknown = try Binary.run(["trace", "0000", "-o", "table"] + data, environment: zone)
        let next = ["jointcloud task list", "jointcloud network show -o wide"].map { "\($0) --data \(data[1])" }
        #expect(unknown.refuses(1, next.joined(separator: ", or ")), "\(unknown.errors)")
        let said = try nodes[0].run("network", "announce", "hello")
        let trace = try Binary.run(["trace", said.text] + data, environment: zone).output
        #expect(trace.hasPrefix("AT (UTC)"), "\(trace)")
        for columns in [40, 60, 80] {
          let terminal = try Terminal(
            ["node", "status"] + data, columns: columns, environment: ["NO_COLOR": "1"], in: network.folder)
          #expect(try terminal.ended() == 0)
          let lines = terminal.text.split(whereSeparator: \.isNewline)
          #expect(lines.contains { $0.hasPrefix("Datagrams:") } && lines.contains { $0.hasPrefix("Broadcasts:") })
          let long = lines.filter { $0.count > columns && !$0.contains("Node:") }
          #expect(long.isEmpty, "\(long)")
        }
      }
    }
  }
}
