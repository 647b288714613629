import ArgumentParser
import Glibc
import UnixSignals

struct Demo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show everything at work: seven nodes on this machine, two tasks, a kill and a forgery.",
    discussion: """
      Seven nodes run as seven processes on loopback, in a folder of their own that is removed at the end. \
      It takes less than a minute. Nothing outside of the folder is touched.
      """)
  @Flag(help: "Leave the nodes running at the end, and say what to try next.")
  var keep = false
  @Flag(help: "Print one JSON document on standard output at the end; progress goes to standard error.")
  var json = false
  @Option(help: ArgumentHelp("Where to make the nodes: a folder that is empty or not there yet.", valueName: "dir"))
  var folder: String?

  func run() async throws {
    let screen = DemoScreen(toStandardError: json)
    let folder = try DemoFolder(at: folder)
    let report = DemoReport(screen: screen)
    do {
      try await untilInterrupted {
        try await NodeProcesses.hosting { processes in
          var play = try DemoPlay(folder: folder, processes: processes, report: report)
          try await play.run(keep: keep)
          if keep {
            await processes.release()
            finish(report, folder, ok: true)
            // The nodes outlive this process: their tasks must not be cancelled, so nothing is joined here.
            Glibc.exit(ExitStatus.success.rawValue)
          }
        }
      }
      try folder.remove()
      finish(report, folder, ok: true)
    } catch {
      // What is cleared away is gone before the document says what is left.
      let failure = ending(error, report, folder)
      finish(report, folder, ok: false)
      throw failure
    }
  }

  /// What is left to say once every node has stopped.
  private func ending(_ error: any Error, _ report: DemoReport, _ folder: DemoFolder) -> Failure {
    if error is DemoInterrupted {
      try? folder.remove()
      return Failure(
        .error, "interrupted; all nodes are stopped and \(folder.path) is removed", next: "jointcloud demo")
    }
    var failure = Failure(error)
    guard let step = report.failed, step != DemoPlay.firstStep else {
      // Nothing was started yet: nothing there helps to find the cause.
      try? folder.remove()
      if failure.next.isEmpty { failure.next = "jointcloud demo --folder ANOTHER_FOLDER" }
      return failure
    }
    failure.lines = failure.lines.map { "step \"\(step)\" failed: \($0)" }
    failure.lines.append("the nodes' logs are in \(folder.logs)")
    if failure.next.isEmpty { failure.next = "look into \(folder.logs), then remove \(folder.path)" }
    return failure
  }

  private func finish(_ report: DemoReport, _ folder: DemoFolder, ok: Bool) {
    if json { Output.data(report.document(ok: ok, folder: folder.exists ? folder.path : nil)) }
    if ok { report.sayEnd() }
  }
}

extension Failure {
  /// Of a step; the demo says at its end where the nodes' logs are.
  init(step line: String) { self.init(.error, line, next: "") }

  /// Of a step that took too long.
  init(step status: ExitStatus, _ line: String) { self.init(status, line, next: "") }
}

struct DemoInterrupted: Error {}

/// Runs `body` until it ends or somebody presses Ctrl-C; then it is cancelled and joined.
private func untilInterrupted(_ body: @escaping @Sendable () async throws -> Void) async throws {
  let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask {
      for await _ in signals { throw DemoInterrupted() }
    }
    group.addTask { try await body() }
    defer { group.cancelAll() }
    try await group.next()
  }
}
