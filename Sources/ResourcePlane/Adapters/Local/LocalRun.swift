internal import Resources
import Subprocess
import SystemPackage

/// One attempt from its inputs to its results.
struct LocalRun: Sendable {
  let work: Work
  let sandbox: Sandbox
  let order: StopOrder

  var scratch: Scratch { Scratch(workFolder: sandbox.configuration.workFolder, attempt: work.attempt) }

  /// Off the adapter's actor, since staging and publishing touch the disk.
  @concurrent
  func stage() async throws(WorkFailure) {
    try scratch.stage(
      work, layout: sandbox.layout(for: scratch), sharesInputs: sandbox.configuration.sandbox == .bubblewrap)
  }

  struct Ended: Sendable {
    let failure: WorkFailure?
    let usage: WorkUsage
  }

  /// Runs the command until it has ended and nothing of it lives.
  @concurrent
  func run() async -> Ended {
    do {
      let (program, arguments) = sandbox.command(for: work, in: scratch)
      let streams = try streams()
      var options = PlatformOptions()
      options.createSession = true
      let result = try await Subprocess.run(
        program.contains("/") ? .path(FilePath(program)) : .name(program), arguments: Arguments(arguments),
        // Nothing of the task's environment: these programs build its walls.
        environment: .custom(["PATH": StartScript.searchPath]),
        workingDirectory: FilePath(scratch.work), platformOptions: options,
        input: .none,
        output: .fileDescriptor(streams.output, closeAfterSpawningProcess: true),
        error: .fileDescriptor(streams.error, closeAfterSpawningProcess: true)
      ) { execution in
        let process = execution.processIdentifier.value
        var watch = Watch(self, process: process)
        let finding = await watch.untilEnd()
        // In a sandbox the kernel ends the rest with its first process; a plain command may leave some behind.
        if sandbox.configuration.sandbox == .none {
          try? execution.send(signal: .kill, toProcessGroup: true)
        }
        return finding
      }
      return conclude(result.closureResult, result.terminationStatus)
    } catch {
      let text = String(describing: error)
      let category: WorkFailure.Category = sandbox.configuration.sandbox == .bubblewrap ? .sandbox : .adapter
      return Ended(failure: WorkFailure(category, "the command could not be started: \(text)"), usage: .zero)
    }
  }

  /// Everything that the attempt left, and whether all that the task names is there.
  @concurrent
  func publish(_ ended: Ended) async -> WorkOutcome {
    var results: [ResultFile] = []
    var failure = ended.failure
    for stream in LogStream.allCases where scratch.hasOutput(stream) {
      scratch.cutOutput(stream, to: work.outputLimitBytes)
      results.append(ResultFile(path: stream.rawValue, content: .file(scratch.output(stream))))
    }
    if failure == nil {
      do { results += try scratch.results(work.results, limit: work.outputLimitBytes) } catch { failure = error }
    }
    return WorkOutcome(failure: failure, usage: ended.usage, results: results)
  }

  private func conclude(_ finding: Watch.Finding, _ status: TerminationStatus) -> Ended {
    if let failure = finding.failure { return Ended(failure: failure, usage: finding.usage) }
    // A command that floods and ends between two looks of the watch.
    for stream in LogStream.allCases where scratch.outputByteCount(stream) > work.outputLimitBytes {
      return Ended(failure: Watch.overOutput(stream, limit: work.outputLimitBytes), usage: finding.usage)
    }
    let ending: Verdict.Ending =
      switch status {
      case .exited(let code): .exited(Int(code))
      case .signaled(let signal): .signaled(Int(signal))
      }
    let verdict = Verdict(
      ending: ending, lastWords: scratch.lastWords(of: .standardError),
      sandboxed: sandbox.configuration.sandbox == .bubblewrap)
    return Ended(failure: verdict.failure, usage: finding.usage)
  }

  /// Opens both or none: the process library closes them once they are handed over.
  private func streams() throws -> (output: FileDescriptor, error: FileDescriptor) {
    let output = try output(.standardOutput)
    do {
      return (output, try self.output(.standardError))
    } catch {
      try? output.close()
      throw error
    }
  }

  /// Opened to append, so that a command that reopens its output cannot write over what it wrote.
  private func output(_ stream: LogStream) throws -> FileDescriptor {
    try FileDescriptor.open(
      FilePath(scratch.output(stream)), .writeOnly, options: [.create, .append, .closeOnExec],
      permissions: .ownerReadWrite)
  }
}
