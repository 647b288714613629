import Foundation
import Model
import Simulations
import Testing

/// One seed gives one run, effect for effect, in processes that order their sets and dictionaries differently.
@Suite struct DigestTests {
  static func digest(_ scenario: String, seed: Int) throws -> String {
    // Built beside these tests.
    let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appending(path: "simulate")
    let file = ScenarioTests.folder.appending(path: "\(scenario).json")
    let process = Process()
    let output = Pipe()
    process.executableURL = program
    process.arguments = ["digest", file.path(), "--seed", "\(seed)"]
    process.standardOutput = output
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  @Test(
    "The digest of a scenario and seed is the same in two processes, and another with another seed",
    arguments: ["calm", "damage", "restarts", "troubled-disks"])
  func twoProcesses(scenario: String) throws {
    let first = try Self.digest(scenario, seed: 77)
    #expect(first.count == 64)
    #expect(try Self.digest(scenario, seed: 77) == first)
    #expect(try Self.digest(scenario, seed: 78) != first)
  }

  @Test("Whether overlays are watched changes nothing of a run")
  func watching() throws {
    func run(isWatched: Bool) throws -> SimulatedNetwork {
      let network = try SimulatedNetwork(seed: 79, plainNodes: 4)
      if isWatched { network.watchOverlays() }
      network.run(for: .seconds(4))
      network.broadcast("once", from: 1)
      network.crash(3)
      network.run(for: .seconds(5))
      return network
    }
    let watched = try run(isWatched: true)
    let plain = try run(isWatched: false)
    #expect(watched.fingerprint.digest == plain.fingerprint.digest)
    #expect(watched.nodes[0].overlayLog.facts.count == 1 && plain.nodes[0].overlayLog.facts.isEmpty)
  }
}
