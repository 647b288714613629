internal import Model

/// How often a node may ask in one second; who asks more often is not answered.
struct AskingPace: Sendable {
  let perSecond: Int
  private var asked: [NodeID: (second: Int64, count: Int)] = [:]

  init(perSecond: Int) { self.perSecond = perSecond }

  mutating func admits(_ node: NodeID, at now: Moment) -> Bool {
    let second = now.uptime.milliseconds / 1_000
    // Only this second's are of any use.
    if asked.count >= 64, asked[node] == nil { asked = asked.filter { $0.value.second == second } }
    let count = asked[node].flatMap { $0.second == second ? $0.count : nil } ?? 0
    guard count < perSecond else { return false }
    asked[node] = (second, count + 1)
    return true
  }
}
