import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// How the demo ends when it does not go well; `.ci/test` plays it to its end.
  @Suite struct DemoTests {
    private func scratch(_ body: (String) throws -> Void) throws {
      let folder = NSTemporaryDirectory() + "/jc-e2e-\(UUID().uuidString.prefix(8))"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
      defer { try? FileManager.default.removeItem(atPath: folder) }
      try body(folder)
    }

    @Test func aStepThatFailsIsNamedInTheDocumentAndOnStandardErrorAndNothingIsLeft() throws {
      try scratch { folder in
        let programs = folder + "/bin"
        try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: false)
        for name in ["sh", "wc"] {
          try FileManager.default.createSymbolicLink(
            atPath: "\(programs)/\(name)", withDestinationPath: "/usr/bin/\(name)")
        }
        let ended = try Binary.run(
          ["demo", "--json", "--folder", folder + "/nodes"], environment: ["PATH": programs])
        #expect(
          ended.refuses(1, "check      awk is not installed", "error: awk is not installed", "next: apt-get"),
          "\(ended.errors)")
        let document = try JSON(text: ended.output)
        #expect((document["ok"].value as? Bool) == false)
        #expect(document["folder"].value is NSNull, "\(ended.output)")
        let steps = document["steps"].list
        #expect(steps.map { $0["name"].text } == ["check"])
        #expect(steps.allSatisfy { ($0["ok"].value as? Bool) == false && $0["detail"].text.contains("awk") })
        #expect(!FileManager.default.fileExists(atPath: folder + "/nodes"))
      }
    }

    @Test func anInterruptedDemoEndsItsNodesAndLeavesItsDocumentAndNothingElse() throws {
      try scratch { folder in
        let (output, errors, nodes) = (folder + "/output", folder + "/errors", folder + "/nodes")
        for file in [output, errors] { try Data().write(to: URL(fileURLWithPath: file)) }
        let demo = Process()
        demo.executableURL = URL(fileURLWithPath: Binary.jointcloud)
        demo.arguments = ["demo", "--json", "--folder", nodes]
        demo.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "TERM": "dumb"]
        demo.standardOutput = FileHandle(forWritingAtPath: output)
        demo.standardError = FileHandle(forWritingAtPath: errors)
        try demo.run()
        defer { if demo.isRunning { kill(demo.processIdentifier, SIGINT) } }
        let processes = try until("the nodes of the demo run", seconds: 60) { () -> [Int32]? in
          let said = try String(contentsOfFile: errors, encoding: .utf8)
          let told = said.components(separatedBy: "each sees all 7").dropFirst().first
          guard let told, let end = told.firstIndex(of: ")") else {
            guard demo.isRunning else { throw Missed(said) }
            return nil
          }
          return told[..<end].split { !$0.isNumber }.compactMap { Int32($0) }
        }
        #expect(processes.count == 7, "\(processes)")
        kill(demo.processIdentifier, SIGINT)
        try until("the demo ends", seconds: 40) { demo.isRunning ? nil : () }
        demo.waitUntilExit()
        #expect(demo.terminationReason == .exit && demo.terminationStatus == 1)
        #expect(processes.allSatisfy { kill($0, 0) != 0 }, "a node of it lives")
        #expect(!FileManager.default.fileExists(atPath: nodes))
        let document = try JSON(text: try String(contentsOfFile: output, encoding: .utf8))
        #expect((document["ok"].value as? Bool) == false && document["folder"].value is NSNull)
        #expect(document["steps"].list.map { $0["name"].text }.starts(with: ["check", "set up", "start", "network"]))
        #expect(try String(contentsOfFile: errors, encoding: .utf8).contains("error: interrupted"))
      }
    }
  }
}
