import Synchronization

/// What agents told in their logs.
final class SerfLog: Sendable {
  /// The members that an agent holds alive, and since when.
  struct View: Sendable {
    var members: Set<Int> = []
    var since = ContinuousClock.now
  }
  private struct Kept {
    var running: Set<Int> = []
    var views: [Int: View] = [:]
    var copies = 0
    var lastLines: [Int: String] = [:]
  }

  let board = OverlayBoard()
  let began = ContinuousClock.now
  private let kept = Mutex(Kept())

  func isRunning(_ agent: Int) -> Bool { kept.withLock { $0.running.contains(agent) } }
  func view(of agent: Int) -> View { kept.withLock { $0.views[agent] ?? View() } }
  /// Of user events, all agents together; told at level debug only.
  var copies: Int { kept.withLock { $0.copies } }
  func lastLine(of agent: Int) -> String { kept.withLock { $0.lastLines[agent] ?? "" } }

  /// Agents are called n0, n1, ...
  func take(_ bytes: ArraySlice<UInt8>, from agent: Int) {
    let line = String(decoding: bytes, as: UTF8.self)
    if let name = Self.word(after: "serf: EventMemberJoin: ", in: line), let member = Self.number(name) {
      changed(agent) { $0.insert(member) }
      board.note(.alive(member), by: agent)
    } else if let name = Self.word(after: "serf: EventMemberFailed: ", in: line), let member = Self.number(name) {
      changed(agent) { $0.remove(member) }
      board.note(.failed(member), by: agent)
    } else if let name = Self.word(after: "serf: EventMemberLeave: ", in: line), let member = Self.number(name) {
      changed(agent) { $0.remove(member) }
    } else if let token = Self.word(after: "Received event: user-event: ", in: line) {
      board.note(.heard(token), by: agent)
    } else if line.contains("messageUserEventType") {
      kept.withLock { $0.copies += 1 }
    } else if line.contains("Serf agent running!") {
      _ = kept.withLock { $0.running.insert(agent) }
    } else if !line.isEmpty {
      kept.withLock { $0.lastLines[agent] = line }
    }
  }

  private func changed(_ agent: Int, _ change: (inout Set<Int>) -> Void) {
    kept.withLock { kept in
      var view = kept.views[agent] ?? View()
      change(&view.members)
      view.since = .now
      kept.views[agent] = view
    }
  }

  private static func number(_ name: String) -> Int? { name.hasPrefix("n") ? Int(name.dropFirst()) : nil }

  private static func word(after mark: String, in line: String) -> String? {
    guard let start = line.firstRange(of: mark)?.upperBound else { return nil }
    return line[start...].split(separator: " ", maxSplits: 1).first.map(String.init)
  }
}
