import Manifest
import Model

/// A manifest made of random values, written in a random style, and what reading it must give.
struct RandomManifest {
  let text: String
  private let script: String
  private let environment: [String: String]
  private let items: [String]
  private let cpuMillicores: Int
  private let memoryBytes: Int
  private let execute: Duration
  private let priority: Int

  init(_ random: inout Random) {
    script = Self.anyText(&random, 1...40)
    environment = Dictionary(
      uniqueKeysWithValues: (0..<Int.random(in: 0...4, using: &random)).map { index in
        ("V\(index)", Self.anyText(&random, 0...12))
      })
    items = (0..<Int.random(in: 1...5, using: &random)).map { _ in Self.anyText(&random, 0...10) }
    cpuMillicores = Int.random(in: 1...9_999, using: &random)
    let mebibytes = Int.random(in: 1...4_096, using: &random)
    memoryBytes = mebibytes << 20
    let (unit, factor) =
      [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)].randomElement(using: &random)
      ?? ("s", 1_000)
    let time = Int.random(in: 1...100, using: &random)
    execute = .milliseconds(time * factor)
    priority = Int.random(in: -100...100, using: &random)
    let quoting = Bool.random(using: &random)
    let memory = Bool.random(using: &random) ? "\(mebibytes)Mi" : "\(memoryBytes)"
    var lines = [
      "script: \(Self.quoted(script))", "priority: \(priority)",
      "resources: {cpu: \(cpuMillicores)m, memory: \(memory)}",
      "timeouts: {execute: \(quoting ? "\"\(time)\(unit)\"" : "\(time)\(unit)")}",
      "inputs: [{name: item, list: [\(items.map(Self.quoted).joined(separator: ", "))]}]",
    ]
    if !environment.isEmpty {
      lines.append("env:")
      for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
        lines.append("  \(name): \(Self.quoted(value))")
      }
    }
    text = document(lines.joined(separator: "\n"))
  }

  func matches(_ manifest: TaskManifest) -> Bool {
    manifest.work == .script(script) && manifest.environment == environment
      && manifest.inputs.map(\.source) == [.list(items)]
      && manifest.needs == Amounts(cpuMillicores: cpuMillicores, memoryBytes: memoryBytes)
      && manifest.timeouts.execute == execute && manifest.priority == priority
  }

  private static func anyText(_ random: inout Random, _ length: ClosedRange<Int>) -> String {
    let alphabet = Array("abcXYZ019 :#-'\"\\{}[]&*!|>%@`,?~\n\t/äß→🦉=on")
    return String(
      (0..<Int.random(in: length, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "x" })
  }

  private static func quoted(_ text: String) -> String {
    let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
      .replacing("\t", with: "\\t")
    return "\"\(escaped)\""
  }
}
