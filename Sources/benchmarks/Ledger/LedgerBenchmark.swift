import ArgumentParser

struct LedgerBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger", abstract: "Appending, deciding, verifying and failing over, with etcd beside it.",
    discussion: """
      Decisions and failovers are those of three processes on loopback, each consensus with the project's storage and \
      links. The database lies in TMPDIR, etcd's too.
      """)
  @OptionGroup var common: CommonOptions
  @Flag(help: "Measure etcd too (Debian package etcd-server).")
  var peer = false
  @Option(help: "How often the coordinator is killed; 0 leaves failovers out.")
  var kills = 100
  @Option(help: "Seconds for which each speed is measured in each run.")
  var seconds = 3

  func validate() throws {
    guard (0...10_000).contains(kills) else { throw ValidationError("--kills takes 0 to 10000") }
    guard (1...60).contains(seconds) else { throw ValidationError("--seconds takes 1 to 60") }
  }

  func run() async throws {
    do {
      let findings = try await untilInterrupted { try await measure() }
      print(findings.table(of: LedgerFigures.all))
      if let file = common.json { try findings.write(LedgerFigures.all, to: file) }
      if let lost = findings.value(of: LedgerFigures.decidedLost), lost > 0 {
        throw BenchmarkFailure("\(Int(lost)) decided entries are lost")
      }
    } catch {
      say("error: \(BenchmarkFailure.text(of: error))")
      throw ExitCode.failure
    }
  }

  private func measure() async throws -> Findings {
    let etcd = peer ? try EtcdCluster.program() : nil
    for remark in LedgerRun.remarks { say(remark) }
    var findings = Findings()
    for number in 1...common.runs {
      say("run \(number) of \(common.runs)")
      let run = try LedgerRun(duration: .seconds(seconds), etcd: etcd)
      for (figure, value) in try await run.measure() { findings.add(value, to: figure) }
    }
    guard kills > 0 else { return findings }
    say("\(kills) kills")
    let found = try await BenchmarkFolder.within { folder in
      try await Failovers(kills: kills, members: try LedgerMembers()).measure(in: folder)
    }
    for (figure, value) in found { findings.add(value, to: figure) }
    return findings
  }
}
