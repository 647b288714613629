import ArgumentParser
import Foundation
import Simulations

/// Scenarios as files.
enum ScenarioFile {
  static let folder = "Simulations/scenarios"

  static func read(_ path: String) throws -> Scenario {
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw ValidationError("\(path) cannot be read; `simulate list` shows the scenarios in \(folder)")
    }
    do {
      return try Scenario(bytes: Array(bytes))
    } catch {
      throw ValidationError("\(path): \(error)")
    }
  }

  /// By name.
  static func paths(in folder: String) throws -> [String] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw ValidationError("\(folder) is no folder that can be read; give it with --folder")
    }
    return names.filter { $0.hasSuffix(".json") }.sorted().map { "\(folder)/\($0)" }
  }
}
