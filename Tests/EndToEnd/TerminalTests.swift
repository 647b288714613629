import Foundation
import Glibc
import Testing

extension EndToEnd {
  @Suite struct TerminalTests {
    private static let escape = "\u{1b}"
    private static let green = "\u{1b}[32m"
    private static let red = "\u{1b}[31m"

    @Test func watchedListsAreDrawnAnewInPlaceUntilInterrupted() throws {
      try TestNetwork.with(["a", "b"]) { network, nodes in
        let data = ["--data", nodes[0].data]
        let tasks = try Terminal(["task", "list", "--watch"] + data, in: network.folder)
        try until("it says that there is nothing") { tasks.text.contains("no tasks") ? () : nil }
        _ = try nodes[0].finish(try nodes[0].submit(try network.adding("watched", to: 3)))
        let drawn = try until("the task's end is drawn") { () -> String? in
          let screen = tasks.screen
          return screen.contains("watched") && screen.contains("\(Self.green)succeeded") ? screen : nil
        }
        #expect(drawn.components(separatedBy: "watched").count == 2, "one row, not one for each redraw")

        let members = try Terminal(["member", "list", "--watch"] + data, in: network.folder)
        try until("both are drawn as alive") {
          members.screen.components(separatedBy: "\(Self.green)alive").count == 3 ? () : nil
        }
        let before = members.redraws
        try nodes[1].kill()
        try until("b is drawn as failed, a as alive") { () -> Void? in
          let screen = members.screen
          return screen.contains("\(Self.red)failed") && screen.contains("\(Self.green)alive") ? () : nil
        }
        #expect(members.redraws > before)

        for terminal in [tasks, members] {
          terminal.interrupt()
          #expect(try terminal.ended() == -SIGINT, "\(terminal.text.suffix(300))")
        }
      }
    }

    @Test func whatDoctorFoundAndWhatToTypeIsNeverCut() throws {
      try TestNetwork.with { network in
        let good = try network.make("a")
        let bad = network.folder + "/a folder that somebody forgot to set up, with a name longer than a narrow terminal"
        for data in [good.data, bad] {
          let piped = try Binary.run(["doctor", "--data", data])
          let findings = try JSON(text: try Binary.run(["doctor", "--data", data, "-o", "json"]).output).list
          #expect(piped.status == 1 && findings.contains { !$0["remedy"].text.isEmpty })
          let shown = try [60, 80, 120].map { columns in
            let terminal = try Terminal(
              ["doctor", "--data", data], columns: columns, environment: ["NO_COLOR": "1"], in: network.folder)
            #expect(try terminal.ended() == 1)
            return terminal.text.replacing("\r\n", with: "\n")
          }
          for text in shown + [piped.output] {
            let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            for finding in findings {
              #expect(words.contains(finding["detail"].text), "\(text)")
              let remedy = finding["remedy"].text
              // In one piece, as it must be typed.
              let command = remedy.firstRange(of: "jointcloud ").map { remedy[$0.lowerBound...] } ?? remedy[...]
              #expect(remedy.isEmpty || (words.contains("-> ") && text.contains(command)), "\(text)")
            }
          }
          let lines = shown[0].split(separator: "\n").filter { !$0.contains("/") }
          #expect(lines.allSatisfy { $0.count <= 60 }, "\(shown[0])")
        }
      }
    }

    @Test func colourIsForTerminalsWhoseOwnerDidNotDeclineIt() throws {
      try TestNetwork.with(["a"]) { network, nodes in
        let list = ["member", "list", "--data", nodes[0].data]
        func shown(_ environment: [String: String]) throws -> String {
          let terminal = try Terminal(list, environment: environment, in: network.folder)
          #expect(try terminal.ended() == 0)
          return terminal.text
        }
        #expect(try shown([:]).contains("\(Self.green)alive\(Self.escape)[0m"))
        #expect(try shown(["NO_COLOR": ""]).contains(Self.green), "empty declines nothing")
        for declined in [["NO_COLOR": "1"], ["TERM": "dumb"]] {
          let text = try shown(declined)
          #expect(text.contains("alive") && !text.contains(Self.escape), "\(declined)")
        }
        let piped = try Binary.run(list, environment: ["TERM": "xterm"])
        #expect(piped.output.contains("alive") && !piped.output.contains(Self.escape))
        let failing = try Terminal(["task", "show", "none", "--data", nodes[0].data], in: network.folder)
        #expect(try failing.ended() == 1)

        let plain = try Terminal(
          list + ["--watch"], environment: ["NO_COLOR": "1"], in: network.folder)
        try until("it is drawn twice") { plain.redraws > 1 ? () : nil }
        #expect(!plain.text.contains("\(Self.escape)[3"), "cleared, not coloured")
        let dumb = try Terminal(list + ["--watch"], environment: ["TERM": "dumb"], in: network.folder)
        try until("it is printed twice") { dumb.text.components(separatedBy: "alive").count > 2 ? () : nil }
        #expect(!dumb.text.contains(Self.escape))
        for terminal in [plain, dumb] {
          terminal.interrupt()
          #expect(try terminal.ended() == -SIGINT)
        }
      }
    }
  }
}
