import ArgumentParser
import Foundation
import Model
import Simulations

/// Plays a scenario and says what came of it.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Play a scenario with one seed or with many.")

  @Argument(help: "The scenario's file.")
  var file: String

  @Option(help: "One seed.")
  var seed: UInt64?

  @Option(help: "The first and the last seed, as A..B; the scenario's own when neither is given.")
  var seeds: String?

  @Flag(help: "Say how often each fault came about, and what nodes dropped.")
  var counters = false

  func validate() throws {
    if seed != nil, seeds != nil { throw ValidationError("give --seed or --seeds, not both") }
  }

  func run() throws {
    let scenario = try ScenarioFile.read(file)
    var missed: [UInt64] = []
    for seed in try range(of: scenario) {
      let report = try ScenarioRun(scenario, seed: seed).play()
      print(Self.line(report))
      for miss in report.misses.prefix(20) { print("  \(miss)") }
      if counters {
        print("  faults: " + report.faults.map { "\($0.name) \($0.count)" }.joined(separator: ", "))
        print("  dropped: " + report.drops.map { "\($0.name) \($0.count)" }.joined(separator: ", "))
      }
      if !report.isMet { missed.append(seed) }
    }
    guard missed.isEmpty else {
      print("\(scenario.name): not met with seeds \(missed.map(String.init).joined(separator: ", "))")
      throw ExitCode.failure
    }
  }

  private func range(of scenario: Scenario) throws -> ClosedRange<UInt64> {
    if let seed { return seed...seed }
    guard let seeds else { return scenario.seeds }
    let ends = seeds.components(separatedBy: "..").map { UInt64($0) }
    guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last else {
      throw ValidationError("--seeds takes A..B, such as 1..8; got \(seeds)")
    }
    return first...last
  }

  private static func line(_ report: ScenarioReport) -> String {
    "\(report.name) seed \(report.seed): \(report.isMet ? "met" : "NOT MET") digest \(report.digest.hexadecimal) "
      + "\(report.virtual.milliseconds / 1_000) virtual s, \(Int(report.speedup)) a real s, \(report.steps) steps, "
      + "\(report.copiesPermille) copies for 1,000 facts, hops \(report.hops)"
  }
}

/// Says which scenarios there are.
struct List: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Say which scenarios there are.")

  @Option(help: "Where they lie.")
  var folder = ScenarioFile.folder

  func run() throws {
    for path in try ScenarioFile.paths(in: folder) {
      let scenario = try ScenarioFile.read(path)
      print(
        "\(path): \(scenario.shows) (\(scenario.nodes) nodes, \(scenario.duration.milliseconds / 1_000) s, seeds "
          + "\(scenario.seeds.lowerBound)..\(scenario.seeds.upperBound))")
    }
  }
}

/// Says only what all that a run's nodes wanted folds to.
struct PrintDigest: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "digest", abstract: "Play a scenario and print the digest of all that its nodes wanted.")

  @Argument(help: "The scenario's file.")
  var file: String

  @Option(help: "The seed; the scenario's first when it is not given.")
  var seed: UInt64?

  func run() throws {
    let scenario = try ScenarioFile.read(file)
    let report = try ScenarioRun(scenario, seed: seed ?? scenario.seeds.lowerBound).play()
    print(report.digest.hexadecimal)
  }
}
