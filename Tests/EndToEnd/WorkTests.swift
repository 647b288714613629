import Foundation
import Testing

extension EndToEnd {
  @Suite struct WorkTests {
    @Test func fiveNodesCountWordsAndEveryResultIsWhatTheLedgerSays() throws {
      try TestNetwork.with(["a", "b", "c", "d", "e"]) { network, nodes in
        for index in 1...10 {
          try network.write("texts/\(index).txt", String(repeating: "one two three\n", count: index * 100))
        }
        let file = try network.manifest(
          "words",
          """
          inputs: [{name: text, files: "texts/*.txt", split: byFile}]
          command: [sh, -c, 'wc -w < "$INPUT_TEXT"']
          resources: {cpu: 250m, memory: 32Mi}
          reduce: {command: [awk, '{s += $1} END {print s}']}
          """)
        let waited = try nodes[0].run("submit", file, "--wait")
        #expect(waited.status == 0, "\(waited.errors)")
        #expect(waited.text == "16500")
        let detail = try nodes[0].ask("task", "show", "last")
        #expect(detail["participants"].list.filter { $0["succeeded"].number > 0 }.count > 1)
        #expect(detail["subtasks"].list.filter { $0["stage"].text == "map" }.count == 10)

        let got = try nodes[0].run("task", "get", "last", "--output", network.folder + "/results")
        #expect(got.status == 0, "\(got.errors)")
        for result in detail["results"].list {
          let path = network.folder + "/results/" + result["path"].text
          let sum = try Binary.run([path], program: "/usr/bin/sha256sum").output.prefix(64)
          #expect(result["digest"].text == sum)
        }
        let again = try nodes[0].run("task", "get", "last", "--output", network.folder + "/results")
        #expect(again.refuses(7, "next: "), "\(again.errors)")
        try network.requireEqualLedgers(of: detail["task"], at: nodes)
      }
    }

    @Test func theExamplesOfTheDocumentsRunAndGiveRightResults() throws {
      try TestNetwork.with(["a", "b", "c"]) { network, nodes in
        func result(_ name: String) throws -> Ended {
          let ended = try nodes[0].run("submit", Binary.root + "/docs/examples/\(name).yaml", "--wait", seconds: 90)
          #expect(ended.status == 0, "\(name): \(ended.errors)")
          return ended
        }
        func shell(_ script: String) throws -> String {
          try Binary.run(["-c", script], program: "/bin/sh", environment: ["LC_ALL": "C"]).text
        }
        let texts = "$(find -L /usr/share/common-licenses -type f -exec readlink -f {} + | sort -u)"
        #expect(try result("word-count").text == shell("cat \(texts) | wc -w"))
        let top = """
          cat \(texts) | tr -cs 'A-Za-z' '\\n' | tr 'A-Z' 'a-z' | grep . | sort | uniq -c \
          | awk '{print $1, $2}' | sort -k1,1nr -k2 | sed 10q
          """
        #expect(try result("top-words").text == shell(top))
        let array = try ["warranty", "patent", "trademark", "freedom"].map {
          try "\($0) " + shell("cat \(texts) | grep -c -i -w \($0)")
        }
        #expect(try result("array").text == array.joined(separator: "\n"))
        let pi = try #require(Double(try result("monte-carlo").text))
        #expect(abs(pi - 3.1416) < 0.01)
        #expect(try result("result-files").text == "done\ndone\ndone")
        let got = try nodes[0].run("task", "get", "last", "--output", network.folder + "/files")
        #expect(got.status == 0, "\(got.errors)")
        for index in 0..<3 {
          let greeting = try String(contentsOfFile: network.folder + "/files/\(index)/greeting.txt", encoding: .utf8)
          #expect(greeting == "hello\n")
        }
      }
    }

    @Test func weightsThatCapacityGivesDecideTheShares() throws {
      let noop = ["adapters": "[noop]"]
      try TestNetwork.with(
        ["a", "small", "large"],
        options: ["a": ["--kind", "virtual"], "small": ["--cpu", "1"], "large": ["--cpu", "3"]],
        settings: ["small": noop, "large": noop]
      ) { network, nodes in
        let file = try network.manifest(
          "shares", "replicas: 400\ncommand: [\"true\"]\nresources: {cpu: 100m, memory: 1Mi}\nadapter: noop")
        let detail = try nodes[0].finish(try nodes[0].submit(file), seconds: 60)
        #expect(detail["task"]["state"].text == "succeeded")
        let done = detail["participants"].list.first { $0["name"].text == "large" }?["succeeded"].number ?? 0
        #expect((250...350).contains(done), "the large one did \(done) of 400")
      }
    }
  }
}
