import Model
import Synchronization

/// What happened, step by step, for people as it happens and for programs at the end.
final class DemoReport: Sendable {
  struct Step: Sendable {
    var name: String
    var ok: Bool
    var milliseconds: Int64
    var detail: String
  }

  private struct State {
    var steps: [Step] = []
    var result: [String: JSON] = [:]
  }

  let screen: DemoScreen
  private let start = ContinuousClock.now
  private let state = Mutex(State())

  init(screen: DemoScreen) { self.screen = screen }

  var failed: String? { state.withLock { $0.steps.first { !$0.ok }?.name } }
  private var milliseconds: Int64 { (ContinuousClock.now - start).milliseconds }

  /// Does a step, says how it went, and keeps it.
  ///
  /// - Parameter body: returns the sentence that the step ends with.
  func step(_ name: String, _ doing: String, _ body: () async throws -> String) async throws {
    screen.passing("      \(name): \(doing)")
    let begun = ContinuousClock.now
    do {
      let detail = try await body()
      end(Step(name: name, ok: true, milliseconds: (ContinuousClock.now - begun).milliseconds, detail: detail))
    } catch {
      let detail = Failure(error).lines.joined(separator: "; ")
      if !(error is CancellationError) {
        end(Step(name: name, ok: false, milliseconds: (ContinuousClock.now - begun).milliseconds, detail: detail))
      }
      throw error
    }
  }

  private func end(_ step: Step) {
    state.withLock { $0.steps.append(step) }
    let head = "\(step.ok ? "ok  " : "FAIL") \(Self.seconds(step.milliseconds, width: 5))s  "
    let name = step.name + String(repeating: " ", count: max(0, 9 - step.name.count))
    let indent = String(repeating: " ", count: head.count + 11)
    for (index, line) in Self.wrapped(step.detail, to: max(20, screen.width - indent.count - 1)).enumerated() {
      let start = index == 0 ? "\(head)\(name)  " : indent
      screen.line(start + line, step.ok ? nil : .red)
    }
  }

  func keep(_ key: String, _ value: JSON) { state.withLock { $0.result[key] = value } }

  func sayEnd() {
    let count = state.withLock { $0.steps.count }
    screen.line("All \(count) steps went well, in \(Self.seconds(milliseconds, width: 0)) s.", .green)
  }

  /// `{ok, seconds, steps: [{name, ok, seconds, detail}], result}`.
  func document(ok: Bool, folder: String?) -> String {
    let (steps, result) = state.withLock { ($0.steps, $0.result) }
    func text(_ value: String) -> String { String(decoding: CanonicalJSON.encode(.string(value)), as: UTF8.self) }
    let rows = steps.map { step in
      "    {\"name\": \(text(step.name)), \"ok\": \(step.ok), "
        + "\"seconds\": \(Self.seconds(step.milliseconds, width: 0)), \"detail\": \(text(step.detail))}"
    }
    let keys = result.keys.sorted().map { key in
      "    \(text(key)): \(String(decoding: CanonicalJSON.encode(result[key] ?? .null), as: UTF8.self))"
    }
    return """
      {
        "ok": \(ok),
        "seconds": \(Self.seconds(milliseconds, width: 0)),
        "folder": \(folder.map(text) ?? "null"),
        "steps": [
      \(rows.joined(separator: ",\n"))
        ],
        "result": {
      \(keys.joined(separator: ",\n"))
        }
      }
      """
  }

  /// With one decimal.
  static func seconds(_ milliseconds: Int64, width: Int) -> String {
    let tenths = (milliseconds + 50) / 100
    let text = "\(tenths / 10).\(tenths % 10)"
    return String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private static func wrapped(_ text: String, to width: Int) -> [String] {
    var lines: [String] = []
    for paragraph in text.split(separator: "\n") {
      var line = ""
      for word in paragraph.split(separator: " ") {
        if !line.isEmpty, line.count + 1 + word.count > width {
          lines.append(line)
          line = ""
        }
        line += (line.isEmpty ? "" : " ") + word
      }
      lines.append(line)
    }
    return lines.isEmpty ? [""] : lines
  }
}
