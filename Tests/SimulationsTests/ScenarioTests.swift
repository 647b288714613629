import Foundation
import Model
import Simulations
import Testing

/// Scenarios as files, and what comes of those that are quick (R18, R21, R60).
@Suite struct ScenarioTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Simulations/scenarios")

  static func scenario(_ name: String) throws -> Scenario {
    try Scenario(bytes: Array(try Data(contentsOf: folder.appending(path: "\(name).json"))))
  }

  static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test("Every scenario can be read and bears its file's name")
  func all() throws {
    let names = try Self.names()
    #expect(names.count >= 20)
    for name in names { #expect(try Self.scenario(name).name == name) }
  }

  @Test("What a scenario does not know is an error that names it")
  func unknownKeys() {
    func error(_ timeline: String, _ expect: String = #"{"that":"allSeeAll"}"#, _ more: String = "") -> String {
      let text =
        #"{"name":"n","shows":"s","nodes":3,"seeds":[1,2],"duration":"1s","timeline":[\#(timeline)],"#
        + #""expect":[\#(expect)]\#(more)}"#
      do {
        _ = try Scenario(bytes: Self.bytes(text))
        return "none"
      } catch {
        return "\(error)"
      }
    }
    #expect(error("") == "none")
    #expect(error("", #"{"that":"allSeeAll"}"#, #","nod":1"#).hasPrefix("unknown key nod;"))
    #expect(error(#"{"at":"1s","act":"crash","node":1,"nodes":[2]}"#).hasPrefix("unknown key timeline[0].nodes;"))
    #expect(error(#"{"at":"1s","act":"crush","node":1}"#).hasPrefix(#"timeline[0].act: "crush" is not known"#))
    #expect(error(#"{"at":"1s","act":"crash"}"#) == "timeline[0]: node, nodes or any is missing")
    #expect(error(#"{"at":"1s","act":"crash","node":3}"#) == "timeline[0].node: allowed is 0 to 2")
    #expect(error(#"{"at":"soon","act":"healAll"}"#).hasPrefix("timeline[0].at: expected a time"))
    #expect(error("", #"{"that":"fired","faults":"lost"}"#).hasPrefix(#"expect[0].faults: "lost" is not known"#))
    #expect(error("", #"{"that":"seeFailed","nodes":[]}"#) == "expect[0]: nodes is missing")
    #expect(error("", "") == "the scenario: expect is missing")
    #expect(error(#"{"at":"1s","act":"fillDisk"}"#) == "timeline[0]: node, nodes or any is missing")
    #expect(error(#"{"at":"1s","act":"tearWrites","permille":1001}"#) == "timeline[0].permille: allowed is 0 to 1000")
    #expect(
      error(#"{"at":"1s","act":"troubleDisks","every":"0s","for":"1m","lasting":"1s"}"#)
        == "timeline[0].every: allowed is 1ms and more")
    #expect(error(#"{"at":"1s","act":"crush","node":1}"#).hasSuffix(", rollBackDisk, troubleDisks"))
  }

  /// A day of captured traffic, ten minutes of churn, and a hundred nodes take long: `simulate run` plays them.
  static let long: Set<String> = ["churn", "replay", "third-dies"]

  static func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path()).filter { $0.hasSuffix(".json") }
      .map { String($0.dropLast(5)) }.sorted()
  }

  @Test(
    "Scenarios are met with a seed that is not their own",
    arguments: try ScenarioTests.names().filter { !long.contains($0) })
  func played(name: String) throws {
    let report = try ScenarioRun(Self.scenario(name), seed: 1_001).play()
    #expect(report.misses == [], "\(name), seed 1001")
  }

  @Test("A disk is put back only while its node is down, and only to a copy that there is")
  func rollBack() throws {
    func report(_ acts: String) throws -> ScenarioReport {
      let text =
        #"{"name":"n","shows":"s","nodes":3,"seeds":[1,1],"duration":"30s","timeline":[\#(acts),"#
        + #"{"at":"12s","act":"restart","node":2}],"expect":[{"that":"allSeeAll"},{"that":"fired","faults":"diskRollback"}]}"#
      return try ScenarioRun(Scenario(bytes: Self.bytes(text)), seed: 1).play()
    }
    let copies = #"{"at":"5s","act":"copyDisk","node":2,"every":"1s"}"#
    let crash = #"{"at":"10s","act":"crash","node":2}"#
    let rollBack = #"{"at":"11s","act":"rollBackDisk","node":2,"by":"3s"}"#
    #expect(try report([copies, crash, rollBack].joined(separator: ",")).misses == [])
    #expect(try report([copies, rollBack].joined(separator: ",")).misses.count == 2)
    #expect(try report([crash, rollBack].joined(separator: ",")).misses.count == 2)
  }

  @Test("An expectation that does not hold is told")
  func miss() throws {
    let text = #"""
      {"name":"n","shows":"s","nodes":3,"seeds":[1,1],"duration":"30s",
       "timeline":[{"at":"5s","act":"isolate","node":2},{"at":"10s","act":"broadcast","from":0}],
       "expect":[{"that":"allSeeAll"},{"by":"4s","that":"seeFailed","nodes":[2]},
                 {"that":"broadcastsMissed","atMost":0},{"that":"fired","faults":"clone"},
                 {"that":"suspicions","atLeast":1},{"that":"hops","atMost":0},{"that":"copies","atMostPermille":999},
                 {"that":"dropped","reason":"overlay: garbage","atLeast":1},{"that":"namesClone","node":1}]}
      """#
    let report = try ScenarioRun(Scenario(bytes: Self.bytes(text)), seed: 1).play()
    #expect(report.misses.count == 9, "\(report.misses)")
  }
}
