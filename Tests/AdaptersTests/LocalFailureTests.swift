import Adapters
import FoundationEssentials
import Model
import Resources
import Testing

/// Each way in which a command can fail has its category and says what happened.
@Suite(.timeLimit(.minutes(2))) struct LocalFailureTests {
  private func expectFailure(
    _ work: Work, _ category: WorkFailure.Category, sandbox: LocalConfiguration.Confinement = .bubblewrap,
    configure: (inout LocalConfiguration) -> Void = { _ in },
    detail: @escaping @Sendable (WorkFailure) -> Bool
  ) async throws {
    try await runLocally(work, sandbox: sandbox, configure: configure) { report in
      let failure = try #require(report.outcome?.failure)
      #expect(failure.category == category, "\(failure)")
      #expect(detail(failure), "\(failure)")
    }
  }

  @Test(arguments: LocalConfiguration.Confinement.allCases)
  func anExitCodeIsToldWithTheLastWords(sandbox: LocalConfiguration.Confinement) async throws {
    try await expectFailure(Make.script("echo no luck >&2; exit 3"), .command, sandbox: sandbox) {
      $0.exitCode == 3 && $0.detail.contains("exit code 3") && $0.detail.contains("no luck")
    }
  }

  @Test(arguments: LocalConfiguration.Confinement.allCases)
  func aScriptEndsAtItsFirstFailingCommandAndAtAVariableThatIsNotSet(
    sandbox: LocalConfiguration.Confinement
  ) async throws {
    for script in ["echo before; false; echo after", "echo before; echo \"$NOT_SET\"; echo after"] {
      try await runLocally(Make.script(script), sandbox: sandbox) { report in
        #expect(report.outcome?.failure?.category == .command, "\(script)")
        #expect(report.text("stdout") == "before\n", "\(script)")
      }
    }
  }

  @Test func aMissingProgramIsNamed() async throws {
    try await expectFailure(Make.work(.arguments(["no-such-program", "x"])), .commandNotFound) {
      $0.detail.contains("no-such-program")
    }
    try await expectFailure(Make.script("no-such-program"), .commandNotFound) { $0.detail.contains("no-such-program") }
  }

  @Test(arguments: LocalConfiguration.Confinement.allCases)
  func aSignalIsNoExitCode(sandbox: LocalConfiguration.Confinement) async throws {
    try await expectFailure(Make.script("kill -SEGV $$"), .signal, sandbox: sandbox) { $0.signal == 11 }
    try await expectFailure(Make.script("kill -KILL $$"), .signal, sandbox: sandbox) { $0.signal == 9 }
  }

  @Test(arguments: LocalConfiguration.Confinement.allCases)
  func theExecuteTimeoutEndsTheWholeTreePolitelyFirst(sandbox: LocalConfiguration.Confinement) async throws {
    let mark = ProcessMark()
    let work = Make.work(
      .script("trap 'echo asked to end; exit 0' TERM; sleep \(mark.seconds) & setsid sleep \(mark.seconds) & wait"),
      timeout: .milliseconds(300))
    try await runLocally(work, sandbox: sandbox) { report in
      #expect(report.outcome?.failure?.category == .timeout)
      #expect(report.outcome?.failure?.detail.contains("0.3 seconds") == true, "\(String(describing: report.outcome))")
      #expect(report.text("stdout") == "asked to end\n")
      #expect(mark.count == 0)
    }
  }

  @Test func aCommandThatIgnoresTheTimeoutIsKilled() async throws {
    let mark = ProcessMark()
    let work = Make.work(
      .script("trap '' TERM; while :; do sleep \(mark.seconds); done"), timeout: .milliseconds(200))
    try await runLocally(work, configure: { $0.grace = .milliseconds(200) }) { report in
      #expect(report.outcome?.failure?.category == .timeout)
      #expect(mark.count == 0)
    }
  }

  @Test func memoryOverTheAmountIsSeenAndEnds() async throws {
    // Sixty-odd megabytes, held: under the hard limit, over the amount.
    let hold = Make.work(
      .script("awk 'BEGIN { for (i = 0; i < 700000; i++) a[i] = i \"\"; system(\"sleep 60\") }'"),
      amounts: Amounts(cpuMillicores: 100, memoryBytes: 32 << 20))
    try await expectFailure(hold, .memory) { $0.detail.contains("over the \(32 << 20) it may") }
  }

  @Test(arguments: [
    // A child of another thread than the first.
    """
    exec python3 -c 'import subprocess, sys, threading
    thread = threading.Thread(target=lambda: subprocess.run(["sh", "-c", sys.argv[1]]))
    thread.start()
    thread.join()' "$HOLD"
    """,
    // Seventy processes below the first.
    "down() { if [ $1 -gt 0 ]; then (down $(($1 - 1)); :); else sh -c \"$HOLD\"; fi; }; down 70",
  ])
  func memoryIsSeenWhereverInTheTreeItIsHeld(script: String) async throws {
    let hold = #"awk 'BEGIN { for (i = 0; i < 900000; i++) a[i] = i ""; system("sleep 60") }'"#
    let work = Make.work(
      .script(script), environment: ["HOLD": hold], amounts: Amounts(cpuMillicores: 100, memoryBytes: 48 << 20),
      timeout: .seconds(15))
    try await expectFailure(work, .memory) { $0.detail.contains("over the \(48 << 20) it may") }
  }

  @Test func memoryOverTheHardLimitIsNeverHad() async throws {
    let grab = Make.work(
      .script("head -c 400000000 /dev/zero | tail -c 390000000 > /dev/null"),
      amounts: Amounts(cpuMillicores: 100, memoryBytes: 16 << 20))
    try await runLocally(grab) { report in
      #expect(report.outcome?.failure?.category == .memory, "\(String(describing: report.outcome?.failure))")
      #expect(report.outcome?.usage.peakMemoryBytes ?? .max < 200_000_000)
    }
  }

  @Test func outputOverItsLimitEndsTheCommandAndIsCut() async throws {
    try await runLocally(Make.work(.arguments(["yes"]), outputLimitBytes: 1_000)) { report in
      #expect(report.outcome?.failure?.category == .output)
      #expect(report.text("stdout").utf8.count == 1_000)
    }
    try await runLocally(Make.work(.script("head -c 5000 /dev/zero"), outputLimitBytes: 1_000)) { report in
      #expect(report.outcome?.failure?.category == .output)
      #expect(report.text("stdout").utf8.count == 1_000)
    }
  }

  @Test func aFileOverTheLimitOfOneFileIsOutput() async throws {
    try await expectFailure(
      Make.work(.script("exec head -c 3000000 /dev/zero > big"), outputLimitBytes: 1_000), .output,
      configure: { $0.fileLimitBytes = 1 << 20 }
    ) { $0.detail.contains("limit for one file") }
  }

  @Test func aResultFileOverTheOutputLimitIsNamed() async throws {
    let script = "head -c 1001 /dev/zero > large; head -c 1000 /dev/zero > fits"
    try await expectFailure(
      Make.work(.script(script), results: ["fits", "large"], outputLimitBytes: 1_000), .output
    ) {
      $0.path == "large" && $0.detail.contains("1001 bytes") && $0.detail.contains("outputLimit")
    }
    try await runLocally(Make.work(.script(script), results: ["fits"], outputLimitBytes: 1_000)) { report in
      #expect(report.state == .succeeded, "\(String(describing: report.outcome?.failure))")
    }
  }

  @Test func whoFillsTheDiskIsEndedBeforeTheNodesReserveIsGoneAndOthersAreNot() async throws {
    let free = try #require(freeDiskBytes())
    let reserve: @Sendable (inout LocalConfiguration) -> Void = {
      $0.diskReserveBytes = free / 2 * 3
      $0.fileLimitBytes = 64 << 20
    }
    let fill = "for n in 1 2 3 4; do cat /dev/zero > f$n & done; wait; exec sleep 60"
    try await expectFailure(Make.script(fill), .output, configure: reserve) { $0.detail.contains("the node's disk") }
    let many = "mkdir a; cd a; i=0; while [ $i -lt 400 ]; do : > $i; i=$((i + 1)); done; sleep 60"
    try await expectFailure(Make.script(many), .output, configure: reserve) { $0.detail.contains("the node's disk") }
    try await runLocally(Make.script("echo little > f; sleep 0.2"), configure: reserve) { report in
      #expect(report.state == .succeeded, "\(String(describing: report.outcome?.failure))")
    }
  }

  @Test func onADiskThatIsNearlyFullNothingRunsAnyMore() async throws {
    let free = try #require(freeDiskBytes())
    // A file without a name: nobody sees who holds it.
    let hide = Make.script("exec 3> f; rm f; fallocate -l 2G /proc/self/fd/3; exec sleep 60")
    try await expectFailure(hide, .adapter, configure: { $0.diskReserveBytes = (free - (1 << 30)) * 2 }) {
      $0.detail.contains("the node's disk")
    }
  }

  @Test func anAdapterOnADiskThatIsNearlyFullSaysSoAndTakesNothing() async throws {
    try await withFolder { folder in
      let adapter = LocalAdapter(LocalConfiguration(workFolder: folder + "/work", diskReserveBytes: .max))
      let inventory = await adapter.inventory()
      #expect(!inventory.usable && inventory.detail.contains("are free"), "\(inventory.detail)")
      #expect(inventory.remedy?.contains("free space") == true)
      await #expect(throws: AdapterError.self) { try await adapter.submit(Make.script("true")) }
    }
  }

  @Test func aMissingResultIsNamedBesideWhatWasWritten() async throws {
    try await expectFailure(
      Make.work(.script("touch other.txt another.txt"), results: ["out.txt"]), .missingResult
    ) {
      $0.path == "out.txt"
        && $0.detail == "result file out.txt was not written; the command wrote: [another.txt, other.txt]"
    }
    try await expectFailure(Make.work(.script("mkdir out"), results: ["out"]), .missingResult) {
      $0.detail.contains("is not a regular file")
    }
  }

  @Test(arguments: ["ln -s /etc/passwd out.txt", "ln -s / out.txt"])
  func aResultIsNeverReachedByALink(script: String) async throws {
    try await expectFailure(Make.work(.script(script), results: ["out.txt"]), .missingResult) {
      $0.detail.contains("symbolic link")
    }
    try await expectFailure(Make.work(.script("ln -s /etc d"), results: ["d/passwd"]), .missingResult) {
      $0.detail.contains("symbolic link")
    }
  }

  @Test func anInputThatVanishedIsNamed() async throws {
    let input = StagedInput(name: "text", relativePath: "a.txt", file: "/no/such/file")
    try await expectFailure(Make.work(.script("true"), inputs: [input]), .inputMissing) {
      $0.path == "text" && $0.detail.contains("a.txt")
    }
    try await expectFailure(Make.work(.script("true"), standardInput: ["/no/such/file"]), .inputMissing) {
      $0.path == "stdin"
    }
  }
}
