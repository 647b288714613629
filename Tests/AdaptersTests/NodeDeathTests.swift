import FoundationEssentials
import Resources
import Subprocess
import SystemPackage
import Testing

enum AdapterHostProgram {
  /// Built beside the tests.
  static var path: String {
    let folder = CommandLine.arguments[0].split(separator: "/", omittingEmptySubsequences: false).dropLast()
    return (folder.isEmpty ? "." : folder.joined(separator: "/")) + "/adapterhost"
  }
}

/// Work lives as long as its node does: no shorter, and no longer.
@Suite(.timeLimit(.minutes(2))) struct NodeDeathTests {
  /// The kernel ties a child's death signal to the thread that started it; one that idles away would take the work
  /// along.
  @Test func aCommandOutlivesTenSecondsOfAnIdleNode() async throws {
    try await withFolder { folder in
      let result = try await run(
        .path(FilePath(AdapterHostProgram.path)), arguments: [folder, "bubblewrap", "sleep 12; echo done > /work/x"],
        output: .string(limit: 4_096), error: .currentStandardError)
      #expect(result.standardOutput.contains("0 succeeded"), "\(result.standardOutput)")
    }
  }

  @Test(arguments: ["bubblewrap", "none"])
  func aKilledNodeTakesItsCommandsAlong(sandbox: String) async throws {
    try await withFolder { folder in
      let mark = ProcessMark()
      _ = try await run(
        .path(FilePath(AdapterHostProgram.path)),
        arguments: [folder, sandbox, "exec sleep \(mark.seconds)", "exec sleep \(mark.seconds)"],
        input: .none, output: .sequence, error: .currentStandardError
      ) { execution in
        var running = 0
        for try await line in execution.standardOutput.strings() where line.contains("running") {
          running += 1
          if running == 2 { break }
        }
        await mark.until { $0 == 2 }
        try execution.send(signal: .kill)
      }
      // The kernel delivers the death signal while the node is reaped; nobody tells us when it is done.
      await mark.until { $0 == 0 }
    }
  }
}
