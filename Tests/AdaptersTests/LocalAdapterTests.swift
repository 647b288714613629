import Adapters
import FoundationEssentials
import Model
import Resources
import Testing

/// Runs one piece of work on a local adapter and gives its final report to `check`, while its files are still there.
func runLocally(
  _ work: Work, sandbox: LocalConfiguration.Confinement = .bubblewrap,
  configure: (inout LocalConfiguration) -> Void = { _ in },
  check: @Sendable (WorkReport) async throws -> Void
) async throws {
  try await withFolder { folder in
    var configuration = LocalConfiguration(workFolder: folder + "/work", sandbox: sandbox)
    configure(&configuration)
    let adapter = LocalAdapter(configuration)
    try await withRunning(adapter) { recorder in
      try await adapter.submit(work)
      try await check(await recorder.final(of: work.attempt))
    }
  }
}

@Suite(.timeLimit(.minutes(2))) struct LocalAdapterTests {
  @Test(arguments: LocalConfiguration.Confinement.allCases)
  func conforms(sandbox: LocalConfiguration.Confinement) async throws {
    try await withFolder { folder in
      try await expectConformance(
        LocalAdapter(LocalConfiguration(workFolder: folder + "/work", sandbox: sandbox, grace: .milliseconds(100))))
    }
  }

  @Test(arguments: LocalConfiguration.Confinement.allCases)
  func aCommandFindsItsInputsItsEnvironmentAndNothingOfTheNodes(sandbox: LocalConfiguration.Confinement) async throws {
    try await withFolder { store in
      let one = try Make.file(store + "/one", "alpha beta\n")
      let two = try Make.file(store + "/two", "gamma\n")
      let work = Make.work(
        .script(
          """
          cat "$INPUT_SINGLE_ONE"; ls "$INPUT_SEVERAL" "$INPUT_SEVERAL/sub"; echo "$GREETING|$HOME|$JOINTCLOUD_SUBTASK"
          cat; pwd; env | grep -o '^[A-Z_]*=' | sort | tr -d '\\n'
          """),
        environment: ["GREETING": "it's \"quoted\" $HOME `id`\nsecond line"], standardInput: [two, one],
        inputs: [
          StagedInput(name: "single-one", relativePath: "one.txt", file: one),
          StagedInput(name: "several", relativePath: "two.txt", file: two),
          StagedInput(name: "several", relativePath: "sub/one.txt", file: one),
        ])
      try await runLocally(work, sandbox: sandbox) { report in
        let text = report.text("stdout")
        #expect(report.state == .succeeded, "\(report.text("stderr"))")
        #expect(text.hasPrefix("alpha beta\n"))
        #expect(text.contains("two.txt") && text.contains("one.txt"))
        #expect(text.contains("it's \"quoted\" $HOME `id`\nsecond line|"))
        #expect(text.contains("gamma\nalpha beta\n"), "standard input is the files in order")
        #expect(
          text.hasSuffix(
            "GREETING=HOME=INPUT_SEVERAL=INPUT_SINGLE_ONE=JOINTCLOUD_ATTEMPT=JOINTCLOUD_CPU_MILLICORES="
              + "JOINTCLOUD_MEMORY_BYTES=JOINTCLOUD_SUBTASK=JOINTCLOUD_TASK=LANG=PATH=PWD=TMPDIR="), "\(text)")
      }
      #expect(content(of: one) == "alpha beta\n")
    }
  }

  @Test func resultsAreTheFilesThatTheTaskNames() async throws {
    let work = Make.work(
      .script("mkdir out; printf 1 > out/a; printf 2 > b; printf 3 > c"), results: ["out/a", "b"])
    try await runLocally(work) { report in
      #expect(report.outcome?.results.map(\.path) == ["stdout", "stderr", "out/a", "b"])
      #expect(report.text("out/a") == "1")
      #expect(report.text("b") == "2")
    }
  }

  @Test func usageIsMeasured() async throws {
    let burn = Make.script("awk 'BEGIN { for (i = 0; i < 9000000; i++) s += i }'; awk 'BEGIN { print 1 }'")
    try await runLocally(burn) { report in
      let usage = try #require(report.outcome?.usage)
      #expect(usage.cpuMilliseconds >= 20, "\(usage)")
      #expect(usage.wallMilliseconds > 0 && usage.peakMemoryBytes > 0, "\(usage)")
    }
  }

  @Test func logsCanBeReadWhileTheCommandRuns() async throws {
    try await withFolder { folder in
      let adapter = LocalAdapter(LocalConfiguration(workFolder: folder + "/work", grace: .milliseconds(50)))
      let work = Make.script("echo first; exec sleep 60")
      try await withRunning(adapter) { recorder in
        try await adapter.submit(work)
        _ = await recorder.first(of: work.attempt) { $0.state == .running }
        var chunk = try await adapter.logs(of: work.attempt, .standardOutput, from: 0, limit: 100)
        let deadline = ContinuousClock.now + .seconds(30)
        while chunk.bytes.isEmpty, ContinuousClock.now < deadline {
          try await Task.sleep(for: .milliseconds(2))
          chunk = try await adapter.logs(of: work.attempt, .standardOutput, from: 0, limit: 100)
        }
        #expect(chunk == LogChunk(bytes: Array("first\n".utf8), nextOffset: 6, isEnd: false))
        await adapter.cancel(work.attempt, reason: "seen enough")
        #expect(await recorder.final(of: work.attempt).state == .cancelled)
        #expect(try await adapter.logs(of: work.attempt, .standardOutput, from: 0, limit: 100).isEnd)
      }
    }
  }

  @Test func stoppingTheAdapterEndsEveryAttemptAsLostAndLeavesNoProcess() async throws {
    try await withFolder { folder in
      let mark = ProcessMark()
      let adapter = LocalAdapter(LocalConfiguration(workFolder: folder + "/work", concurrentLimit: 1))
      let running = Make.script("exec sleep \(mark.seconds)", subtask: 1)
      let waiting = Make.script("true", subtask: 2)
      try await withRunning(adapter) { recorder in
        try await adapter.submit(running)
        try await adapter.submit(waiting)
        _ = await recorder.first(of: running.attempt) { $0.state == .running }
      }
      #expect(await adapter.status(of: running.attempt)?.state == .lost)
      #expect(await adapter.status(of: waiting.attempt)?.state == .lost)
      #expect(mark.count == 0)
      await #expect(throws: AdapterError.self) { try await adapter.submit(Make.script("true", subtask: 3)) }
    }
  }

  @Test func everyReportIsHandedOverThoseOfTheStopToo() async throws {
    try await withFolder { folder in
      let recorder = Recorder()
      let adapter = LocalAdapter(LocalConfiguration(workFolder: folder + "/work", concurrentLimit: 1))
      let running = Make.script("exec sleep 60", subtask: 1)
      let waiting = Make.script("true", subtask: 2)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await adapter.run { report in await recorder.record(report) } }
        try await adapter.submit(running)
        try await adapter.submit(waiting)
        _ = await recorder.first(of: running.attempt) { $0.state == .running }
        group.cancelAll()
      }
      #expect(await recorder.states(of: running.attempt).last == .lost)
      #expect(await recorder.states(of: waiting.attempt).last == .lost)
    }
  }

  @Test func aRestartedNodeRemovesWhatWasLeftAndKnowsNoAttempt() async throws {
    try await withFolder { folder in
      let left = folder + "/work/" + Make.attempt(7).description
      try FileManager.default.createDirectory(atPath: left + "/work", withIntermediateDirectories: true)
      _ = try Make.file(left + "/work/secret", "x")
      let adapter = LocalAdapter(LocalConfiguration(workFolder: folder + "/work"))
      try await withRunning(adapter) { recorder in
        let work = Make.script("true")
        try await adapter.submit(work)
        _ = await recorder.final(of: work.attempt)
        #expect(!FileManager.default.fileExists(atPath: left))
        #expect(await adapter.status(of: Make.attempt(7)) == nil)
      }
    }
  }

  @Test func aReleasedAttemptLeavesNothingWhateverItsPermissions() async throws {
    try await withFolder { folder in
      let adapter = LocalAdapter(LocalConfiguration(workFolder: folder + "/work"))
      let work = Make.script("mkdir -p a/b; touch a/b/c; chmod 0 a/b/c a/b a")
      try await withRunning(adapter) { recorder in
        try await adapter.submit(work)
        #expect(await recorder.final(of: work.attempt).state == .succeeded)
        await adapter.release(work.attempt)
        #expect(names(in: folder + "/work").isEmpty)
      }
    }
  }

  @Test func aReleasedAttemptLeavesNothingHoweverDeepItsFolders() async throws {
    try await withFolder { folder in
      let adapter = LocalAdapter(LocalConfiguration(workFolder: folder + "/work"))
      // Longer than any path that the kernel takes, and a name that is no text.
      let work = Make.script(
        """
        exec python3 -c 'import os
        for depth in range(200):
          open(b"\\xff", "w").close()
          os.mkdir("d" * 100)
          os.chdir("d" * 100)
        os.chmod(".", 0)'
        """)
      try await withRunning(adapter) { recorder in
        try await adapter.submit(work)
        #expect(await recorder.final(of: work.attempt).state == .succeeded)
        await adapter.release(work.attempt)
        #expect(names(in: folder + "/work").isEmpty)
      }
    }
  }

  @Test func aRunningAttemptThatIsReleasedEndsAndIsForgotten() async throws {
    try await withFolder { folder in
      let mark = ProcessMark()
      let adapter = LocalAdapter(LocalConfiguration(workFolder: folder + "/work", grace: .milliseconds(50)))
      let work = Make.script("exec sleep \(mark.seconds)")
      try await withRunning(adapter) { recorder in
        try await adapter.submit(work)
        _ = await recorder.first(of: work.attempt) { $0.state == .running }
        await adapter.release(work.attempt)
        #expect(await recorder.final(of: work.attempt).state == .cancelled)
        #expect(mark.count == 0)
        #expect(await adapter.status(of: work.attempt) == nil)
        #expect(names(in: folder + "/work").isEmpty)
      }
    }
  }
}
